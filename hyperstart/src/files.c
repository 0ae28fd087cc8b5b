#define _GNU_SOURCE
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "container.h"
#include "pod.h"
#include "tree.h"

struct file {
    char *path;
    uint32_t mode;
    struct bytes data;
    uint32_t uid, gid;
};

struct write_files {
    char *volume;
    struct list files;
    uint32_t layout;
};

enum { ATOMIC, PLAIN_FILES, READ_MOST = 1 << 20 };

static const struct rule file_rules[] = {
    NEED(file, 1, path, STR, 4095), ONE(file, 2, mode, U32, 0177777), ONE(file, 3, data, BYTES, 0), ONE(file, 4, uid, U32, 0), ONE(file, 5, gid, U32, 0)};
static const struct schema file_schema = SCHEMA(file, file_rules);
static const struct rule write_files_rules[] = {
    NEED(write_files, 1, volume, STR, 128), SUBS(write_files, 2, files, &file_schema, 4096), ONE(write_files, 3, layout, U32, 1)};
static const struct schema write_files_schema = SCHEMA(write_files, write_files_rules);

static bool path_is_good(const char *path) {
    if (!*path || *path == '/' || !strncmp(path, "..", 2)) return false;
    for (const char *p = path;; p++) {
        size_t n = strcspn(p, "/");
        if (n == 0 || n > 255 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.')) return false;
        p += n;
        if (!*p) return true;
    }
}

// What the type bits of a mode ask for; without any it is a regular file.
static bool kind_is_good(const struct write_files *w, const struct file *file) {
    mode_t type = file->mode & S_IFMT;
    return !type || S_ISREG(file->mode) || (w->layout == PLAIN_FILES && (type == S_IFDIR || (type == S_IFLNK && file->data.size > 0 && file->data.size < 4096)));
}

static bool put_folder(int folder, const struct file *file, struct failure *f) {
    int place = make_inside(folder, file->path, true, 0700), fd = place < 0 ? -1 : open_inside(folder, file->path, O_RDONLY | O_DIRECTORY);
    bool good = fd >= 0 && fchown(fd, file->uid, file->gid) == 0 && fchmod(fd, file->mode & 07777) == 0;
    if (!good) fail_errno(f, "write-file", "making folder %.300s failed", file->path);
    if (fd >= 0) close(fd);
    if (place >= 0) close(place);
    return good;
}

static bool put_link(int folder, const struct file *file, struct failure *f) {
    char parent[4096], target[4096];
    snprintf(parent, sizeof parent, "%s", file->path);
    char *slash = strrchr(parent, '/');
    const char *name = slash ? slash + 1 : parent;
    if (slash) *slash = 0;
    memcpy(target, file->data.data, file->data.size);
    target[file->data.size] = 0;
    int place = make_inside(folder, slash ? parent : ".", true, 0755);
    bool good = place >= 0 && (unlinkat(place, name, 0) == 0 || errno == ENOENT) && symlinkat(target, place, name) == 0
        && fchownat(place, name, file->uid, file->gid, AT_SYMLINK_NOFOLLOW) == 0;
    if (!good) fail_errno(f, "write-file", "linking %.300s failed", file->path);
    if (place >= 0) close(place);
    return good;
}

static bool put(int folder, const struct file *file, struct failure *f) {
    if (S_ISDIR(file->mode)) return put_folder(folder, file, f);
    if (S_ISLNK(file->mode)) return put_link(folder, file, f);
    int place = make_inside(folder, file->path, false, 0600);
    int fd = place < 0 ? -1 : open_inside(folder, file->path, O_WRONLY | O_TRUNC);
    bool good = fd >= 0;
    for (uint32_t at = 0; good && at < file->data.size;) {
        ssize_t n = write(fd, file->data.data + at, file->data.size - at);
        if (n <= 0) good = false;
        else at += (uint32_t)n;
    }
    if (good) good = fchown(fd, file->uid, file->gid) == 0 && fchmod(fd, file->mode ? file->mode & 07777 : 0644) == 0;
    if (!good) fail_errno(f, "write-file", "writing %.300s failed", file->path);
    if (fd >= 0) close(fd);
    if (place >= 0) close(place);
    return good;
}

static bool same_content(int folder, const struct file *file) {
    int fd = open_inside(folder, file->path, O_RDONLY | O_NONBLOCK);
    struct stat st;
    bool same = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == (off_t)file->data.size
        && (st.st_mode & 07777) == (file->mode ? file->mode & 07777 : 0644) && st.st_uid == file->uid && st.st_gid == file->gid;
    char chunk[4096];
    for (uint32_t at = 0; same && at < file->data.size;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        same = n > 0 && (size_t)n <= file->data.size - at && !memcmp(chunk, file->data.data + at, (size_t)n);
        at += (uint32_t)(n > 0 ? n : 0);
    }
    if (fd >= 0) close(fd);
    return same;
}

static uint32_t count_files(int folder, const char *path, int depth) {
    int fd = openat(folder, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    uint32_t n = 0;
    struct dirent *e;
    while (dir && (e = readdir(dir))) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
        if (e->d_type == DT_DIR && depth) n += count_files(fd, e->d_name, depth - 1);
        else n++;
    }
    if (dir) closedir(dir);
    return n;
}

static bool is_wanted(const struct write_files *w, const char *name) {
    size_t n = strlen(name);
    for (uint32_t i = 0; i < w->files.count; i++) {
        const char *path = ((struct file *)w->files.items)[i].path;
        if (!strncmp(path, name, n) && (path[n] == '/' || !path[n])) return true;
    }
    return false;
}

// The kubelet's layout: NAME -> ..data/NAME, ..data -> ..TIMESTAMP, so that a reader sees the old set or the new one, never a mixture.
static bool swap(int folder, const struct write_files *w, bool *changed, struct failure *f) {
    char old[64] = "", fresh[64];
    ssize_t n = readlinkat(folder, "..data", old, sizeof old - 1);
    old[n > 0 ? n : 0] = 0;
    if (old[0]) {
        int current = openat(folder, old, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        bool same = current >= 0 && count_files(folder, old, 64) == w->files.count;
        for (uint32_t i = 0; same && i < w->files.count; i++) same = same_content(current, (struct file *)w->files.items + i);
        if (current >= 0) close(current);
        if (same) return true;
    }
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    size_t at = strftime(fresh, sizeof fresh, "..%Y_%m_%d_%H_%M_%S", &parts);
    snprintf(fresh + at, sizeof fresh - at, ".%09ld", now.tv_nsec);
    if (mkdirat(folder, fresh, 0755) < 0) return fail_errno(f, "write-file", "making %s failed", fresh);
    int set = openat(folder, fresh, O_PATH | O_DIRECTORY | O_CLOEXEC);
    bool good = set >= 0;
    for (uint32_t i = 0; good && i < w->files.count; i++) good = put(set, (struct file *)w->files.items + i, f);
    if (set >= 0) close(set);
    unlinkat(folder, "..data_tmp", 0);
    if (good && (symlinkat(fresh, folder, "..data_tmp") < 0 || renameat(folder, "..data_tmp", folder, "..data") < 0))
        good = fail_errno(f, "write-file", "swapping ..data failed");
    if (!good) {
        remove_tree(folder, fresh);
        return false;
    }
    *changed = true;
    for (uint32_t i = 0; i < w->files.count; i++) {
        const char *path = ((struct file *)w->files.items)[i].path;
        char name[256], target[300];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(path, "/"), path);
        snprintf(target, sizeof target, "..data/%s", name);
        if (symlinkat(target, folder, name) < 0 && errno != EEXIST) return fail_errno(f, "write-file", "linking %s failed", name);
    }
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    struct dirent *e;
    while (dir && (e = readdir(dir)))
        if (strncmp(e->d_name, "..", 2) && strcmp(e->d_name, ".") && !is_wanted(w, e->d_name)) unlinkat(folder, e->d_name, 0);
    if (dir) closedir(dir);
    if (old[0] && !strncmp(old, "..", 2) && !strchr(old, '/') && old[2]) remove_tree(folder, old);
    return true;
}

static bool write_set(const struct write_files *w, bool *changed, struct failure *f) {
    for (uint32_t i = 0; i < w->files.count; i++)
        if (!path_is_good(((struct file *)w->files.items)[i].path))
            return fail(f, EINVAL, "message", "\"%.300s\" is no relative path of a file", ((struct file *)w->files.items)[i].path);
    for (uint32_t i = 0; i < w->files.count; i++)
        if (!kind_is_good(w, (struct file *)w->files.items + i))
            return fail(f, EINVAL, "message", "\"%.300s\" is neither a file nor, in the plain layout, a folder or a link", ((struct file *)w->files.items)[i].path);
    struct volume_spec v = {.name = w->volume, .kind = VOLUME_FILES};
    uint32_t kind = 0;
    if (!pod_prepare(f)) return false;
    int path = volume_open(w->volume, &kind);
    if (path < 0) {
        if (!volume_declare(&v, f)) return false;
        path = volume_open(w->volume, &kind);
    }
    if (path < 0 || kind != VOLUME_FILES) {
        if (path >= 0) close(path);
        return fail(f, EINVAL, "write-file", "volume %s is none for files", w->volume);
    }
    int folder = openat(path, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    close(path);
    mode_t old = umask(0);
    bool good = true;
    if (w->layout == ATOMIC) good = swap(folder, w, changed, f);
    else
        for (uint32_t i = 0; good && i < w->files.count; i++) {
            const struct file *file = (struct file *)w->files.items + i;
            if (!S_ISDIR(file->mode) && !S_ISLNK(file->mode) && same_content(folder, file)) continue;
            *changed = true;
            good = put(folder, file, f);
        }
    umask(old);
    close(folder);
    return good;
}

bool files_write(struct bytes message, bool *changed, struct failure *f) {
    struct write_files w;
    struct arena arena = {0};
    *changed = false;
    bool good = message_decode(&write_files_schema, message, &w, &arena, f) && write_set(&w, changed, f);
    arena_free(&arena);
    return good;
}

// ---- reading

struct read_file {
    char *container, *volume, *path;
    uint64_t limit;
    bool from_start;
};

static const struct rule read_file_rules[] = {
    ONE(read_file, 1, container, STR, 128), ONE(read_file, 2, volume, STR, 128), NEED(read_file, 3, path, STR, 4095),
    ONE(read_file, 4, limit, U64, 0), ONE(read_file, 5, from_start, BOOL, 0)};
static const struct schema read_file_schema = SCHEMA(read_file, read_file_rules);

// A running container is entered through its first process, so that all its mounts are there. Of an exited one the root is
// left, and what lay in volumes is found in them.
static int open_in_container(const struct container *c, const char *path, struct failure *f) {
    char place[256];
    if (c->state == RUNNING) {
        snprintf(place, sizeof place, "/proc/%d/root", c->pid);
    } else {
        const struct mount_spec *best = NULL;
        for (uint32_t i = 0; i < c->spec.mounts.count; i++) {
            const struct mount_spec *m = (struct mount_spec *)c->spec.mounts.items + i;
            size_t n = strlen(m->destination);
            if (m->kind == MOUNT_VOLUME && !strncmp(path, m->destination, n) && (!path[n] || path[n] == '/') && (!best || n > strlen(best->destination))) best = m;
        }
        if (best) {
            char rest[8300];
            snprintf(rest, sizeof rest, "%s%s", best->sub_path, path + strlen(best->destination));
            int volume = volume_open(best->volume, NULL);
            int fd = volume < 0 ? -1 : open_inside(volume, rest, O_RDONLY | O_NONBLOCK | O_NOCTTY);
            if (fd < 0) fail_errno(f, "read-file", "opening %.300s in volume %s failed", rest, best->volume);
            if (volume >= 0) close(volume);
            return fd;
        }
        container_root_path(c, place, sizeof place);
    }
    int root = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = root < 0 ? -1 : open_inside(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) fail_errno(f, "read-file", "opening %.300s in container %s failed", path, c->spec.id);
    if (root >= 0) close(root);
    return fd;
}

static int open_asked(const struct read_file *r, struct failure *f) {
    if (!r->container[0] == !r->volume[0]) {
        fail(f, EINVAL, "message", "either a container or a volume must be named");
        return -1;
    }
    if (r->container[0]) {
        const struct container *c = container_find(r->container);
        if (c) return open_in_container(c, r->path, f);
        fail(f, ESRCH, "read-file", "there is no container %s", r->container);
        return -1;
    }
    int volume = volume_open(r->volume, NULL);
    int fd = volume < 0 ? -1 : open_inside(volume, r->path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) fail_errno(f, "read-file", "opening %.300s in volume %s failed", r->path, r->volume);
    if (volume >= 0) close(volume);
    return fd;
}

bool files_read(struct bytes message, struct buffer *answer, struct failure *f) {
    struct read_file r;
    struct arena arena = {0};
    if (!message_decode(&read_file_schema, message, &r, &arena, f)) {
        arena_free(&arena);
        return false;
    }
    int fd = open_asked(&r, f);
    struct stat st;
    bool good = fd >= 0;
    if (good && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) good = fail(f, EINVAL, "read-file", "%.300s is no regular file", r.path);
    if (good) {
        size_t limit = r.limit && r.limit < READ_MOST ? (size_t)r.limit : READ_MOST, n = 0;
        if (!r.from_start && (uint64_t)st.st_size > limit) lseek(fd, st.st_size - (off_t)limit, SEEK_SET);
        uint8_t *data = must_alloc(limit);
        ssize_t got;
        while (n < limit && (got = read(fd, data + n, limit - n)) > 0) n += (size_t)got;
        add_bytes(answer, 1, data, n);
        add_u64(answer, 2, (uint64_t)st.st_size);
        add_u32(answer, 3, st.st_mode);
        free(data);
    }
    if (fd >= 0) close(fd);
    arena_free(&arena);
    return good;
}
