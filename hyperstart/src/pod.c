#define _GNU_SOURCE
#include "pod.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disks.h"
#include "log.h"
#include "network.h"
#include "tree.h"

#define ETC RUN "/etc"

enum { DEFAULT_SHM = 64 << 20 };

struct volume {
    struct volume *next;
    char name[130];
    uint32_t kind;
};

static struct volume *volumes;
static char hostname[72] = "hyper";
static bool shm_mounted;

const char *pod_hostname(void) { return hostname; }

static bool put_file(const char *path, const void *data, size_t n, struct failure *f) {
    // Written in place: containers have this very file bound into their /etc.
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, data, n) != (ssize_t)n) {
        fail_errno(f, "pod-files", "writing %s failed", path);
        if (fd >= 0) close(fd);
        return false;
    }
    close(fd);
    return true;
}

static bool put_hostname(struct failure *f) {
    sethostname(hostname, strlen(hostname));
    char text[80];
    int n = snprintf(text, sizeof text, "%s\n", hostname);
    return put_file(ETC "/hostname", text, (size_t)n, f);
}

static bool put_hosts(struct failure *f) {
    char text[8192];
    size_t n = (size_t)snprintf(text, sizeof text,
        "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n");
    n += network_hosts_lines(text + n, sizeof text - n, hostname);
    return put_file(ETC "/hosts", text, n, f);
}

static bool mount_shm(uint64_t size, struct failure *f) {
    char options[64];
    snprintf(options, sizeof options, "mode=1777,size=%llu", (unsigned long long)(size ? size : DEFAULT_SHM));
    unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | (shm_mounted ? MS_REMOUNT : 0);
    if (mount("shm", RUN "/shm", "tmpfs", flags, options) < 0) return fail_errno(f, "shm", "mounting shared memory with %s failed", options);
    shm_mounted = true;
    return true;
}

bool pod_prepare(struct failure *f) {
    static const char *const folders[] = {RUN "/l", RUN "/c", RUN "/v", RUN "/shm", ETC};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (make_folders(folders[i], 0755) < 0) return fail_errno(f, "folders", "making %s failed", folders[i]);
    if (!disk_scratch_mount(f)) return false;
    if (!shm_mounted && !mount_shm(0, f)) return false;
    if (access(ETC "/hostname", F_OK) < 0 && !put_hostname(f)) return false;
    if (access(ETC "/hosts", F_OK) < 0 && !put_hosts(f)) return false;
    if (access(ETC "/resolv.conf", F_OK) < 0 && !put_file(ETC "/resolv.conf", "", 0, f)) return false;
    return true;
}

void pod_resume(const char *name, const char *machine_id) {
    struct failure f;
    make_folders(ETC, 0755);
    if (*name) {
        snprintf(hostname, sizeof hostname, "%s", name);
        put_hostname(&f);
    }
    if (*machine_id) {
        char text[40];
        int n = snprintf(text, sizeof text, "%.32s\n", machine_id);
        put_file(ETC "/machine-id", text, (size_t)n, &f);
    }
}

static void add_line(struct buffer *b, const char *word, const struct list *values, bool one_line) {
    for (uint32_t i = 0; i < values->count; i++) {
        const char *value = ((char **)values->items)[i];
        if (i == 0 || !one_line) buffer_add(b, word, strlen(word));
        buffer_add(b, " ", 1);
        buffer_add(b, value, strcspn(value, "\n"));
        if (i + 1 == values->count || !one_line) buffer_add(b, "\n", 1);
    }
}

static bool put_resolv_conf(const struct pod_spec *pod, struct failure *f) {
    struct buffer b = {0};
    add_line(&b, "nameserver", &pod->nameservers, false);
    add_line(&b, "search", &pod->searches, true);
    add_line(&b, "options", &pod->options, true);
    bool good = put_file(ETC "/resolv.conf", b.data, b.size, f);
    buffer_free(&b);
    return good;
}

static bool set_sysctl(const struct sysctl_spec *s, struct failure *f) {
    char path[300] = "/proc/sys/";
    if (!s->name[0] || strspn(s->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/") != strlen(s->name) || strstr(s->name, ".."))
        return fail(f, EINVAL, "sysctl", "\"%.256s\" is no name of a sysctl", s->name);
    // Either a/b.c or a.b/c, as sysctl(8) has it: the first of the two signs separates.
    bool slashes = strcspn(s->name, "/") < strcspn(s->name, ".");
    size_t n = strlen(path);
    for (const char *p = s->name; *p; p++) path[n++] = slashes ? *p : *p == '.' ? '/' : *p == '/' ? '.' : *p;
    path[n] = 0;
    if (write_text(path, s->value) < 0) return fail_errno(f, "sysctl", "setting %.256s to \"%.64s\" failed", s->name, s->value);
    return true;
}

bool pod_apply(const struct pod_spec *pod, struct failure *f) {
    if (pod->hostname[0]) {
        snprintf(hostname, sizeof hostname, "%s", pod->hostname);
        if (!put_hostname(f)) return false;
    }
    if (pod->domain[0]) (void)!setdomainname(pod->domain, strlen(pod->domain));
    if (!put_resolv_conf(pod, f)) return false;
    if (pod->hosts.size ? !put_file(ETC "/hosts", pod->hosts.data, pod->hosts.size, f) : !put_hosts(f)) return false;
    for (uint32_t i = 0; i < pod->sysctls.count; i++)
        if (!set_sysctl((struct sysctl_spec *)pod->sysctls.items + i, f)) return false;
    return !pod->shm_size || mount_shm(pod->shm_size, f);
}

static struct volume *find(const char *name) {
    struct volume *v = volumes;
    while (v && strcmp(v->name, name)) v = v->next;
    return v;
}

static void path_of(const struct volume *v, char *path, size_t size) {
    snprintf(path, size, v->kind == VOLUME_SCRATCH ? RUN "/scratch/v/%s" : RUN "/v/%s", v->name);
}

bool volume_declare(const struct volume_spec *spec, struct failure *f) {
    if (!name_is_good(spec->name)) return fail(f, EINVAL, "name", "\"%.128s\" is no name for a volume", spec->name);
    if (spec->kind < 1 || spec->kind > 4) return fail(f, EINVAL, "message", "volume %s is of no kind", spec->name);
    struct volume *old = find(spec->name);
    if (old && old->kind != spec->kind) return fail(f, EEXIST, "volume", "volume %s is there already and of another kind", spec->name);
    if (old) return true;

    struct volume *v = must_alloc(sizeof *v);
    v->kind = spec->kind;
    strcpy(v->name, spec->name);
    char path[256], options[128];
    path_of(v, path, sizeof path);
    mode_t mode = spec->mode ? spec->mode : v->kind == VOLUME_FILES ? 0755 : 0777;
    bool good = make_folders(path, 0755) == 0 || fail_errno(f, "volume", "volume %s: making %s failed", v->name, path);
    if (good && v->kind == VOLUME_DISK) good = disk_volume_mount(v->name, path, f);
    if (good && (v->kind == VOLUME_MEMORY || v->kind == VOLUME_FILES)) {
        int n = snprintf(options, sizeof options, "mode=0755");
        if (spec->size) snprintf(options + n, sizeof options - (size_t)n, ",size=%llu", (unsigned long long)spec->size);
        if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0) good = fail_errno(f, "volume", "volume %s: mounting a tmpfs with %s failed", v->name, options);
    }
    if (good && v->kind == VOLUME_SCRATCH && spec->size && disk_scratch_present()) good = disk_scratch_limit(path, spec->size, f);
    if (good && v->kind == VOLUME_DISK && spec->gid) good = disk_volume_group(path, spec->gid, spec->keep_group, f);
    // The owner and mode of a disk's root are on the disk.
    if (good && v->kind != VOLUME_DISK && (chown(path, spec->uid, spec->gid) < 0 || chmod(path, mode) < 0)) good = fail_errno(f, "volume", "volume %s: setting its owner and mode failed", v->name);
    if (!good) {
        free(v);
        return false;
    }
    v->next = volumes;
    volumes = v;
    return true;
}

bool volume_grow(const char *name, uint64_t bytes, struct failure *f) {
    struct volume *v = find(name);
    if (!v) return fail(f, ENOENT, "grow", "there is no volume \"%.128s\"", name);
    if (v->kind != VOLUME_DISK) return fail(f, EINVAL, "grow", "volume %s has no disk of its own", name);
    char path[256];
    path_of(v, path, sizeof path);
    return disk_volume_grow(name, path, bytes, f);
}

int volume_open(const char *name, uint32_t *kind) {
    struct volume *v = find(name);
    if (!v) {
        errno = ENOENT;
        return -1;
    }
    char path[256];
    path_of(v, path, sizeof path);
    if (kind) *kind = v->kind;
    return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

void volumes_list(struct buffer *b, uint16_t tag) {
    for (struct volume *v = volumes; v; v = v->next) {
        size_t mark = add_begin(b, tag);
        add_text(b, 1, v->name);
        add_u32(b, 2, v->kind);
        add_end(b, mark);
    }
}

bool pod_forget(struct failure *f) {
    static const char *const written[] = {ETC "/hostname", ETC "/hosts", ETC "/resolv.conf", ETC "/machine-id"};
    if (volumes) return fail(f, EBUSY, "forget", "there is a volume, %s", volumes->name);
    for (size_t i = 0; i < sizeof written / sizeof *written; i++)
        if (unlink(written[i]) < 0 && errno != ENOENT) return fail_errno(f, "forget", "removing %s failed", written[i]);
    strcpy(hostname, "hyper");
    sethostname(hostname, strlen(hostname));
    return true;
}
