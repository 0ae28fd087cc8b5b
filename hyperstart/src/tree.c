#define _GNU_SOURCE
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int open_inside(int root, const char *path, int flags) {
    struct open_how how = {.flags = (unsigned)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof how);
}

int make_inside(int root, const char *path, bool folder, mode_t mode) {
    char prefix[4096];
    if (strlen(path) >= sizeof prefix) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int at = open_inside(root, ".", O_PATH | O_DIRECTORY);
    for (const char *p = path; at >= 0;) {
        while (*p == '/') p++;
        if (!*p) break;
        size_t n = strcspn(p, "/");
        bool last = !p[n + strspn(p + n, "/")];
        size_t length = (size_t)(p + n - path);
        memcpy(prefix, path, length);
        prefix[length] = 0;
        int next = open_inside(root, prefix, O_PATH);
        if (next < 0 && errno == ENOENT) {
            char name[256];
            if (n >= sizeof name) {
                errno = ENAMETOOLONG;
            } else {
                memcpy(name, p, n);
                name[n] = 0;
                if (last && !folder) {
                    int file = openat(at, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, mode);
                    if (file >= 0) close(file);
                } else {
                    mkdirat(at, name, last ? mode : 0755);
                }
                next = open_inside(root, prefix, O_PATH);
            }
        }
        int error = errno;
        close(at);
        errno = error;
        at = next;
        p += n;
    }
    return at;
}

int make_folders(const char *path, mode_t mode) {
    int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = make_inside(root, path, true, mode);
    int error = errno;
    close(root);
    if (fd >= 0) close(fd);
    errno = error;
    return fd < 0 ? -1 : 0;
}

int mount_on(const char *source, int target, const char *type, unsigned long flags, const char *data) {
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", target);
    return mount(source, path, type, flags, data);
}

int bind_on(int source, int target, unsigned long flags) {
    char from[40];
    snprintf(from, sizeof from, "/proc/self/fd/%d", source);
    if (mount_on(from, target, NULL, MS_BIND | MS_REC, NULL) < 0) return -1;
    if (!flags) return 0;
    // The descriptor still names what lies below the new mount; find the mount itself through its path.
    char path[40], place[4096];
    snprintf(path, sizeof path, "/proc/self/fd/%d", target);
    ssize_t n = readlink(path, place, sizeof place - 1);
    if (n <= 0) return -1;
    place[n] = 0;
    return mount(NULL, place, NULL, MS_REMOUNT | MS_BIND | flags, NULL);
}

static void empty_folder(int fd, dev_t device, int depth) {
    DIR *dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return;
    }
    struct dirent *e;
    while ((e = readdir(dir))) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
        if (unlinkat(fd, e->d_name, 0) == 0 || depth == 0) continue;
        int child = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;
        if (child < 0) continue;
        if (fstat(child, &st) < 0 || st.st_dev != device) {
            close(child);
            continue;
        }
        empty_folder(child, device, depth - 1);
        unlinkat(fd, e->d_name, AT_REMOVEDIR);
    }
    closedir(dir);
}

void remove_tree(int parent, const char *name) {
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (fd >= 0 && fstat(fd, &st) == 0) empty_folder(fd, st.st_dev, 200);
    else if (fd >= 0) close(fd);
    if (unlinkat(parent, name, AT_REMOVEDIR) < 0) unlinkat(parent, name, 0);
}
