#define _GNU_SOURCE
#include "changes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tar.h"

enum { DEPTH_MOST = 200, BYTES_MOST = 16 << 20 };

static bool add(struct buffer *to, char kind, const char *path, struct failure *f) {
    if (to->size > BYTES_MOST) return fail(f, E2BIG, "copy", "more has changed than fits into %d MiB of names", BYTES_MOST >> 20);
    buffer_add(to, &kind, 1);
    buffer_add(to, path, strlen(path) + 1);
    return true;
}

static bool is_folder(int fd, struct stat *st) { return fd >= 0 && fstat(fd, st) == 0 && S_ISDIR(st->st_mode); }

// What a folder hides that was made anew where the image had one.
static bool hidden(int written, int image, const char *path, struct buffer *to, struct failure *f) {
    int again = openat(image, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = again < 0 ? NULL : fdopendir(again);
    struct dirent *e;
    struct stat st;
    char below[8192];
    bool good = true;
    while (good && dir && (e = readdir(dir))) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || fstatat(written, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0) continue;
        if (snprintf(below, sizeof below, "%s/%s", path, e->d_name) < (int)sizeof below) good = add(to, 'D', below, f);
    }
    if (dir) closedir(dir);
    else if (again >= 0) close(again);
    return good;
}

static bool walk(int written, int image, const char *path, int depth, struct buffer *to, struct failure *f);

static bool look(int parent, int image, const char *name, const char *path, int depth, struct buffer *to, struct failure *f) {
    struct stat st, old;
    if (overlay_is_ours(path) || fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0) return true;
    int before = image < 0 ? -1 : openat(image, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    bool good = true;
    if (overlay_is_removal(&st)) {
        good = before < 0 || add(to, 'D', path, f);
    } else {
        size_t mark = to->size;
        good = add(to, before < 0 ? 'A' : 'C', path, f);
        int now = good && S_ISDIR(st.st_mode) && depth ? openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
        bool both = now >= 0 && is_folder(before, &old);
        if (both && overlay_is_opaque(now)) good = hidden(now, before, path, to, f);
        size_t own = to->size;
        if (now >= 0) good = good && walk(now, both ? before : -1, path, depth - 1, to, f);
        // A folder is also copied when only what is hyperstart's was put into it.
        if (both && to->size == own && own == mark + strlen(path) + 2 && st.st_mode == old.st_mode && st.st_uid == old.st_uid && st.st_gid == old.st_gid) to->size = mark;
        if (now >= 0) close(now);
    }
    if (before >= 0) close(before);
    return good;
}

static bool walk(int written, int image, const char *path, int depth, struct buffer *to, struct failure *f) {
    int again = openat(written, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = again < 0 ? NULL : fdopendir(again);
    if (!dir) {
        fail_errno(f, "copy", "reading %.300s failed", path);
        if (again >= 0) close(again);
        return false;
    }
    struct dirent *e;
    char below[8192];
    bool good = true;
    while (good && (e = readdir(dir))) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
        if (snprintf(below, sizeof below, "%s/%s", path, e->d_name) < (int)sizeof below) good = look(written, image, e->d_name, below, depth, to, f);
    }
    closedir(dir);
    return good;
}

bool changes_list(int written, int image, struct buffer *to, struct failure *f) { return walk(written, image, "", DEPTH_MOST, to, f); }
