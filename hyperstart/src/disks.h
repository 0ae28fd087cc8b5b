// The pod's disks: layers (read-only, appended to by the host), scratch, and those of volumes.
#pragma once
#include "spec.h"

bool disk_scratch_mount(struct failure *f);
bool disk_scratch_present(void);
// Lets a folder on the scratch disk, and all that will be in it, hold no more than so much.
bool disk_scratch_limit(const char *path, uint64_t bytes, struct failure *f);
// Mounts a layer (once for equal extents) and gives its number: it lies at RUN "/l/NUMBER".
bool disk_layer_mount(const struct layer *layer, unsigned *number, struct failure *f);
// Mounts the file system on the disk of that serial, for reading only when the disk is so, and grows it to the disk's size.
bool disk_volume_mount(const char *serial, const char *path, struct failure *f);
// Makes the file system that is mounted there as large as its disk, of which the kernel may still have to learn that it holds so many bytes now.
bool disk_volume_grow(const char *serial, const char *path, uint64_t bytes, struct failure *f);
// Gives all that is on a mounted disk to a group, which may then read and write it; nothing happens to a disk that can only be read. With `keep`
// nothing happens when the root has it already.
bool disk_volume_group(const char *path, uint32_t group, bool keep, struct failure *f);
// Unmounts layers and scratch, none of which is in use any more, so that others may take their places.
bool disks_forget(struct failure *f);
// When nothing runs any more.
void disks_unmount(void);
