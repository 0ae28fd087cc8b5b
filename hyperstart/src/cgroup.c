#define _GNU_SOURCE
#include "cgroup.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

#define TOP "/sys/fs/cgroup"
#define POD TOP "/pod"

static bool available;

bool cgroup_available(void) { return available; }

static void enable(const char *path) {
    static const char *const controllers[] = {"+cpu", "+memory", "+pids", "+io", "+cpuset"};
    for (size_t i = 0; i < sizeof controllers / sizeof *controllers; i++) write_text(path, controllers[i]);
}

void cgroup_setup(void) {
    available = access(TOP "/cgroup.procs", F_OK) == 0;
    if (!available) {
        complain("there is no cgroup v2; containers run without limits");
        return;
    }
    enable(TOP "/cgroup.subtree_control");
    mkdir(POD, 0755);
    enable(POD "/cgroup.subtree_control");
}

void cgroup_path(const char *id, const char *file, char *to, size_t size) {
    if (!strcmp(id, ".")) snprintf(to, size, POD "/%s", file);
    else snprintf(to, size, "%s%s%s/%s", id[0] ? POD : TOP, id[0] ? "/" : "", id, file);
}

static bool set(const char *id, const char *file, const char *value, struct failure *f) {
    char path[256];
    cgroup_path(id, file, path, sizeof path);
    if (write_text(path, value) == 0) return true;
    return fail_errno(f, "cgroup", "container %s: setting %s to %s failed", id, file, value);
}

static bool access_to(const char *id, const char *file) {
    char path[256];
    cgroup_path(id, file, path, sizeof path);
    return access(path, W_OK) == 0;
}

enum { PERIOD = 100000, WEIGHT = 100 };

// What a new one has anyway need not be written.
static bool limit(const char *id, const struct resources *r, bool new, struct failure *f) {
    if (!available) return true;
    char value[64];
    uint64_t period = r->cpu_period ? r->cpu_period : PERIOD;
    if (r->cpu_quota) snprintf(value, sizeof value, "%llu %llu", (unsigned long long)r->cpu_quota, (unsigned long long)period);
    else snprintf(value, sizeof value, "max %llu", (unsigned long long)period);
    if (!(new && !r->cpu_quota && period == PERIOD) && !set(id, "cpu.max", value, f)) return false;
    // The usual mapping of shares (2 to 262,144) to weights (1 to 10,000).
    uint64_t shares = r->cpu_shares < 2 ? 1024 : r->cpu_shares > 262144 ? 262144 : r->cpu_shares;
    uint64_t weight = r->cpu_shares ? 1 + (shares - 2) * 9999 / 262142 : WEIGHT;
    snprintf(value, sizeof value, "%llu", (unsigned long long)weight);
    if (!(new && weight == WEIGHT) && !set(id, "cpu.weight", value, f)) return false;
    if (r->memory) snprintf(value, sizeof value, "%llu", (unsigned long long)r->memory);
    else strcpy(value, "max");
    if (!(new && !r->memory) && !set(id, "memory.max", value, f)) return false;
    if (r->cpus && (r->cpus[0] || (!new && access_to(id, "cpuset.cpus"))) && !set(id, "cpuset.cpus", r->cpus[0] ? r->cpus : "\n", f)) return false;
    if (r->pids) snprintf(value, sizeof value, "%llu", (unsigned long long)r->pids);
    else strcpy(value, "max");
    return (new && !r->pids) || set(id, "pids.max", value, f);
}

bool cgroup_limit(const char *id, const struct resources *r, struct failure *f) { return limit(id, r, false, f); }

bool cgroup_make(const char *id, const struct resources *r, struct failure *f) {
    if (!available) return true;
    char path[256];
    cgroup_path(id, "", path, sizeof path);
    bool new = mkdir(path, 0755) == 0;
    if (!new && errno != EEXIST) return fail_errno(f, "cgroup", "container %s: making %s failed", id, path);
    // When memory runs out, a container goes as a whole: half of one is of no use to anybody.
    cgroup_path(id, "memory.oom.group", path, sizeof path);
    write_text(path, "1");
    cgroup_path(id, "memory.swap.max", path, sizeof path);
    write_text(path, "0");
    return limit(id, r, new, f);
}

bool cgroup_change(const char *id, const struct resources *r, struct failure *f) {
    if (!available) return true;
    uint64_t used, part;
    static const char *const reclaimable[] = {"inactive_file", "active_file", "slab_reclaimable"};
    if (r->memory && cgroup_read(id, "memory.current", NULL, &used)) {
        for (size_t i = 0; i < sizeof reclaimable / sizeof *reclaimable; i++)
            if (cgroup_read(id, "memory.stat", reclaimable[i], &part)) used -= part < used ? part : used;
        // The kernel would take the limit and kill.
        if (used > r->memory)
            return fail(f, EBUSY, "cgroup", "a memory limit of %llu bytes is below the %llu that are in use", (unsigned long long)r->memory, (unsigned long long)used);
    }
    return cgroup_limit(id, r, f);
}

int cgroup_join(const char *id) {
    if (!available) return 0;
    char path[256];
    cgroup_path(id, "cgroup.procs", path, sizeof path);
    return write_text(path, "0");
}

void cgroup_kill(const char *id, int signal) {
    char path[256], text[65536];
    cgroup_path(id, "cgroup.kill", path, sizeof path);
    if (signal == SIGKILL && write_text(path, "1") == 0) return;
    cgroup_path(id, "cgroup.procs", path, sizeof path);
    if (read_text(path, text, sizeof text) <= 0) return;
    for (char *p = text, *end; (void)end, *p; p = end) {
        long pid = strtol(p, &end, 10);
        if (end == p) break;
        if (pid > 1) kill((pid_t)pid, signal);
        while (*end == '\n') end++;
    }
}

void cgroup_remove(const char *id) {
    char path[256];
    cgroup_path(id, "", path, sizeof path);
    rmdir(path);
}

bool cgroup_read(const char *id, const char *file, const char *key, uint64_t *value) {
    char path[256], text[8192];
    cgroup_path(id, file, path, sizeof path);
    if (read_text(path, text, sizeof text) <= 0) return false;
    const char *p = text;
    if (key) {
        size_t n = strlen(key);
        while (strncmp(p, key, n) || p[n] != ' ') {
            p = strchr(p, '\n');
            if (!p) return false;
            p++;
        }
        p += n + 1;
    }
    char *end;
    *value = strtoull(p, &end, 10);
    return end != p;
}
