#include "spec.h"

#include <errno.h>
#include <string.h>

enum { PATH_MOST = 4095, ARGUMENT_MOST = 131071, ARGUMENTS_MOST = 4096, ARGUMENTS_BYTES = 2 << 20 };

static const struct rule layer_rules[] = {NEED(layer, 1, offset, U64, 0), NEED(layer, 2, length, U64, 0), ONE(layer, 3, type, STR, 16)};
static const struct schema layer_schema = SCHEMA(layer, layer_rules);

static const struct rule limit_rules[] = {NEED(limit, 1, resource, U32, 15), NEED(limit, 2, soft, U64, 0), NEED(limit, 3, hard, U64, 0)};
static const struct schema limit_schema = SCHEMA(limit, limit_rules);

static const struct rule mount_spec_rules[] = {
    NEED(mount_spec, 1, destination, STR, PATH_MOST), NEED(mount_spec, 2, kind, U32, 3), ONE(mount_spec, 3, volume, STR, 128),
    ONE(mount_spec, 4, sub_path, STR, PATH_MOST), ONE(mount_spec, 5, read_only, BOOL, 0), ONE(mount_spec, 6, size, U64, 0),
    ONE(mount_spec, 7, mode, U32, 07777), ONE(mount_spec, 8, no_exec, BOOL, 0),
    SUBS(mount_spec, 9, layers, &layer_schema, 128), ONE(mount_spec, 10, seed, BOOL, 0)};
static const struct schema mount_schema = SCHEMA(mount_spec, mount_spec_rules);

static const struct rule resources_rules[] = {
    ONE(resources, 1, cpu_quota, U64, 0), ONE(resources, 2, cpu_period, U64, 0), ONE(resources, 3, cpu_shares, U64, 0),
    ONE(resources, 4, memory, U64, 0), ONE(resources, 5, pids, U64, 0), ONE(resources, 6, cpus, STR, 255)};
const struct schema resources_schema = SCHEMA(resources, resources_rules);

static const struct rule device_rules[] = {NEED(device, 1, path, STR, PATH_MOST), NEED(device, 2, source, STR, 255)};
static const struct schema device_schema = SCHEMA(device, device_rules);

static const struct rule container_spec_rules[] = {
    NEED(container_spec, 1, id, STR, 128), {.tag = 2, .kind = MSG, .required = true, .offset = offsetof(struct container_spec, layers), .sub = &layer_schema, .repeat = 128, .name = "layers"},
    {.tag = 3, .kind = STR, .required = true, .offset = offsetof(struct container_spec, arguments), .repeat = ARGUMENTS_MOST, .most = ARGUMENT_MOST, .name = "arguments"},
    MANY(container_spec, 4, environment, STR, ARGUMENT_MOST, ARGUMENTS_MOST), ONE(container_spec, 5, directory, STR, PATH_MOST),
    ONE(container_spec, 6, user, STR, 0), MANY(container_spec, 7, groups, U32, 0, 64), ONE(container_spec, 8, capabilities, U64, 0),
    ONE(container_spec, 9, ambient, U64, 0), ONE(container_spec, 10, no_new_privileges, BOOL, 0), SUBS(container_spec, 11, limits, &limit_schema, 16),
    ONE(container_spec, 12, read_only_root, BOOL, 0), MANY(container_spec, 13, masked, STR, PATH_MOST, 256), MANY(container_spec, 14, read_only, STR, PATH_MOST, 256),
    SUBS(container_spec, 15, mounts, &mount_schema, 256), ONE(container_spec, 16, tty, BOOL, 0), ONE(container_spec, 17, standard_input, BOOL, 0),
    ONE(container_spec, 18, input_once, BOOL, 0), SUB(container_spec, 19, resources, &resources_schema), ONE(container_spec, 20, oom_score_adj, I64, 0),
    ONE(container_spec, 21, seccomp, BYTES, 4096 * 8), ONE(container_spec, 22, privileged, BOOL, 0), ONE(container_spec, 23, shared_pid, BOOL, 0),
    ONE(container_spec, 24, pid_of, STR, 128), ONE(container_spec, 25, rows, U32, 65535), ONE(container_spec, 26, columns, U32, 65535),
    ONE(container_spec, 27, start, BOOL, 0), ONE(container_spec, 28, strict_groups, BOOL, 0), SUBS(container_spec, 29, devices, &device_schema, 64)};
const struct schema container_schema = SCHEMA(container_spec, container_spec_rules);

static const struct rule volume_spec_rules[] = {
    NEED(volume_spec, 1, name, STR, 128), NEED(volume_spec, 2, kind, U32, 4), ONE(volume_spec, 3, size, U64, 0),
    ONE(volume_spec, 4, mode, U32, 07777), ONE(volume_spec, 5, uid, U32, 0), ONE(volume_spec, 6, gid, U32, 0),
    ONE(volume_spec, 7, keep_group, BOOL, 0)};
static const struct schema volume_schema = SCHEMA(volume_spec, volume_spec_rules);

static const struct rule sysctl_spec_rules[] = {NEED(sysctl_spec, 1, name, STR, 256), NEED(sysctl_spec, 2, value, STR, 4096)};
static const struct schema sysctl_schema = SCHEMA(sysctl_spec, sysctl_spec_rules);

static const struct rule pod_spec_rules[] = {
    ONE(pod_spec, 1, hostname, STR, 64), MANY(pod_spec, 2, nameservers, STR, 64, 16), MANY(pod_spec, 3, searches, STR, 256, 32),
    MANY(pod_spec, 4, options, STR, 256, 32), ONE(pod_spec, 5, hosts, BYTES, 256 << 10), SUBS(pod_spec, 6, sysctls, &sysctl_schema, 128),
    ONE(pod_spec, 7, shm_size, U64, 0), ONE(pod_spec, 8, domain, STR, 256)};
const struct schema pod_schema = SCHEMA(pod_spec, pod_spec_rules);

static const struct rule plan_rules[] = {
    ONE(plan, 1, pod, BYTES, 0), SUBS(plan, 2, volumes, &volume_schema, 256), MANY(plan, 3, containers, BYTES, 0, 64)};
const struct schema plan_schema = SCHEMA(plan, plan_rules);

static const struct rule exec_spec_rules[] = {
    NEED(exec_spec, 1, container, STR, 128), NEED(exec_spec, 2, exec, U32, 0),
    {.tag = 3, .kind = STR, .required = true, .offset = offsetof(struct exec_spec, arguments), .repeat = ARGUMENTS_MOST, .most = ARGUMENT_MOST, .name = "arguments"},
    MANY(exec_spec, 4, environment, STR, ARGUMENT_MOST, ARGUMENTS_MOST), ONE(exec_spec, 5, directory, STR, PATH_MOST), ONE(exec_spec, 6, user, STR, 0),
    ONE(exec_spec, 7, tty, BOOL, 0), ONE(exec_spec, 8, standard_input, BOOL, 0), NEED(exec_spec, 9, output, U32, 0), ONE(exec_spec, 10, errors, U32, 0),
    ONE(exec_spec, 11, rows, U32, 65535), ONE(exec_spec, 12, columns, U32, 65535), ONE(exec_spec, 13, privileged, BOOL, 0)};
const struct schema exec_schema = SCHEMA(exec_spec, exec_spec_rules);

static const struct rule copy_rules[] = {
    NEED(exec_spec, 1, container, STR, 128), NEED(exec_spec, 2, exec, U32, 0), NEED(exec_spec, 3, copy, U32, 6), NEED(exec_spec, 4, directory, STR, PATH_MOST),
    ONE(exec_spec, 5, user, STR, 255), ONE(exec_spec, 6, keep_kinds, BOOL, 0), ONE(exec_spec, 7, fixed_owner, BOOL, 0), ONE(exec_spec, 8, uid, U32, 0),
    NEED(exec_spec, 9, output, U32, 0), NEED(exec_spec, 10, errors, U32, 0), ONE(exec_spec, 11, gid, U32, 0)};
const struct schema copy_schema = SCHEMA(exec_spec, copy_rules);

bool name_is_good(const char *name) {
    size_t n = strlen(name);
    return n >= 1 && n <= 128 && name[0] != '.'
        && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

static size_t bytes_of(const struct list *texts) {
    size_t sum = 0;
    for (uint32_t i = 0; i < texts->count; i++) sum += strlen(((char **)texts->items)[i]) + 1;
    return sum;
}

static bool all_absolute(const struct list *paths) {
    for (uint32_t i = 0; i < paths->count; i++)
        if (((char **)paths->items)[i][0] != '/') return false;
    return true;
}

static bool layers_check(const struct container_spec *c, const struct list *layers, struct failure *f) {
    for (uint32_t i = 0; i < layers->count; i++) {
        const struct layer *l = (struct layer *)layers->items + i;
        if (l->offset % 512 || l->length % 512 || l->length == 0 || l->offset + l->length < l->offset)
            return fail(f, EINVAL, "message", "container %s: layer %u lies at no multiple of 512", c->id, i);
        if (l->type[0] && strcmp(l->type, "squashfs") && strcmp(l->type, "erofs"))
            return fail(f, EINVAL, "message", "container %s: layer %u is of unknown type %.16s", c->id, i, l->type);
    }
    return true;
}

bool container_spec_check(const struct container_spec *c, struct failure *f) {
    if (!name_is_good(c->id)) return fail(f, EINVAL, "name", "\"%.128s\" is no name for a container", c->id);
    if (bytes_of(&c->arguments) > ARGUMENTS_BYTES || bytes_of(&c->environment) > ARGUMENTS_BYTES)
        return fail(f, E2BIG, "message", "container %s: arguments or environment are longer than 2 MiB", c->id);
    if ((c->directory[0] && c->directory[0] != '/') || !all_absolute(&c->masked) || !all_absolute(&c->read_only))
        return fail(f, EINVAL, "message", "container %s: working directory, masked and read-only paths must be absolute", c->id);
    if (c->oom_score_adj < -1000 || c->oom_score_adj > 1000) return fail(f, EINVAL, "message", "container %s: oomScoreAdj is not within -1000 and 1000", c->id);
    if (c->seccomp.size % 8) return fail(f, EINVAL, "message", "container %s: the seccomp program is no whole number of instructions", c->id);
    if (c->ambient & ~c->capabilities && !c->privileged) return fail(f, EINVAL, "message", "container %s: ambient capabilities exceed the others", c->id);
    if (!layers_check(c, &c->layers, f)) return false;
    for (uint32_t i = 0; i < c->devices.count; i++) {
        const struct device *d = (struct device *)c->devices.items + i;
        if (d->path[0] != '/' || strncmp(d->source, "/dev/", 5) || strstr(d->source, "/.."))
            return fail(f, EINVAL, "message", "container %s: device %.200s: its path must be absolute and its source below /dev", c->id, d->path);
    }
    for (uint32_t i = 0; i < c->mounts.count; i++) {
        const struct mount_spec *m = (struct mount_spec *)c->mounts.items + i;
        if (m->destination[0] != '/') return fail(f, EINVAL, "message", "container %s: mount destination %.200s is not absolute", c->id, m->destination);
        if (m->kind < 1) return fail(f, EINVAL, "message", "container %s: mount %.200s is of no kind", c->id, m->destination);
        if (m->kind == MOUNT_IMAGE && !m->layers.count) return fail(f, EINVAL, "message", "container %s: the image at %.200s has no layers", c->id, m->destination);
        if (m->seed && (m->kind != MOUNT_VOLUME || !name_is_good(m->sub_path)))
            return fail(f, EINVAL, "message", "container %s: mount %.200s: only one folder of a volume can be filled from the image", c->id, m->destination);
        if (!layers_check(c, &m->layers, f)) return false;
    }
    return true;
}
