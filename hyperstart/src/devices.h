// Which devices a container may open, whatever nodes it makes: without this, mknod(2) would be a way to the pod's disks.
#pragma once
#include "message.h"

bool devices_available(void);
// Limits the container's cgroup to the ordinary devices and these (struct device). A kernel that cannot do it lets all through.
bool devices_limit(const char *id, const struct list *devices, struct failure *f);
