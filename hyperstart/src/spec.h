// PLAN as structs; the fields are described in PROTOCOL.md.
#pragma once
#include "message.h"

struct layer {
    uint64_t offset, length;
    char *type;
};

struct limit {
    uint32_t resource;
    uint64_t soft, hard;
};

enum { MOUNT_TMPFS = 1, MOUNT_VOLUME = 2, MOUNT_IMAGE = 3 };

struct mount_spec {
    char *destination;
    uint32_t kind;
    char *volume, *sub_path;
    bool read_only;
    uint64_t size;
    uint32_t mode;
    bool no_exec;
    struct list layers;  // struct layer, of an image
    bool seed;
};

struct resources {
    uint64_t cpu_quota, cpu_period, cpu_shares, memory, pids;
    char *cpus;
};

// A device of the guest's kernel that a container is given. Mode and number are looked up when it is prepared.
struct device {
    char *path, *source;
    uint32_t mode;
    uint64_t number;
};

struct container_spec {
    char *id;
    struct list layers;       // struct layer
    struct list arguments;    // char *
    struct list environment;  // char *
    char *directory, *user;
    struct list groups;  // uint32_t
    uint64_t capabilities, ambient;
    bool no_new_privileges;
    struct list limits;  // struct limit
    bool read_only_root;
    struct list masked, read_only;  // char *
    struct list mounts;             // struct mount_spec
    bool tty, standard_input, input_once;
    struct resources resources;
    int64_t oom_score_adj;
    struct bytes seccomp;
    bool privileged, shared_pid;
    char *pid_of;
    uint32_t rows, columns;
    bool start, strict_groups;
    struct list devices;  // struct device
};

enum { VOLUME_SCRATCH = 1, VOLUME_MEMORY, VOLUME_FILES, VOLUME_DISK };

struct volume_spec {
    char *name;
    uint32_t kind;
    uint64_t size;
    uint32_t mode, uid, gid;
    bool keep_group;
};

struct sysctl_spec {
    char *name, *value;
};

struct pod_spec {
    char *hostname;
    struct list nameservers, searches, options;  // char *
    struct bytes hosts;
    struct list sysctls;  // struct sysctl_spec
    uint64_t shm_size;
    char *domain;
};

struct plan {
    struct bytes pod;
    struct list volumes;     // struct volume_spec
    struct list containers;  // struct bytes, each a container_spec
};

struct exec_spec {
    char *container;
    uint32_t exec;
    struct list arguments, environment;
    char *directory, *user;
    bool tty, standard_input;
    uint32_t output, errors, rows, columns;
    bool privileged;
    // COPY, which is an exec of hyperstart's own: `directory` is the path, `user` the first entry's name.
    uint32_t copy;
    bool keep_kinds, fixed_owner;
    uint32_t uid, gid;
};

extern const struct schema plan_schema, pod_schema, container_schema, resources_schema, exec_schema, copy_schema;

bool name_is_good(const char *name);
// Checks what tables cannot; the container's id is in the message of a failure.
bool container_spec_check(const struct container_spec *c, struct failure *f);
