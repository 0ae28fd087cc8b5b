#define _GNU_SOURCE
#include "stats.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cgroup.h"
#include "container.h"
#include "log.h"
#include "tree.h"

struct ask {
    char *container;
};

static const struct rule ask_rules[] = {ONE(ask, 1, container, STR, 128)};
static const struct schema ask_schema = SCHEMA(ask, ask_rules);

enum { WALK_MOST = 20000 };

static void add_if(struct buffer *b, uint16_t tag, const char *id, const char *file, const char *key) {
    uint64_t value;
    if (cgroup_read(id, file, key, &value)) add_u64(b, tag, value);
}

// `254:16 rbytes=4096 wbytes=0 rios=1 …`, a line a disk; the sums over all of them.
static void add_disk(struct buffer *b, const char *id) {
    static const char *const keys[] = {" rbytes=", " wbytes=", " rios=", " wios="};
    char path[256], text[4096];
    cgroup_path(id, "io.stat", path, sizeof path);
    if (read_text(path, text, sizeof text) < 0) return;
    for (uint16_t i = 0; i < 4; i++) {
        uint64_t sum = 0;
        for (const char *p = text; (p = strstr(p, keys[i])); ) sum += strtoull(p += strlen(keys[i]), NULL, 10);
        add_u64(b, (uint16_t)(16 + i), sum);
    }
}

static void add_common(struct buffer *b, const char *id) {
    uint64_t micros, used, inactive;
    if (cgroup_read(id, "cpu.stat", "usage_usec", &micros)) add_u64(b, 2, micros * 1000);
    if (cgroup_read(id, "memory.current", NULL, &used)) {
        add_u64(b, 3, used);
        if (cgroup_read(id, "memory.stat", "inactive_file", &inactive)) add_u64(b, 4, used > inactive ? used - inactive : 0);
    }
    add_if(b, 5, id, "memory.stat", "anon");
    add_if(b, 6, id, "memory.stat", "pgfault");
    add_if(b, 7, id, "memory.stat", "pgmajfault");
    if (cgroup_read(id, "pids.current", NULL, &used)) add_u32(b, 8, (uint32_t)used);
    add_if(b, 12, id, "memory.events", "oom_kill");
    add_disk(b, id);
    add_if(b, 20, id, "cpu.stat", "nr_periods");
    add_if(b, 21, id, "cpu.stat", "nr_throttled");
    if (cgroup_read(id, "cpu.stat", "throttled_usec", &micros)) add_u64(b, 22, micros * 1000);
}

// False when there is too much to count in passing.
static bool walk(int folder, const char *name, uint64_t *bytes, uint64_t *inodes, int depth) {
    int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *e;
    bool all = dir != NULL;
    while (all && (e = readdir(dir))) {
        struct stat st;
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) continue;
        *bytes += (uint64_t)st.st_blocks * 512;
        all = ++*inodes < WALK_MOST && (!S_ISDIR(st.st_mode) || (depth && walk(fd, e->d_name, bytes, inodes, depth - 1)));
    }
    if (dir) closedir(dir);
    return all;
}

// What the processes of a container hold open; no more than so many are looked at.
static void count_open(const char *pid, uint32_t *descriptors, uint32_t *sockets) {
    char path[64], target[64];
    snprintf(path, sizeof path, "/proc/%.16s/fd", pid);
    DIR *dir = opendir(path);
    struct dirent *e;
    while (dir && *descriptors < WALK_MOST && (e = readdir(dir))) {
        if (e->d_name[0] == '.') continue;
        ++*descriptors;
        ssize_t n = readlinkat(dirfd(dir), e->d_name, target, sizeof target - 1);
        target[n > 0 ? n : 0] = 0;
        *sockets += !strncmp(target, "socket:", 7);
    }
    if (dir) closedir(dir);
}

static void add_details(struct buffer *b, const char *id) {
    static const struct { uint16_t tag; const char *file, *key; } values[] = {
        {3, "memory.stat", "file"}, {4, "memory.stat", "file_mapped"}, {5, "memory.stat", "kernel"}, {6, "memory.peak", NULL},
        {7, "memory.swap.current", NULL}, {8, "memory.events", "max"}};
    size_t mark = add_begin(b, 23);
    uint64_t micros;
    if (cgroup_read(id, "cpu.stat", "user_usec", &micros)) add_u64(b, 1, micros * 1000);
    if (cgroup_read(id, "cpu.stat", "system_usec", &micros)) add_u64(b, 2, micros * 1000);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) add_if(b, values[i].tag, id, values[i].file, values[i].key);
    char path[256], text[16384];
    uint32_t processes = 0, descriptors = 0, sockets = 0;
    cgroup_path(id, "cgroup.procs", path, sizeof path);
    if (read_text(path, text, sizeof text) > 0)
        for (char *rest = text, *pid; (pid = strsep(&rest, "\n"));)
            if (*pid) {
                processes++;
                count_open(pid, &descriptors, &sockets);
            }
    add_u32(b, 9, processes);
    add_u32(b, 10, descriptors);
    add_u32(b, 11, sockets);
    add_end(b, mark);
}

static void add_container(struct buffer *b, const struct container *c) {
    size_t mark = add_begin(b, 3);
    add_text(b, 1, c->spec.id);
    add_common(b, c->spec.id);
    add_details(b, c->spec.id);
    char path[256];
    uint64_t bytes = 0, inodes = 0;
    snprintf(path, sizeof path, RUN "/scratch/c/%s/upper", c->spec.id);
    if (walk(AT_FDCWD, path, &bytes, &inodes, 100)) {
        add_u64(b, 9, bytes);
        add_u64(b, 10, inodes);
    }
    add_end(b, mark);
}

static uint64_t meminfo(const char *key) {
    char text[4096];
    read_text("/proc/meminfo", text, sizeof text);
    const char *p = strstr(text, key);
    return p ? strtoull(p + strlen(key), NULL, 10) * 1024 : 0;
}

static void add_interfaces(struct buffer *b) {
    static const char *const counters[] = {"rx_bytes", "rx_errors", "tx_bytes", "tx_errors", "rx_packets", "rx_dropped", "tx_packets", "tx_dropped"};
    DIR *dir = opendir("/sys/class/net");
    struct dirent *e;
    while (dir && (e = readdir(dir))) {
        if (e->d_name[0] == '.' || !strcmp(e->d_name, "lo")) continue;
        size_t mark = add_begin(b, 13);
        add_text(b, 1, e->d_name);
        for (uint16_t i = 0; i < sizeof counters / sizeof *counters; i++) {
            char path[320], value[32];
            snprintf(path, sizeof path, "/sys/class/net/%s/statistics/%s", e->d_name, counters[i]);
            read_text(path, value, sizeof value);
            add_u64(b, (uint16_t)(2 + i), strtoull(value, NULL, 10));
        }
        add_end(b, mark);
    }
    if (dir) closedir(dir);
}

static void add_pod(struct buffer *b) {
    size_t mark = add_begin(b, 2);
    // The root cgroup has no memory.current: the machine's own figures say the same, kernel included.
    uint64_t micros, total = meminfo("MemTotal:"), available = meminfo("MemAvailable:"), value;
    if (cgroup_read("", "cpu.stat", "usage_usec", &micros)) add_u64(b, 2, micros * 1000);
    add_u64(b, 3, total - meminfo("MemFree:"));
    add_u64(b, 4, total - available);
    add_u64(b, 5, meminfo("AnonPages:"));
    if (cgroup_read("", "memory.stat", "pgfault", &value)) add_u64(b, 6, value);
    if (cgroup_read("", "memory.stat", "pgmajfault", &value)) add_u64(b, 7, value);
    char path[64] = "/sys/fs/cgroup/pod/pids.current", text[32];
    if (read_text(path, text, sizeof text) > 0) add_u32(b, 8, (uint32_t)strtoul(text, NULL, 10));
    struct statvfs fs;
    if (statvfs(RUN "/scratch", &fs) == 0) {
        add_u64(b, 9, (uint64_t)(fs.f_blocks - fs.f_bfree) * fs.f_frsize);
        add_u64(b, 10, fs.f_files - fs.f_ffree);
        add_u64(b, 14, (uint64_t)fs.f_blocks * fs.f_frsize);
        add_u64(b, 15, (uint64_t)fs.f_bavail * fs.f_frsize);
    }
    add_u64(b, 11, available);
    add_interfaces(b);
    add_end(b, mark);
}

bool stats(struct bytes message, struct buffer *answer, struct failure *f) {
    struct ask ask;
    struct arena arena = {0};
    bool good = message_decode(&ask_schema, message, &ask, &arena, f);
    if (good && ask.container[0] && !container_find(ask.container)) good = fail(f, ESRCH, "stats", "there is no container %s", ask.container);
    if (good) {
        add_u64(answer, 1, wall_nanos());
        add_pod(answer);
        for (struct container *c = containers; c; c = c->next)
            if (!ask.container[0] || !strcmp(ask.container, c->spec.id)) add_container(answer, c);
    }
    arena_free(&arena);
    return good;
}
