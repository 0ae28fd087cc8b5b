#define _GNU_SOURCE
#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "changes.h"
#include "log.h"
#include "rootfs.h"
#include "tar.h"
#include "tree.h"

enum { FAILED = 1, NOT_FOUND, WRONG_KIND, BAD_ARCHIVE };

// A running container is entered, so that all its mounts are there; of another one the root is made anew, for this child alone.
static bool enter(const struct container *c, struct failure *f) {
    if (c->state == RUNNING) return setns(c->pidfd, CLONE_NEWNS) == 0 || fail_errno(f, "namespaces", "entering the container's mounts failed");
    if (unshare(CLONE_NEWNS) < 0) return fail_errno(f, "namespaces", "making a mount namespace failed");
    return rootfs_enter(c, f);
}

// The folder that the container writes to, and its image, as pid 1 sees them.
static bool tell_changes(const struct container *c, struct failure *f) {
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) return fail_errno(f, "namespaces", "making a mount namespace failed");
    int written = rootfs_written(c, f), image = written < 0 ? -1 : rootfs_image(c, f);
    struct buffer b = {0};
    if (image < 0 || !changes_list(written, image, &b, f)) return false;
    for (size_t done = 0; done < b.size;) {
        ssize_t n = write(1, b.data + done, b.size - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return fail_errno(f, "copy", "writing the answer failed");
        done += (size_t)n;
    }
    return true;
}

static bool tell_stat(int root, const char *path, struct failure *f) {
    int fd = open_inside(root, path, O_PATH | O_NOFOLLOW);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0) return fail_errno(f, "copy", "%.300s", path);
    struct buffer b = {0};
    char target[4097] = "";
    if (S_ISLNK(st.st_mode)) {
        ssize_t n = readlinkat(fd, "", target, sizeof target - 1);
        target[n > 0 ? n : 0] = 0;
    }
    add_u32(&b, 1, st.st_mode);
    add_u64(&b, 2, (uint64_t)st.st_size);
    add_u64(&b, 3, (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec);
    add_u32(&b, 4, st.st_uid);
    add_u32(&b, 5, st.st_gid);
    if (target[0]) add_text(&b, 6, target);
    return write(1, b.data, b.size) == (ssize_t)b.size || fail_errno(f, "copy", "writing the answer failed");
}

noreturn void copy_child(const struct container *c, const struct exec_spec *e, const int standard[3]) {
    struct failure f = {0};
    for (int i = 1; i < 65; i++) signal(i, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_IGN);
    setsid();
    write_text("/proc/self/oom_score_adj", "500");
    for (int i = 0; i < 3; i++) dup2(standard[i], i);
    bool outside = e->copy == COPY_LAYER || e->copy == COPY_CHANGES;
    bool good = outside || enter(c, &f);
    int root = !good ? -1 : e->copy == COPY_LAYER ? rootfs_written(c, &f) : open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    good = good && root >= 0;
    if (root > 3) dup2(root, 3);
    // The status socket closes here: the copy is under way.
    syscall(SYS_close_range, 4u, ~0u, 0);
    if (good && e->copy == COPY_OUT) good = tar_write(3, e->directory, e->user, 1, TAR_ALL, &f);
    else if (good && e->copy == COPY_EXPORT) good = tar_write(3, "/", ".", 1, TAR_ONE_MOUNT, &f);
    else if (good && e->copy == COPY_LAYER) good = tar_write(3, "/", ".", 1, TAR_LAYER, &f);
    else if (good && e->copy == COPY_CHANGES) good = tell_changes(c, &f);
    else if (good && e->copy == COPY_IN) good = tar_read(3, e->directory, 0, e->keep_kinds, (struct tar_owner){e->fixed_owner, e->uid, e->gid}, &f);
    else if (good) good = tell_stat(3, e->directory, &f);
    if (good) _exit(0);
    (void)!write(2, f.text, strlen(f.text));
    if (!strcmp(f.step, "archive")) _exit(BAD_ARCHIVE);
    _exit(f.error == ENOENT ? NOT_FOUND : f.error == ENOTDIR || f.error == EISDIR ? WRONG_KIND : FAILED);
}
