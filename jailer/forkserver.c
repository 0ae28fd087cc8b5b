// forkserver.so: loaded into a QEMU that waits with its guest stopped, it makes copies of that process, each in a jail of its own.
//
// A copy is a fork. What the template has in memory (the guest's RAM, the code that was translated for it, QEMU's own heap) is shared with
// it page by page until one of them writes. What becomes of QEMU's threads is told in threads.c, what is changed in QEMU's calls in calls.c.
//
// The template serves from the first request on and never runs again. It answers on descriptor CONTROL, a socket that keeps messages apart:
// `struct request` with the copy's descriptors, in the order of `enum given`, is answered by `struct answer`. It ends when the other side
// of that socket is closed.
//
// The template is trusted: its guest has heard nothing from a tenant. It is root with the capabilities that it takes to make jails; a copy
// has none, another user, empty namespaces, an empty root folder and a filter of system calls before any of QEMU's threads runs in it.
#define _GNU_SOURCE
#include "forkserver.h"
#include "listing.h"
#include "template.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define FILES "/proc/self/fd"

enum { MOMENT_MS = 10 };

static int files[MOST_FILES];    // what the template has open
static enum what { OTHER, EVENT, SIGNALS, OLD } kinds[MOST_FILES];
static size_t file_count;
static int given_to[MOST_FILES]; // for OLD: index in `enum given`
static char *name_argument;
static unsigned char *uuid;

const char *fail(const char *what) {
    static char text[200];
    const char *name = strerrorname_np(errno);
    snprintf(text, sizeof text, "%s: %s (%d)", what, name ? name : "an error", errno);
    return text;
}

static bool is_connection(int file) {
    struct stat found;
    int listening = 1;
    socklen_t size = sizeof listening;
    return file != CONTROL && !fstat(file, &found) && S_ISSOCK(found.st_mode)
           && !getsockopt(file, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) && !listening;
}

static struct listing listing;

static bool is_connected(void) {
    bool connected = false, begun = list_begin(&listing, FILES);
    for (int file; begun && !connected && (file = list_next(&listing)) >= 0;)
        connected = is_connection(file);
    if (begun)
        list_end(&listing);
    return connected;
}

// Whoever steered the template last has hung up, which QEMU may not have noticed yet.
static const char *await_hangup(void) {
    struct timespec moment = {0, MOMENT_MS * 1000000};
    for (int waited = 0; is_connected(); waited += MOMENT_MS) {
        if (waited >= PATIENCE_MS)
            return "somebody is still connected to the template";
        nanosleep(&moment, NULL);
    }
    return NULL;
}

// Which of the template's files a copy must have anew: those of the same socket, pipe or device as one of the standard numbers, and all with
// a state that it would share with the template and all other copies.
static const char *find_files(void) {
    static const struct { int number; enum given as; } own[] = {{1, CONSOLE}, {3, QMP}, {5, GUEST}, {7, TAP}};
    if (!list_begin(&listing, FILES))
        return fail("listing files");
    const char *wrong = NULL;
    int file;
    while (!wrong && (file = list_next(&listing)) >= 0) {
        if (file == listing.folder || file == CONTROL)
            continue;
        char path[64], link[64] = "";
        snprintf(path, sizeof path, FILES "/%d", file);
        struct stat found, model;
        if (file_count == MOST_FILES || readlink(path, link, sizeof link - 1) < 0 || fstat(file, &found) < 0) {
            wrong = "looking at the open files";
            break;
        }
        enum what kind = !strcmp(link, "anon_inode:[eventfd]") ? EVENT : !strcmp(link, "anon_inode:[signalfd]") ? SIGNALS : OTHER;
        if ((kind == OTHER && !strncmp(link, "anon_inode:", 11)) || (kind == SIGNALS && (file >= MOST_FILES || !signals_of[file])))
            wrong = "QEMU has a file open that no copy can have";
        for (size_t i = 0; i < sizeof own / sizeof *own; i++)
            if (file == own[i].number
                || (own[i].as != TAP && !fstat(own[i].number, &model) && model.st_dev == found.st_dev && model.st_ino == found.st_ino))
                kind = OLD, given_to[file_count] = own[i].as;
        if (is_connection(file))
            wrong = "somebody has connected to the template";
        files[file_count] = file;
        kinds[file_count++] = kind;
    }
    if (file == -2)
        wrong = fail("listing files");
    list_end(&listing);
    return wrong;
}

static const char *freeze(void) {
    static bool frozen;
    static const char *wrong;
    if (frozen)
        return wrong;
    const char *busy = await_hangup();
    if (busy)
        return busy;
    frozen = true;
    read_faster();
    if (!uuid)
        wrong = "this QEMU does not let its uuid be changed";
    if (!wrong)
        wrong = stop_threads();
    if (!wrong)
        wrong = find_ids();
    return wrong ? wrong : (wrong = find_files());
}

// From here on: in the copy, which has one thread and no right to locks of the C library.

static int fresh_file(size_t i, const int *given) {
    switch (kinds[i]) {
        case OLD: return given[given_to[i]];
        case EVENT: return eventfd(1, EFD_NONBLOCK);
        case SIGNALS: return (int)syscall(SYS_signalfd4, -1, &signals_of[files[i]], sizeof signals_of[0], 0);
        default: return files[i];
    }
}

static const char *take_files(const int *given) {
    for (size_t i = 0; i < file_count; i++) {
        int file = files[i], fresh = fresh_file(i, given);
        int flags = fcntl(file, F_GETFL), close_on_exec = fcntl(file, F_GETFD) & FD_CLOEXEC;
        if (fresh < 0)
            return fail("making a file anew");
        if (fresh == file)
            continue;
        if (kinds[i] == OLD && given_to[i] == TAP
            && (ioctl(fresh, TUNSETVNETHDRSZ, &tap_header_size) < 0 || ioctl(fresh, TUNSETOFFLOAD, (void *)(unsigned long)tap_offloads) < 0))
            return fail("setting up the tap");
        if (fcntl(fresh, F_SETFL, flags & ~O_ACCMODE) < 0 || dup3(fresh, file, close_on_exec ? O_CLOEXEC : 0) < 0)
            return fail("exchanging a file");
        if (kinds[i] != OLD)
            close(fresh);
    }
    return NULL;
}

static const char *jail(const struct request *request) {
    gid_t group = request->gid;
    // The template's root shows the host's libraries; they are in memory, so a copy's shows nothing.
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0
        || mount("jail", "/usr", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, "mode=0755,size=4k,nr_inodes=1") < 0 || chdir("/usr") < 0
        || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        return fail("making an empty root folder");
    if (syscall(SYS_setgroups, 0, NULL) < 0 || syscall(SYS_setresgid, group, group, group) < 0
        || syscall(SYS_setresuid, request->uid, request->uid, request->uid) < 0)
        return fail("becoming another user");
    // With the user all capabilities are lost; to make sure costs nothing.
    if (syscall(SYS_setresuid, 0, 0, 0) == 0)
        return "the copy could become root again";
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || fork_filter() < 0 ? fail("filtering system calls") : NULL;
}

static const char *name(const struct request *request) {
    if (name_argument) {
        size_t room = strlen(name_argument), length = strnlen(request->name, sizeof request->name);
        memset(name_argument, 0, room);
        memcpy(name_argument, request->name, length < room ? length : room);
    }
    memcpy(uuid, request->uuid, sizeof request->uuid);
    return NULL;
}

static _Noreturn void be_copy(const struct request *request, const int *given, int count, int verdict) {
    const char *wrong = NULL;
    close(CONTROL);
    for (int i = CGROUPS; i < count && !wrong; i++)
        if (write(given[i], "0", 1) != 1)
            wrong = fail("joining a cgroup");
    if (!wrong)
        wrong = take_files(given);
    for (int i = 0; i < count; i++)
        close(given[i]);
    if (!wrong && setsid() < 0)
        wrong = fail("making a session");
    if (!wrong)
        wrong = name(request);
    if (!wrong)
        wrong = jail(request);
    if (!wrong)
        wrong = begin_threads();
    if (wrong) {
        (void)!write(verdict, wrong, strlen(wrong));
        _exit(1);
    }
    close(verdict);
    become_first();
}

static void serve(const struct request *request, const int *given, int count, struct answer *answer) {
    int verdict[2];
    const char *wrong = freeze();
    if (!wrong && count < CGROUPS)
        wrong = "a request without its files";
    if (!wrong && pipe2(verdict, O_CLOEXEC) < 0)
        wrong = fail("making a pipe");
    if (wrong) {
        snprintf(answer->wrong, sizeof answer->wrong, "%s", wrong);
        return;
    }
    // The parent is the engine, as of every machine, so that it learns of the end.
    long flags = CLONE_PARENT | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | SIGCHLD;
    long pid = syscall(SYS_clone, flags, 0, 0, 0, 0);
    if (pid == 0) {
        close(verdict[0]);
        be_copy(request, given, count, verdict[1]);
    }
    close(verdict[1]);
    if (pid < 0)
        snprintf(answer->wrong, sizeof answer->wrong, "%s", fail("forking"));
    else if (read(verdict[0], answer->wrong, sizeof answer->wrong - 1) < 0)
        snprintf(answer->wrong, sizeof answer->wrong, "%s", fail("waiting for the copy"));
    close(verdict[0]);
    answer->pid = pid < 0 ? 0 : (int32_t)pid;
}

static void *serve_all(void *nothing) {
    (void)nothing;
    for (;;) {
        struct request request = {0};
        struct answer answer = {0};
        union { char space[CMSG_SPACE(sizeof(int) * MOST_GIVEN)]; struct cmsghdr header; } control;
        struct iovec part = {&request, sizeof request};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
        ssize_t size = recvmsg(CONTROL, &message, MSG_CMSG_CLOEXEC);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            _exit(0);
        int given[MOST_GIVEN], count = 0;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
            count = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
            memcpy(given, CMSG_DATA(header), sizeof(int) * (size_t)count);
        }
        if (size != sizeof request || message.msg_flags & MSG_CTRUNC)
            strcpy(answer.wrong, "a request of a wrong size");
        else
            serve(&request, given, count, &answer);
        for (int i = 0; i < count; i++)
            close(given[i]);
        if (send(CONTROL, &answer, sizeof answer, MSG_NOSIGNAL) < 0)
            _exit(0);
    }
}

__attribute__((constructor)) static void load(int count, char **arguments) {
    for (int i = 1; i + 1 < count; i++)
        if (!strcmp(arguments[i], "-name"))
            name_argument = arguments[i + 1] + strlen("guest=");
    uuid = dlsym(RTLD_DEFAULT, "qemu_uuid");
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    sigset_t all, before;
    sigfillset(&all);
    pthread_t server;
    if (be_ready_to_stop() < 0 || syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, _NSIG / 8) < 0
        || pthread_create(&server, NULL, serve_all, NULL) || syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, _NSIG / 8) < 0) {
        fputs("forkserver: starting its thread failed\n", stderr);
        _exit(71);
    }
}
