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
// Unmounts layers and scratch, none of which is in use any more, so that others may take their places.
bool disks_forget(struct failure *f);
// When nothing runs any more.
void disks_unmount(void);
