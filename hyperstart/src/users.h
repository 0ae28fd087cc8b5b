// Users and groups of an image, read from its own /etc/passwd and /etc/group: call it inside the container's root.
#pragma once
#include "message.h"

enum { MAX_GROUPS = 256 };

struct identity {
    uint32_t uid, gid, count;
    uint32_t groups[MAX_GROUPS];
    char home[1024];
};

// strict: no groups but the user's own and the extra ones.
bool identity_resolve(const char *user, const struct list *extra_groups, bool strict, struct identity *who, struct failure *f);
