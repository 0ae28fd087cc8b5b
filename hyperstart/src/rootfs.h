// A container's file system: overlay in pid 1's own namespace, everything mounted into it in the container's.
#pragma once
#include "container.h"

bool rootfs_mount(const struct container *c, struct failure *f);  // layers and overlay, by pid 1
void rootfs_unmount(const struct container *c);
bool rootfs_enter(const struct container *c, struct failure *f);  // by the child, in a mount namespace of its own
bool rootfs_seal(const struct container *c, struct failure *f);   // masked and read-only paths, read-only root; by the child, inside
// Descriptors of what the container wrote (an overlay's writable folder) and of its image alone; -1 with the failure filled. The second is
// for a child in a mount namespace of its own.
int rootfs_written(const struct container *c, struct failure *f);
int rootfs_image(const struct container *c, struct failure *f);
void rootfs_bind_console(const char *terminal);
