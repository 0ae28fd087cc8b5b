#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tar.h"
#include "tree.h"

enum { RECORDS_MOST = 1 << 20, PATH_MOST = 4095 };

struct item {
    char type;
    char name[PATH_MOST + 1], target[PATH_MOST + 1];
    mode_t mode;
    uint32_t uid, gid;
    uint64_t size;
    int64_t mtime;
    unsigned major, minor;
    uint8_t capability[64];
    size_t capability_size;
    bool sparse;
};

// What a record said for the next entry; an unset one leaves the header's word.
struct extra {
    bool name, target, size, uid, gid, mtime;
    struct item item;
};

struct reader {
    int in, root;
    const char *folder;
    bool keep_kinds;
    struct tar_owner owner;
    struct failure *failure;
};

static bool get(struct reader *r, void *data, size_t n) {
    for (size_t done = 0; done < n;) {
        ssize_t got = read(r->in, (uint8_t *)data + done, n - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno(r->failure, "archive", "reading the archive failed");
        if (got == 0) return fail(r->failure, EINVAL, "archive", "the archive ends in the middle of an entry");
        done += (size_t)got;
    }
    return true;
}

static bool skip(struct reader *r, uint64_t n) {
    static uint8_t waste[16384];
    while (n) {
        size_t part = n < sizeof waste ? (size_t)n : sizeof waste;
        if (!get(r, waste, part)) return false;
        n -= part;
    }
    return true;
}

static uint64_t padding(uint64_t size) { return (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK; }

// Octal digits, or GNU's binary numbers whose first byte has its highest bit set.
static uint64_t number(const uint8_t *field, size_t size) {
    uint64_t value = 0;
    if (field[0] & 0x80) {
        for (size_t i = size - 8; i < size; i++) value = value << 8 | field[i];
        return value;
    }
    for (size_t i = 0; i < size; i++)
        if (field[i] >= '0' && field[i] <= '7') value = value << 3 | (uint64_t)(field[i] - '0');
        else if (field[i] && field[i] != ' ') break;
    return value;
}

static bool checked(const uint8_t *h) {
    unsigned sum = 0;
    for (int i = 0; i < TAR_BLOCK; i++) sum += i >= 148 && i < 156 ? ' ' : h[i];
    return sum == number(h + 148, 8);
}

static void decode(const uint8_t *h, struct item *it) {
    *it = (struct item){.type = h[156] ? (char)h[156] : '0'};
    bool posix = !memcmp(h + 257, "ustar\0", 6) && h[345];
    snprintf(it->name, sizeof it->name, posix ? "%.155s/%.100s" : "%.0s%.100s", (const char *)h + 345, (const char *)h);
    snprintf(it->target, sizeof it->target, "%.100s", (const char *)h + 157);
    it->mode = (mode_t)(number(h + 100, 8) & 07777);
    it->uid = (uint32_t)number(h + 108, 8);
    it->gid = (uint32_t)number(h + 116, 8);
    it->size = number(h + 124, 12);
    it->mtime = (int64_t)number(h + 136, 12);
    it->major = (unsigned)number(h + 329, 8);
    it->minor = (unsigned)number(h + 337, 8);
}

static bool text_into(char *to, const char *value, size_t n) {
    if (n > PATH_MOST || memchr(value, 0, n)) return false;
    memcpy(to, value, n);
    to[n] = 0;
    return true;
}

static bool take_record(struct extra *e, const char *key, const char *value, size_t n) {
    struct item *it = &e->item;
    if (!strcmp(key, "path")) return e->name = text_into(it->name, value, n);
    if (!strcmp(key, "linkpath")) return e->target = text_into(it->target, value, n);
    char text[32];
    if (n < sizeof text) {
        memcpy(text, value, n);
        text[n] = 0;
        if (!strcmp(key, "size")) e->size = true, it->size = strtoull(text, NULL, 10);
        if (!strcmp(key, "uid")) e->uid = true, it->uid = (uint32_t)strtoull(text, NULL, 10);
        if (!strcmp(key, "gid")) e->gid = true, it->gid = (uint32_t)strtoull(text, NULL, 10);
        if (!strcmp(key, "mtime")) e->mtime = true, it->mtime = strtoll(text, NULL, 10);
    }
    if (!strcmp(key, "SCHILY.xattr.security.capability") && n <= sizeof it->capability) memcpy(it->capability, value, it->capability_size = n);
    if (!strncmp(key, "GNU.sparse.", 11)) it->sparse = true;
    return true;
}

static bool take_records(struct reader *r, char *data, size_t size, struct extra *e) {
    for (size_t at = 0; at < size;) {
        char *end;
        unsigned long length = strtoul(data + at, &end, 10);
        char *key = end + 1, *stop = data + at + length - 1, *equals;
        if (end == data + at || *end != ' ' || length < 5 || length > size - at || *stop != '\n' || key >= stop || !(equals = memchr(key, '=', (size_t)(stop - key))))
            return fail(r->failure, EINVAL, "archive", "the archive has a malformed extended header");
        *equals = 0;
        if (!take_record(e, key, equals + 1, (size_t)(stop - equals - 1))) return fail(r->failure, ENAMETOOLONG, "archive", "a name in the archive is too long");
        at += length;
    }
    return true;
}

static bool read_extra(struct reader *r, const struct item *it, struct extra *e) {
    if (it->size > RECORDS_MOST) return fail(r->failure, E2BIG, "archive", "the archive has an extended header of %llu bytes", (unsigned long long)it->size);
    char *data = must_alloc((size_t)it->size + 1);
    bool good = get(r, data, (size_t)it->size) && skip(r, padding(it->size));
    if (good && it->type == 'x') good = take_records(r, data, (size_t)it->size, e);
    if (good && (it->type == 'L' || it->type == 'K')) {
        bool name = it->type == 'L';
        good = text_into(name ? e->item.name : e->item.target, data, strlen(data)) || fail(r->failure, ENAMETOOLONG, "archive", "a name in the archive is too long");
        *(name ? &e->name : &e->target) = true;
    }
    free(data);
    return good;
}

static void merge(struct item *it, const struct extra *e) {
    if (e->name) strcpy(it->name, e->item.name);
    if (e->target) strcpy(it->target, e->item.target);
    if (e->size) it->size = e->item.size;
    if (e->uid) it->uid = e->item.uid;
    if (e->gid) it->gid = e->item.gid;
    if (e->mtime) it->mtime = e->item.mtime;
    memcpy(it->capability, e->item.capability, it->capability_size = e->item.capability_size);
    it->sparse = e->item.sparse;
}

// ---- putting an entry in its place

static bool fill(struct reader *r, int fd, const struct item *it) {
    static uint8_t data[65536];
    for (uint64_t left = it->size; left;) {
        size_t part = left < sizeof data ? (size_t)left : sizeof data;
        if (!get(r, data, part)) return false;
        for (size_t done = 0; done < part;) {
            ssize_t n = write(fd, data + done, part - done);
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) return fail_errno(r->failure, "copy", "writing %.300s failed", it->name);
            done += (size_t)n;
        }
        left -= part;
    }
    return skip(r, padding(it->size));
}

static bool put_file(struct reader *r, int parent, const char *last, const struct item *it) {
    int fd = openat(parent, last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    // A file that something is mounted on cannot be replaced, but written.
    if (fd < 0 && errno == EEXIST) fd = openat(parent, last, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return fail_errno(r->failure, "copy", "making %.300s failed", it->name);
    bool good = fill(r, fd, it);
    close(fd);
    return good;
}

static bool put_link(struct reader *r, int parent, const char *last, const struct item *it) {
    char target[2 * PATH_MOST + 2];
    snprintf(target, sizeof target, "%s/%s", r->folder, it->target);
    int fd = open_inside(r->root, target, O_PATH | O_NOFOLLOW);
    bool good = fd >= 0 && linkat(fd, "", parent, last, AT_EMPTY_PATH) == 0;
    if (!good) fail_errno(r->failure, "copy", "linking %.200s to %.200s failed", it->name, it->target);
    if (fd >= 0) close(fd);
    return good;
}

// Makes room: what is there goes, unless it is a folder and so is the new one. Sets *kept when a folder stays.
static bool make_room(struct reader *r, int parent, const char *last, const struct item *it, bool *kept) {
    struct stat old;
    *kept = false;
    if (fstatat(parent, last, &old, AT_SYMLINK_NOFOLLOW) < 0) return errno == ENOENT || fail_errno(r->failure, "copy", "looking at %.300s failed", it->name);
    bool folder = it->type == '5', was_folder = S_ISDIR(old.st_mode);
    if (S_ISLNK(old.st_mode) && folder) {
        struct stat behind;
        was_folder = fstatat(parent, last, &behind, 0) == 0 && S_ISDIR(behind.st_mode);
    }
    if (folder && was_folder) return *kept = true;
    if (r->keep_kinds && folder != was_folder)
        return fail(r->failure, folder ? ENOTDIR : EISDIR, "copy", "cannot overwrite %s %.300s with %s", was_folder ? "folder" : "non-folder", it->name, folder ? "a folder" : "a non-folder");
    if (S_ISDIR(old.st_mode)) remove_tree(parent, last);
    else unlinkat(parent, last, 0);
    return true;
}

static bool finish(struct reader *r, int parent, const char *last, const struct item *it) {
    uint32_t uid = r->owner.fixed ? r->owner.uid : it->uid, gid = r->owner.fixed ? r->owner.gid : it->gid;
    if (fchownat(parent, last, uid, gid, AT_SYMLINK_NOFOLLOW) < 0) return fail_errno(r->failure, "copy", "giving %.300s to uid %u gid %u failed", it->name, uid, gid);
    if (it->type != '2' && fchmodat(parent, last, it->mode, 0) < 0) return fail_errno(r->failure, "copy", "setting the mode of %.300s failed", it->name);
    if (it->capability_size) {
        int fd = openat(parent, last, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0) {
            fsetxattr(fd, "security.capability", it->capability, it->capability_size, 0);
            close(fd);
        }
    }
    struct timespec times[2] = {{.tv_sec = (time_t)it->mtime}, {.tv_sec = (time_t)it->mtime}};
    utimensat(parent, last, times, AT_SYMLINK_NOFOLLOW);
    return true;
}

static bool place(struct reader *r, int parent, const char *last, const struct item *it) {
    bool kept;
    if (!make_room(r, parent, last, it, &kept)) return false;
    int made = 0;
    switch (it->type) {
        case '0': case '7': return put_file(r, parent, last, it) && finish(r, parent, last, it);
        case '1': return put_link(r, parent, last, it);
        case '2': made = symlinkat(it->target, parent, last); break;
        case '3': made = mknodat(parent, last, S_IFCHR | 0600, makedev(it->major, it->minor)); break;
        case '4': made = mknodat(parent, last, S_IFBLK | 0600, makedev(it->major, it->minor)); break;
        case '5': made = kept ? 0 : mkdirat(parent, last, 0700); break;
        case '6': made = mkfifoat(parent, last, 0600); break;
        default: return fail(r->failure, EOPNOTSUPP, "archive", "entry %.300s is of the unknown type '%c'", it->name, it->type);
    }
    if (made < 0) return fail_errno(r->failure, "copy", "making %.300s failed", it->name);
    return kept || finish(r, parent, last, it);
}

static bool is_safe(const char *name) {
    for (const char *p = name; *p; p += strcspn(p, "/"), p += strspn(p, "/"))
        if (!strncmp(p, "..", 2) && (p[2] == '/' || !p[2])) return false;
    return true;
}

static bool put_item(struct reader *r, struct item *it) {
    size_t n = strlen(it->name);
    while (n && it->name[n - 1] == '/') it->name[--n] = 0;
    if (!is_safe(it->name) || (it->type == '1' && !is_safe(it->target))) return fail(r->failure, EINVAL, "archive", "entry %.300s leads out of the folder", it->name);
    if (it->sparse || it->type == 'S') return fail(r->failure, EOPNOTSUPP, "archive", "entry %.300s is stored sparsely, which is not understood", it->name);
    char path[2 * PATH_MOST + 2];
    const char *slash = strrchr(it->name, '/'), *last = slash ? slash + 1 : it->name;
    // The folder itself keeps what it has.
    if (!*last || !strcmp(last, ".")) return skip(r, it->type == '0' ? it->size + padding(it->size) : 0);
    if (strlen(last) > 255) return fail(r->failure, ENAMETOOLONG, "archive", "a name in the archive is too long");
    snprintf(path, sizeof path, "%s/%.*s", r->folder, slash ? (int)(slash - it->name) : 0, it->name);
    int parent = strlen(path) > PATH_MOST ? -1 : make_inside(r->root, path, true, 0755);
    if (parent < 0) return fail_errno(r->failure, "copy", "making the folder of %.300s failed", it->name);
    bool good = place(r, parent, last, it);
    close(parent);
    return good;
}

bool tar_read(int root, const char *path, int in, bool keep_kinds, struct tar_owner owner, struct failure *f) {
    struct reader r = {.in = in, .root = root, .folder = path, .keep_kinds = keep_kinds, .owner = owner, .failure = f};
    static struct extra extra;
    static struct item it;
    int folder = open_inside(root, path, O_PATH);
    struct stat st;
    if (folder < 0 || fstat(folder, &st) < 0) return fail_errno(f, "copy", "%.300s", path);
    close(folder);
    if (!S_ISDIR(st.st_mode)) return fail(f, ENOTDIR, "copy", "%.300s: is no folder", path);
    umask(0);
    for (;;) {
        uint8_t h[TAR_BLOCK];
        static const uint8_t zeros[TAR_BLOCK];
        if (!get(&r, h, sizeof h)) return false;
        if (!memcmp(h, zeros, sizeof h)) break;
        if (!checked(h)) return fail(f, EINVAL, "archive", "this is no tar archive, or a damaged one");
        decode(h, &it);
        if (it.type == 'x' || it.type == 'L' || it.type == 'K' || it.type == 'g') {
            if (!read_extra(&r, &it, &extra)) return false;
            continue;
        }
        merge(&it, &extra);
        extra = (struct extra){0};
        if (!put_item(&r, &it)) return false;
    }
    // Whatever is behind the end is taken, so that the sender is not stopped.
    uint8_t rest[4096];
    while (read(in, rest, sizeof rest) > 0) {}
    return true;
}
