// Archives in the pax format of POSIX.1-2001 (and what GNU tar writes of long names), for COPY. Both run in a forked child whose root
// is the container's: whatever an archive or an image holds, nothing outside of it can be reached.
#pragma once
#include "message.h"

enum { TAR_BLOCK = 512 };

struct tar_owner {
    bool fixed;  // everything written belongs to these
    uint32_t uid, gid;
};

// Writes what is at `path` (a link itself, not what it leads to) with `name` as the name of the first entry.
bool tar_write(int root, const char *path, const char *name, int out, struct failure *f);
// Puts the archive's entries below the folder `path`. keep_kinds: a folder never replaces something else, nor something else a folder.
bool tar_read(int root, const char *path, int in, bool keep_kinds, struct tar_owner owner, struct failure *f);
