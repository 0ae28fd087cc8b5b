// jailer: puts itself into a jail and becomes another program.
//
//   jailer [OPTION VALUE]... -- PROGRAM [ARGUMENT]...
//
//   --descriptors N   keep descriptors 0 to N-1, close all others
//   --cgroup DIR      join the cgroup of this folder (v1 or v2); may be given once for each hierarchy
//   --root DIR        an empty folder that the new root file system (a small read-only tmpfs) is mounted on, in a mount
//                     namespace of its own; nothing is seen there but what --show names
//   --show PATH       a file, device or folder of the host that stays visible, read-only, under the same path
//   --uid N --gid N   who to become; --group N adds a supplementary group
//   --files N         limit of open descriptors
//   --oom N           oom_score_adj
//   --preload FILE    a library that PROGRAM begins with
//   --forks 1         PROGRAM makes jails of its own for its forks (see forkserver.c): it stays root, with the capabilities that this takes
//                     and no others, instead of --uid and --gid
//
//   jailer --tsc-khz      prints how fast the host's time stamp counter runs, and that is all
//   jailer --kvm-probe DEVICE   prints "usable" or why that KVM is not, within 300 ms, and that is all
//
// It also leads a session of its own, lives in empty network, IPC and UTS namespaces, writes no core dump and can gain no privilege.
// The process id stays the same throughout. Exit codes: 64 wrong usage, 71 the kernel refused a step, 127 PROGRAM cannot be run.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kvm.h"
#include "tsc.h"

enum { USAGE = 64, REFUSED = 71, NOT_RUN = 127, MOST = 64 };
// As Linux numbers them.
enum { CAP_SETGID = 6, CAP_SETUID = 7, CAP_SYS_ADMIN = 21 };

struct jail {
    const char *cgroups[MOST], *shown[MOST], *root;
    size_t cgroup_count, shown_count, group_count;
    gid_t groups[MOST];
    const char *preload;
    long descriptors, uid, gid, files, oom, forks;
    int has_oom;
};

static _Noreturn void fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
static _Noreturn void fail(int code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("jailer: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(code);
}

#define MUST(what, ...)                                                       \
    do {                                                                      \
        if ((what) < 0) {                                                     \
            int error = errno;                                                \
            char step[PATH_MAX + 64];                                         \
            snprintf(step, sizeof step, __VA_ARGS__);                         \
            fail(REFUSED, "%s: %s", step, strerror(error));                   \
        }                                                                     \
    } while (0)

static long number(const char *option, const char *text, long least, long most) {
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < least || value > most)
        fail(USAGE, "%s takes a number from %ld to %ld, not '%s'", option, least, most, text);
    return value;
}

static const char *absolute(const char *option, const char *path) {
    if (path[0] != '/' || strstr(path, "/../") || strlen(path) > PATH_MAX / 4)
        fail(USAGE, "%s takes an absolute path without '..', not '%s'", option, path);
    return path;
}

// Fills the jail from the options and returns where the program's own arguments start.
static char **parse(struct jail *jail, char **argument) {
    for (; *argument; argument += 2) {
        const char *option = argument[0], *value = argument[1];
        if (!strcmp(option, "--"))
            break;
        if (!value)
            fail(USAGE, "%s needs a value", option);
        if (!strcmp(option, "--descriptors"))
            jail->descriptors = number(option, value, 3, 1024);
        else if (!strcmp(option, "--uid"))
            jail->uid = number(option, value, 1, INT_MAX);
        else if (!strcmp(option, "--gid"))
            jail->gid = number(option, value, 1, INT_MAX);
        else if (!strcmp(option, "--files"))
            jail->files = number(option, value, 3, 1 << 20);
        else if (!strcmp(option, "--oom"))
            jail->oom = number(option, value, -1000, 1000), jail->has_oom = 1;
        else if (!strcmp(option, "--forks"))
            jail->forks = number(option, value, 0, 1);
        else if (!strcmp(option, "--preload"))
            jail->preload = absolute(option, value);
        else if (!strcmp(option, "--root"))
            jail->root = absolute(option, value);
        else if (!strcmp(option, "--group") && jail->group_count < MOST)
            jail->groups[jail->group_count++] = (gid_t)number(option, value, 1, INT_MAX);
        else if (!strcmp(option, "--cgroup") && jail->cgroup_count < MOST)
            jail->cgroups[jail->cgroup_count++] = absolute(option, value);
        else if (!strcmp(option, "--show") && jail->shown_count < MOST)
            jail->shown[jail->shown_count++] = absolute(option, value);
        else
            fail(USAGE, "unknown option '%s', or given too often", option);
    }
    if (!*argument || !argument[1])
        fail(USAGE, "no program: jailer [OPTION VALUE]... -- PROGRAM [ARGUMENT]...");
    if (!jail->descriptors || !jail->root || (jail->forks ? jail->uid || jail->gid : !jail->uid || !jail->gid))
        fail(USAGE, "--descriptors, --root, and either --uid and --gid or --forks are needed");
    return argument + 1;
}

static void write_file(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    MUST(file, "opening %s", path);
    MUST(write(file, text, strlen(text)), "writing %s", path);
    close(file);
}

// Makes the folders above `path`, all of them below the new root.
static void make_parents(char *path, size_t from) {
    for (char *slash = strchr(path + from + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
            MUST(-1, "making %s", path);
        *slash = '/';
    }
}

static void show(const char *root, const char *path) {
    char target[PATH_MAX], link[PATH_MAX];
    struct stat found;
    if (snprintf(target, sizeof target, "%s%s", root, path) >= (int)sizeof target)
        fail(USAGE, "path too long: %s", path);
    MUST(lstat(path, &found), "looking at %s", path);
    make_parents(target, strlen(root));
    if (S_ISLNK(found.st_mode)) { // as /lib, which leads into /usr
        ssize_t length = readlink(path, link, sizeof link - 1);
        MUST(length, "reading the link %s", path);
        link[length] = 0;
        MUST(symlink(link, target), "making the link %s", target);
        return;
    }
    if (S_ISDIR(found.st_mode))
        MUST(mkdir(target, 0755), "making %s", target);
    else
        MUST(mknod(target, S_IFREG | 0444, 0), "making %s", target);
    MUST(mount(path, target, NULL, MS_BIND | MS_REC, NULL), "showing %s", path);
    MUST(mount(NULL, target, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID, NULL), "making %s read-only", path);
}

static void change_root(const struct jail *jail) {
    MUST(unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS), "making namespaces (needs root)");
    MUST(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "making mounts private");
    MUST(mount("jail", jail->root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m,nr_inodes=1k"), "mounting tmpfs on %s",
         jail->root);
    for (size_t i = 0; i < jail->shown_count; i++)
        show(jail->root, jail->shown[i]);
    MUST(mount(NULL, jail->root, NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL), "making %s read-only", jail->root);
    MUST(chdir(jail->root), "entering %s", jail->root);
    // The old root ends up on top of the new one, and is taken off: no path leads back.
    MUST((int)syscall(SYS_pivot_root, ".", "."), "pivot_root to %s", jail->root);
    MUST(umount2(".", MNT_DETACH), "letting go of the old root");
    MUST(chdir("/"), "entering the new root");
}

static void limit(int what, long value, const char *name) {
    struct rlimit both = {(rlim_t)value, (rlim_t)value};
    MUST(setrlimit(what, &both), "limiting %s", name);
}

// Root's capabilities after execve are those of the bounding set.
static void keep_few_capabilities(void) {
    for (int each = 0; prctl(PR_CAPBSET_READ, each, 0, 0, 0) >= 0; each++)
        if (each != CAP_SYS_ADMIN && each != CAP_SETUID && each != CAP_SETGID)
            MUST(prctl(PR_CAPBSET_DROP, each, 0, 0, 0), "giving up capability %d", each);
}

static void become(const struct jail *jail) {
    limit(RLIMIT_CORE, 0, "core dumps");
    if (jail->files)
        limit(RLIMIT_NOFILE, jail->files, "descriptors");
    MUST(setgroups(jail->group_count, jail->groups), "setting groups");
    if (jail->forks) {
        keep_few_capabilities();
    } else {
        MUST(setresgid((gid_t)jail->gid, (gid_t)jail->gid, (gid_t)jail->gid), "becoming gid %ld", jail->gid);
        MUST(setresuid((uid_t)jail->uid, (uid_t)jail->uid, (uid_t)jail->uid), "becoming uid %ld", jail->uid);
    }
    MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "giving up new privileges");
    umask(077);
}

int main(int count, char **arguments) {
    struct jail jail = {0};
    if (count == 2 && !strcmp(arguments[1], "--tsc-khz"))
        return printf("%ld\n", tsc_khz()) < 0;
    if (count == 3 && !strcmp(arguments[1], "--kvm-probe"))
        return kvm_probe(arguments[2]);
    char **program = parse(&jail, arguments + (count ? 1 : 0));
    MUST((int)syscall(SYS_close_range, (unsigned)jail.descriptors, ~0U, 0), "closing descriptors");
    if (setsid() < 0 && errno != EPERM) // EPERM: it leads one already
        MUST(-1, "making a session");
    for (size_t i = 0; i < jail.cgroup_count; i++) {
        char procs[PATH_MAX];
        snprintf(procs, sizeof procs, "%s/cgroup.procs", jail.cgroups[i]);
        write_file(procs, "0");
    }
    if (jail.has_oom) {
        char text[16];
        snprintf(text, sizeof text, "%ld", jail.oom);
        write_file("/proc/self/oom_score_adj", text);
    }
    change_root(&jail);
    become(&jail);
    char preload[PATH_MAX + 16] = "";
    char *environment[5] = {"PATH=/usr/bin:/bin", "LC_ALL=C"};
    size_t count_of_environment = 2;
    if (jail.preload)
        environment[count_of_environment++] = preload;
    // The kernel tells a thread where it runs by an area that glibc registers; the threads of a copy have registered none and would read the template's.
    if (jail.forks)
        environment[count_of_environment++] = "GLIBC_TUNABLES=glibc.pthread.rseq=0";
    if (jail.preload)
        snprintf(preload, sizeof preload, "LD_PRELOAD=%s", jail.preload);
    execve(program[0], program, environment);
    fail(NOT_RUN, "running %s: %s", program[0], strerror(errno));
}
