// The pod's two disks: layers (read-only, appended to by the host) and scratch.
#pragma once
#include "spec.h"

bool disk_scratch_mount(struct failure *f);
bool disk_scratch_present(void);
// Mounts a layer (once for equal extents) and gives its number: it lies at RUN "/l/NUMBER".
bool disk_layer_mount(const struct layer *layer, unsigned *number, struct failure *f);
void disk_scratch_unmount(void);
