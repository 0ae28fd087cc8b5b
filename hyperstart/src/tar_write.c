#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tar.h"
#include "tree.h"

enum { LINKS_MOST = 65536, DEPTH_MOST = 200, NAME_FIELD = 100 };

static const uint64_t OCTAL_MOST = 077777777777;
static const uint32_t ID_MOST = 07777777;

struct link {
    dev_t device;
    ino_t inode;
    char *name;
};

struct writer {
    int out;
    struct failure *failure;
    struct link *links;
    uint32_t count;
    enum tar_scope scope;
    uint64_t mount;
};

bool overlay_is_removal(const struct stat *st) { return S_ISCHR(st->st_mode) && st->st_rdev == 0; }

bool overlay_is_opaque(int folder) {
    char value;
    return fgetxattr(folder, "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';
}

bool overlay_is_ours(const char *path) {
    static const char *const places[] = {"/proc", "/sys", "/dev", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/etc/machine-id"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (!strcmp(path, places[i])) return true;
    return false;
}

// Of the mount to which a file belongs; 0 when the kernel does not say.
static uint64_t mount_of(int parent, const char *file) {
    struct statx_mount {
        uint32_t mask, words[35];
        uint64_t mount, rest[13];
    } sx = {0};
    enum { MOUNT_ID = 0x1000 };
    return syscall(SYS_statx, parent, file, AT_SYMLINK_NOFOLLOW, MOUNT_ID, &sx) == 0 && sx.mask & MOUNT_ID ? sx.mount : 0;
}

static bool put(struct writer *w, const void *data, size_t n) {
    for (size_t done = 0; done < n;) {
        ssize_t written = write(w->out, (const uint8_t *)data + done, n - done);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return fail_errno(w->failure, "copy", "writing the archive failed");
        done += (size_t)written;
    }
    return true;
}

static bool pad(struct writer *w, uint64_t size) {
    static const uint8_t zeros[TAR_BLOCK];
    return put(w, zeros, (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
}

static void octal(char *field, size_t size, uint64_t value) {
    for (field[--size] = 0; size > 0; value >>= 3) field[--size] = (char)('0' + (value & 7));
}

static bool header(struct writer *w, const char *name, char type, const char *target, const struct stat *st, uint64_t size) {
    char h[TAR_BLOCK] = {0};
    strncpy(h, name, NAME_FIELD);
    octal(h + 100, 8, st->st_mode & 07777);
    octal(h + 108, 8, st->st_uid <= ID_MOST ? st->st_uid : 0);
    octal(h + 116, 8, st->st_gid <= ID_MOST ? st->st_gid : 0);
    octal(h + 124, 12, size <= OCTAL_MOST ? size : 0);
    octal(h + 136, 12, st->st_mtime > 0 ? (uint64_t)st->st_mtime : 0);
    memset(h + 148, ' ', 8);
    h[156] = type;
    strncpy(h + 157, target, NAME_FIELD);
    memcpy(h + 257, "ustar\00000", 8);
    if (type == '3' || type == '4') {
        octal(h + 329, 8, major(st->st_rdev));
        octal(h + 337, 8, minor(st->st_rdev));
    }
    unsigned sum = 0;
    for (int i = 0; i < TAR_BLOCK; i++) sum += (uint8_t)h[i];
    snprintf(h + 148, 8, "%06o", sum);
    return put(w, h, sizeof h);
}

// `LENGTH key=value\n`, where LENGTH counts itself.
static void record(struct buffer *b, const char *key, const void *value, size_t n) {
    size_t rest = strlen(key) + n + 3, length = rest + 1;
    char text[32];
    while ((size_t)snprintf(text, sizeof text, "%zu", length) + rest != length) length = (size_t)snprintf(text, sizeof text, "%zu", length) + rest;
    buffer_add(b, text, strlen(text));
    buffer_add(b, " ", 1);
    buffer_add(b, key, strlen(key));
    buffer_add(b, "=", 1);
    buffer_add(b, value, n);
    buffer_add(b, "\n", 1);
}

static void number_record(struct buffer *b, const char *key, uint64_t value) {
    char text[24];
    record(b, key, text, (size_t)snprintf(text, sizeof text, "%llu", (unsigned long long)value));
}

// What a header cannot hold goes in a record before it.
static bool entry(struct writer *w, const char *name, char type, const char *target, const struct stat *st, uint64_t size, int fd) {
    struct buffer b = {0};
    if (strlen(name) > NAME_FIELD) record(&b, "path", name, strlen(name));
    if (strlen(target) > NAME_FIELD) record(&b, "linkpath", target, strlen(target));
    if (size > OCTAL_MOST) number_record(&b, "size", size);
    if (st->st_uid > ID_MOST) number_record(&b, "uid", st->st_uid);
    if (st->st_gid > ID_MOST) number_record(&b, "gid", st->st_gid);
    char capability[64];
    ssize_t n = fd >= 0 ? fgetxattr(fd, "security.capability", capability, sizeof capability) : -1;
    if (n > 0) record(&b, "SCHILY.xattr.security.capability", capability, (size_t)n);
    bool good = true;
    if (b.size) {
        struct stat plain = {.st_mode = 0644};
        good = header(w, "PaxHeader", 'x', "", &plain, b.size) && put(w, b.data, b.size) && pad(w, b.size);
    }
    buffer_free(&b);
    return good && header(w, name, type, target, st, size);
}

// A file that grows meanwhile is cut, one that shrinks is filled up with zeros.
static bool content(struct writer *w, int fd, uint64_t size) {
    static uint8_t data[65536];
    for (uint64_t left = size; left;) {
        size_t most = left < sizeof data ? (size_t)left : sizeof data;
        ssize_t n = read(fd, data, most);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_errno(w->failure, "copy", "reading a file failed");
        if (n == 0) memset(data, 0, (size_t)(n = (ssize_t)most));
        if (!put(w, data, (size_t)n)) return false;
        left -= (uint64_t)n;
    }
    return pad(w, size);
}

static const char *seen(struct writer *w, const struct stat *st, const char *name) {
    for (uint32_t i = 0; i < w->count; i++)
        if (w->links[i].inode == st->st_ino && w->links[i].device == st->st_dev) return w->links[i].name;
    if (w->count == LINKS_MOST) return NULL;
    if (!w->links) w->links = must_alloc(LINKS_MOST * sizeof *w->links);  // untouched pages cost nothing
    w->links[w->count++] = (struct link){st->st_dev, st->st_ino, strdup(name)};
    return NULL;
}

// What the kernel makes up has no place in an archive.
static bool is_invented(int fd) {
    static const long kinds[] = {0x9fa0, 0x62656572, 0x63677270, 0x1cd1, 0x19800202, 0x64626720, 0x74726163, 0xcafe4a11, 0x73636673};
    struct statfs fs;
    if (fstatfs(fd, &fs) < 0) return false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if ((long)fs.f_type == kinds[i]) return true;
    return false;
}

static bool add(struct writer *w, int parent, const char *file, const char *name, int depth);

static bool mounted_folder(struct writer *w, const char *name, const struct stat *st) {
    char path[8192];
    snprintf(path, sizeof path, "%s/", name);
    return entry(w, path, '5', "", st, 0, -1);
}

static bool mark(struct writer *w, const char *path, const struct stat *st) {
    struct stat plain = {.st_mode = 0644, .st_mtime = st->st_mtime};
    return entry(w, path, '0', "", &plain, 0, -1);
}

static bool removal(struct writer *w, const char *name, const struct stat *st) {
    char path[8192];
    const char *slash = strrchr(name, '/'), *last = slash ? slash + 1 : name;
    snprintf(path, sizeof path, "%.*s.wh.%s", (int)(last - name), name, last);
    return mark(w, path, st);
}

static bool add_folder(struct writer *w, int fd, const char *name, const struct stat *st, int depth) {
    char path[8192];
    size_t n = (size_t)snprintf(path, sizeof path, "%s%s", name, name[0] && name[strlen(name) - 1] == '/' ? "" : "/");
    if (!entry(w, path, '5', "", st, 0, -1)) return false;
    if (w->scope == TAR_LAYER && overlay_is_opaque(fd)) {
        strcpy(path + n, ".wh..wh..opq");
        if (!mark(w, path, st)) return false;
    }
    DIR *dir = depth && !is_invented(fd) ? fdopendir(dup(fd)) : NULL;
    struct dirent *e;
    bool good = true;
    while (good && dir && (e = readdir(dir))) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
        if (n + strlen(e->d_name) >= sizeof path) {
            good = fail(w->failure, ENAMETOOLONG, "copy", "a path below %.200s is too long", name);
            break;
        }
        strcpy(path + n, e->d_name);
        good = add(w, fd, e->d_name, path, depth - 1);
    }
    if (dir) closedir(dir);
    return good;
}

static bool add(struct writer *w, int parent, const char *file, const char *name, int depth) {
    struct stat st;
    if (fstatat(parent, file, &st, AT_SYMLINK_NOFOLLOW) < 0) return errno == ENOENT || fail_errno(w->failure, "copy", "looking at %.300s failed", name);
    if (w->scope == TAR_ONE_MOUNT && mount_of(parent, file) != w->mount) {
        st.st_size = 0;
        return S_ISDIR(st.st_mode) ? mounted_folder(w, name, &st) : entry(w, name, '0', "", &st, 0, -1);
    }
    if (w->scope == TAR_LAYER && overlay_is_ours(name + 1)) return true;
    if (w->scope == TAR_LAYER && overlay_is_removal(&st)) return removal(w, name, &st);
    if (S_ISSOCK(st.st_mode)) return true;
    if (S_ISLNK(st.st_mode)) {
        char target[4097];
        ssize_t n = readlinkat(parent, file, target, sizeof target - 1);
        if (n < 0) return fail_errno(w->failure, "copy", "reading link %.300s failed", name);
        target[n] = 0;
        return entry(w, name, '2', target, &st, 0, -1);
    }
    if (S_ISCHR(st.st_mode)) return entry(w, name, '3', "", &st, 0, -1);
    if (S_ISBLK(st.st_mode)) return entry(w, name, '4', "", &st, 0, -1);
    if (S_ISFIFO(st.st_mode)) return entry(w, name, '6', "", &st, 0, -1);
    const char *first = S_ISREG(st.st_mode) && st.st_nlink > 1 ? seen(w, &st, name) : NULL;
    if (first) return entry(w, name, '1', first, &st, 0, -1);
    int fd = openat(parent, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) return fail_errno(w->failure, "copy", "opening %.300s failed", name);
    bool good;
    if (S_ISDIR(st.st_mode)) good = add_folder(w, fd, name, &st, depth);
    else good = entry(w, name, '0', "", &st, (uint64_t)st.st_size, fd) && content(w, fd, (uint64_t)st.st_size);
    close(fd);
    return good;
}

bool tar_write(int root, const char *path, const char *name, int out, enum tar_scope scope, struct failure *f) {
    struct writer w = {.out = out, .failure = f, .scope = scope};
    char folder[4200], last[4200];
    snprintf(folder, sizeof folder, "%s", path);
    size_t n = strlen(folder);
    while (n > 1 && folder[n - 1] == '/') folder[--n] = 0;
    char *slash = strrchr(folder, '/');
    const char *base = slash ? slash + 1 : folder;
    bool itself = !*base || !strcmp(base, ".") || !strcmp(base, "..") || strlen(path) > n;
    snprintf(last, sizeof last, "%s", itself ? "." : base);
    if (!itself && slash) *slash = 0;
    int parent = open_inside(root, folder[0] ? folder : "/", O_PATH | (itself ? O_DIRECTORY : 0));
    if (parent < 0) return fail_errno(f, "copy", "%.300s", path);
    struct stat st;
    bool good = fstatat(parent, last, &st, AT_SYMLINK_NOFOLLOW) == 0 || fail_errno(f, "copy", "%.300s", path);
    w.mount = mount_of(parent, last);
    static const uint8_t end[2 * TAR_BLOCK];
    good = good && add(&w, parent, last, name[0] ? name : itself ? "." : last, DEPTH_MOST) && put(&w, end, sizeof end);
    close(parent);
    for (uint32_t i = 0; i < w.count; i++) free(w.links[i].name);
    free(w.links);
    return good;
}
