// Archives in the pax format of POSIX.1-2001 (and what GNU tar writes of long names), for COPY. Both run in a forked child whose root
// is the container's: whatever an archive or an image holds, nothing outside of it can be reached.
#pragma once
#include <sys/stat.h>

#include "message.h"

enum { TAR_BLOCK = 512 };

struct tar_owner {
    bool fixed;  // everything written belongs to these
    uint32_t uid, gid;
};

// What of a tree an archive holds.
enum tar_scope {
    TAR_ALL,
    TAR_ONE_MOUNT,  // of what is mounted in it, empty folders and files
    TAR_LAYER,      // of the writable folder of an overlay: removals and hidden folders become `.wh.` files, as in an image
};

// Writes what is at `path` (a link itself, not what it leads to) with `name` as the name of the first entry.
bool tar_write(int root, const char *path, const char *name, int out, enum tar_scope scope, struct failure *f);
// Whether this is how an overlay remembers a removal, and a folder that hides what lies below it.
bool overlay_is_removal(const struct stat *st);
bool overlay_is_opaque(int folder);
// What hyperstart itself puts into a container's root: places for mounts, never an image's or a program's. `path` begins with a slash.
bool overlay_is_ours(const char *path);
// Puts the archive's entries below the folder `path`. keep_kinds: a folder never replaces something else, nor something else a folder.
bool tar_read(int root, const char *path, int in, bool keep_kinds, struct tar_owner owner, struct failure *f);
