#define _GNU_SOURCE
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot.h"
#include "cgroup.h"
#include "devices.h"
#include "exec.h"
#include "launch.h"
#include "log.h"
#include "namespace.h"
#include "phases.h"
#include "pod.h"
#include "rootfs.h"

enum { MAX_CONTAINERS = 64, SETUP_FAILED = 128 };

struct container *containers;

struct container *container_find(const char *id) {
    struct container *c = containers;
    while (c && strcmp(c->spec.id, id)) c = c->next;
    return c;
}

bool containers_running(void) {
    for (struct container *c = containers; c; c = c->next)
        if (c->state == RUNNING) return true;
    return false;
}

static uint32_t count(void) {
    uint32_t n = 0;
    for (struct container *c = containers; c; c = c->next) n++;
    return n;
}

static void oom_ready(struct watch *w, uint32_t events) {
    (void)events;
    struct container *c = w->owner;
    char text[512];
    // Reading it anew from the start is what makes the kernel tell the next change.
    if (pread(w->fd, text, sizeof text, 0) < 0) {
        watch_close(w);
        return;
    }
    uint64_t kills;
    if (!cgroup_read(c->spec.id, "memory.events", "oom_kill", &kills) || kills <= c->oom_kills) return;
    c->oom_kills = kills;
    struct buffer b = {0};
    add_text(&b, 1, c->spec.id);
    add_u64(&b, 2, kills);
    event(OOM, &b);
    buffer_free(&b);
}

static void watch_oom(struct container *c) {
    char path[256];
    cgroup_path(c->spec.id, "memory.events", path, sizeof path);
    c->oom_watch = (struct watch){.fd = open(path, O_RDONLY | O_CLOEXEC), .ready = oom_ready, .owner = c};
    if (c->oom_watch.fd < 0) return;
    char text[512];
    (void)!read(c->oom_watch.fd, text, sizeof text);
    watch_set(&c->oom_watch, EPOLLPRI | EPOLLET);
}

static void free_container(struct container *c) {
    arena_free(&c->arena);
    free(c->error);
    free(c);
}

static bool find_devices(struct container *c, struct failure *f) {
    for (uint32_t i = 0; i < c->spec.devices.count; i++) {
        struct device *d = (struct device *)c->spec.devices.items + i;
        struct stat st;
        if (stat(d->source, &st) < 0 || !(S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)))
            return fail(f, ENODEV, "devices", "container %s: the pod's kernel has no device %s", c->spec.id, d->source);
        d->mode = st.st_mode;
        d->number = st.st_rdev;
    }
    return true;
}

enum { CAP_NET_ADMIN_BIT = 12 };

static bool prepare(struct container *c, struct failure *f) {
    // iptables of old asks for its tables in a way that makes the kernel ask for no module.
    if (c->spec.privileged || c->spec.capabilities >> CAP_NET_ADMIN_BIT & 1) boot_modules_for_filters();
    if (!find_devices(c, f) || !rootfs_mount(c, f)) return false;
    if (cgroup_make(c->spec.id, &c->spec.resources, f) && (c->spec.privileged || devices_limit(c->spec.id, &c->spec.devices, f))) return true;
    rootfs_unmount(c);
    cgroup_remove(c->spec.id);
    return false;
}

bool container_plan(struct bytes message, bool *start, const char **id, struct failure *f) {
    struct container *c = must_alloc(sizeof *c);
    bool good = message_decode(&container_schema, message, &c->spec, &c->arena, f) && container_spec_check(&c->spec, f);
    if (good && container_find(c->spec.id)) good = fail(f, EEXIST, "plan", "container %s is there already", c->spec.id);
    if (good && count() >= MAX_CONTAINERS) good = fail(f, EAGAIN, "plan", "container %s: a pod has at most %d containers", c->spec.id, MAX_CONTAINERS);
    // The message goes away, the filter stays.
    if (good && c->spec.seccomp.size) c->spec.seccomp.data = (uint8_t *)arena_text(&c->arena, c->spec.seccomp.data, c->spec.seccomp.size);
    if (!good || !prepare(c, f)) {
        free_container(c);
        return false;
    }
    c->state = PREPARED;
    c->pidfd = c->master = -1;
    c->oom_watch.fd = -1;
    source_open(&c->output[0], CONTAINER_RING, true);
    source_open(&c->output[1], CONTAINER_RING, true);
    sink_open(&c->input);
    if (!c->spec.standard_input) sink_attach(&c->input, -1);
    c->next = containers;
    containers = c;
    *start = c->spec.start;
    *id = c->spec.id;
    return true;
}

// ---- start

static void answer_start(struct container *c, struct asked asked) {
    struct buffer b = {0};
    add_u32(&b, 1, (uint32_t)c->pid);
    add_u64(&b, 2, c->started);
    add_u32(&b, 3, c->who.uid);
    add_u32(&b, 4, c->who.gid);
    for (uint32_t i = 0; i < c->who.count; i++) add_u32(&b, 5, c->who.groups[i]);
    answer(asked, asked.type == START ? &b : NULL);
    buffer_free(&b);
}

static void stop(struct container *c, uint32_t code) {
    c->state = STOPPED;
    c->exited = wall_nanos();
    c->code = code;
}

static void tell_exit(const struct container *c) {
    struct buffer b = {0};
    add_text(&b, 1, c->spec.id);
    add_u32(&b, 2, 0);
    add_u32(&b, 3, c->code);
    add_u32(&b, 4, c->signal);
    add_bool(&b, 5, c->oom_killed);
    add_u64(&b, 6, c->exited);
    if (c->error) add_text(&b, 7, c->error);
    event(EXITED, &b);
    buffer_free(&b);
}

static void failed_to_start(struct container *c, struct asked asked, struct failure *f) {
    char text[600];
    snprintf(text, sizeof text, "container %s: %.500s", c->spec.id, f->text);
    snprintf(f->text, sizeof f->text, "%.511s", text);
    c->error = strdup(f->text);
    stop(c, strcmp(f->step, "exec") ? SETUP_FAILED : f->error == ENOENT ? 127 : 126);
    for (int i = 0; i < 2; i++) source_attach(&c->output[i], -1);
    sink_attach(&c->input, -1);
    answer_failure(asked, f);
    tell_exit(c);
}

static void launched(struct launch *l) {
    struct container *c = l->owner;
    c->launch = NULL;
    c->who = l->who;
    if (l->failed) {
        // The pipes end by themselves with the child; without a terminal there is nothing to end.
        char text[600];
        snprintf(text, sizeof text, "container %s: %.500s", c->spec.id, l->failure.text);
        snprintf(l->failure.text, sizeof l->failure.text, "%.511s", text);
        c->error = strdup(l->failure.text);
        if (c->spec.tty) {
            source_attach(&c->output[0], -1);
            sink_attach(&c->input, -1);
        }
        if (l->master >= 0) close(l->master);
        answer_failure(l->asked, &l->failure);
    } else {
        if (c->spec.tty) {
            c->master = l->master;
            c->input.is_tty = true;
            fcntl(l->master, F_SETFL, O_NONBLOCK);
            source_attach(&c->output[0], l->master < 0 ? -1 : fcntl(l->master, F_DUPFD_CLOEXEC, 3));
            if (c->spec.standard_input) sink_attach(&c->input, l->master < 0 ? -1 : fcntl(l->master, F_DUPFD_CLOEXEC, 3));
        }
        phase_reached("started");
        answer_start(c, l->asked);
    }
    free(l);
}

// Pipes as seen from here: [0] is written to by us, [1] and [2] are read.
static bool make_pipes(const struct container *c, int ours[3], int theirs[3], struct failure *f) {
    return pipes_make(c->spec.standard_input, ours, theirs) || fail_errno(f, "pipes", "making pipes failed");
}

// The pidfd whose process namespace the container joins: that of another container, or the pod's.
static int process_namespace(const struct container *c, struct failure *f) {
    if (!c->spec.pid_of[0]) return namespace_of_pod(f);
    const struct container *other = container_find(c->spec.pid_of);
    if (other && other->state == RUNNING) return other->pidfd;
    fail(f, ESRCH, "namespaces", "its process namespace is that of container \"%s\", which does not run", c->spec.pid_of);
    return -1;
}

void container_start(struct container *c, struct asked asked) {
    struct failure f;
    if (c->state != PREPARED || c->removing) {
        fail(&f, EALREADY, "start", "container %s was started already", c->spec.id);
        answer_failure(asked, &f);
        return;
    }
    int ours[3] = {-1, -1, -1}, theirs[3] = {-1, -1, -1}, status[2] = {-1, -1};
    long pid = -1;
    int shared = -1;
    if (c->spec.shared_pid && (shared = process_namespace(c, &f)) < 0) {
        // f says why
    } else if ((c->spec.tty || make_pipes(c, ours, theirs, &f)) && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, status) == 0) {
        if (shared >= 0) pid = fork_into(shared);
        else pid = syscall(SYS_clone, SIGCHLD | CLONE_NEWPID, NULL, NULL, NULL, NULL);
        if (pid == 0) {
            struct launch_plan plan = {.container = c, .status = status[1], .standard = {theirs[0], theirs[1], theirs[2]}};
            launch_child(&plan);
        }
        if (pid < 0) fail_errno(&f, "fork", "forking failed");
    } else {
        fail_errno(&f, "pipes", "making pipes failed");
    }
    pipes_close(theirs);
    if (status[1] >= 0) close(status[1]);
    if (pid < 0) {
        pipes_close(ours);
        if (status[0] >= 0) close(status[0]);
        failed_to_start(c, asked, &f);
        return;
    }
    c->pid = (int)pid;
    c->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (c->pidfd >= 0) fcntl(c->pidfd, F_SETFD, FD_CLOEXEC);
    c->state = RUNNING;
    c->started = wall_nanos();
    watch_oom(c);
    if (c->spec.tty) {
        source_attach(&c->output[1], -1);
    } else {
        if (c->spec.standard_input) sink_attach(&c->input, ours[0]);
        source_attach(&c->output[0], ours[1]);
        source_attach(&c->output[1], ours[2]);
    }
    c->launch = must_alloc(sizeof *c->launch);
    launch_listen(c->launch, status[0], launched, c, asked);
}

// ---- end

static void finish_remove(struct container *c) {
    for (struct container **p = &containers; *p; p = &(*p)->next)
        if (*p == c) {
            *p = c->next;
            break;
        }
    for (int i = 0; i < 2; i++) {
        stream_drop(c->output[i].stream, true);
        source_free(&c->output[i]);
    }
    stream_drop(c->input.stream, true);
    sink_free(&c->input);
    if (c->master >= 0) close(c->master);
    if (c->pidfd >= 0) close(c->pidfd);
    watch_close(&c->oom_watch);
    rootfs_unmount(c);
    cgroup_remove(c->spec.id);
    answer(c->remove_asked, NULL);
    free_container(c);
}

bool container_reaped(int pid, int status) {
    struct container *c = containers;
    while (c && !(c->state == RUNNING && c->pid == pid)) c = c->next;
    if (!c) return false;
    if (c->launch) launch_finish(c->launch);
    uint64_t kills;
    if (cgroup_read(c->spec.id, "memory.events", "oom_kill", &kills)) c->oom_killed = kills > 0 && WIFSIGNALED(status);
    cgroup_kill(c->spec.id, SIGKILL);  // with a shared process namespace some may be left
    watch_close(&c->oom_watch);
    c->signal = WIFSIGNALED(status) ? (uint32_t)WTERMSIG(status) : 0;
    stop(c, WIFSIGNALED(status) ? 128 + c->signal : (uint32_t)WEXITSTATUS(status));
    // Whatever is still in the pipes follows; a terminal ends when its last user is gone, which is now.
    for (int i = 0; i < 2; i++) source_drain(&c->output[i]);
    if (c->input.watch.fd >= 0 || !c->input.broken) sink_attach(&c->input, (watch_close(&c->input.watch), -1));
    if (c->master >= 0) close(c->master);
    c->master = -1;
    tell_exit(c);
    if (c->removing) finish_remove(c);
    return true;
}

void container_remove(struct container *c, struct asked asked) {
    struct asked earlier = c->remove_asked;
    if (c->removing && earlier.session == asked.session) answer(earlier, NULL);
    c->remove_asked = asked;
    c->removing = true;
    execs_kill(c);
    if (c->state != RUNNING) {
        finish_remove(c);
        return;
    }
    kill(c->pid, SIGKILL);
    cgroup_kill(c->spec.id, SIGKILL);
}

int container_signal(struct container *c, int signal, bool all) {
    if (c->state != RUNNING) return ESRCH;
    if (all) {
        cgroup_kill(c->spec.id, signal);
        return 0;
    }
    return kill(c->pid, signal) < 0 ? errno : 0;
}

// ---- streams

static void stream_closed(struct stream *s) {
    struct container *c = s->owner;
    if (s->sink && c->spec.input_once && !s->sink->ending) sink_end(s->sink);
}

int container_open_stream(struct container *c, uint32_t kind, uint32_t id, uint64_t offset, uint64_t limit) {
    if (kind == 0) {
        if (!c->spec.standard_input) return ENXIO;
        if (c->input.stream) return EBUSY;
        return stream_open(id, NULL, &c->input, stream_closed, c);
    }
    struct source *s = &c->output[kind - 1];
    if (s->stream) return EBUSY;
    if (offset < s->ring.head || offset > s->ring.tail) return ERANGE;
    int error = stream_open(id, s, NULL, stream_closed, c);
    if (error) return error;
    s->sent = offset;
    s->limit = limit;
    return 0;
}

int terminal_resize(int master, uint32_t rows, uint32_t columns) {
    if (master < 0) return ENOTTY;
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
    return ioctl(master, TIOCSWINSZ, &size) < 0 ? errno : 0;
}

static void add_stream(struct buffer *b, uint32_t kind, const struct ring *ring, bool ended) {
    size_t mark = add_begin(b, 10);
    add_u32(b, 1, kind);
    add_u64(b, 2, ring->head);
    add_u64(b, 3, ring->tail);
    add_bool(b, 4, ended);
    add_end(b, mark);
}

void container_list(const struct container *c, struct buffer *b, uint16_t tag) {
    size_t mark = add_begin(b, tag);
    add_text(b, 1, c->spec.id);
    add_u32(b, 2, c->state);
    add_u32(b, 3, c->state == RUNNING ? (uint32_t)c->pid : 0);
    add_u64(b, 4, c->started);
    add_u64(b, 5, c->exited);
    add_u32(b, 6, c->code);
    add_u32(b, 7, c->signal);
    add_bool(b, 8, c->oom_killed);
    add_bool(b, 9, c->spec.tty);
    add_stream(b, 0, &c->input.ring, c->input.ending || c->input.broken);
    for (uint32_t i = 0; i < 2; i++) add_stream(b, i + 1, &c->output[i].ring, c->output[i].ended);
    add_u32(b, 11, c->who.uid);
    add_u32(b, 12, c->who.gid);
    for (uint32_t i = 0; i < c->who.count; i++) add_u32(b, 13, c->who.groups[i]);
    if (c->error) add_text(b, 14, c->error);
    add_end(b, mark);
}
