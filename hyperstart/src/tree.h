// Paths below a folder that never lead out of it, whatever symbolic links an image holds.
#pragma once
#include <stdbool.h>
#include <sys/types.h>

#define RUN "/run/hyper"

// openat2 with RESOLVE_IN_ROOT.
int open_inside(int root, const char *path, int flags);
// An O_PATH descriptor of the path; what is missing is made: folders, and at the end a folder or an empty file.
int make_inside(int root, const char *path, bool folder, mode_t mode);
int make_folders(const char *path, mode_t mode);
// mount(2) onto an open descriptor.
int mount_on(const char *source, int target, const char *type, unsigned long flags, const char *data);
// Binds what one descriptor names onto another; read-only when asked.
int bind_on(int source, int target, unsigned long flags);
// Removes a folder with all it holds, never following links or crossing into other mounts.
void remove_tree(int parent, const char *name);
