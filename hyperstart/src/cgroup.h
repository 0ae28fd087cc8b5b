// One cgroup (version 2) a container.
#pragma once
#include "spec.h"

bool cgroup_available(void);
void cgroup_setup(void);
bool cgroup_make(const char *id, const struct resources *r, struct failure *f);
bool cgroup_limit(const char *id, const struct resources *r, struct failure *f);
int cgroup_join(const char *id);  // for the calling process; 0 or -1
void cgroup_kill(const char *id, int signal);
void cgroup_remove(const char *id);
// Value of a key in a flat keyed file (`memory.stat`), or of a file with one number (key NULL). False when it is not there.
bool cgroup_read(const char *id, const char *file, const char *key, uint64_t *value);
// Changes the limits of what may run; refused when it uses more memory than that already. id ".": the pod as a whole.
bool cgroup_change(const char *id, const struct resources *r, struct failure *f);
void cgroup_path(const char *id, const char *file, char *to, size_t size);
