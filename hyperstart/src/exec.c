#define _GNU_SOURCE
#include "exec.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "copy.h"
#include "launch.h"

enum { MAX_EXECS = 128, KILL_AFTER_MILLIS = 2000 };

struct exec {
    struct exec *next;
    struct arena arena;
    struct exec_spec spec;
    char container[130];
    int pid, master;
    bool running, failed;
    bool owns_output, owns_errors;  // whose streams are still open
    struct source output, errors;
    struct sink input;
    struct launch *launch;
    struct timer kill_timer;
    uint64_t session;
};

static struct exec *execs;

long fork_into(int pidfd) {
    static int own = -1;
    if (own < 0) own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
    if (own < 0 || setns(pidfd, CLONE_NEWPID) < 0) return -1;
    long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    int error = errno;
    if (pid != 0) setns(own, CLONE_NEWPID);
    errno = error;
    return pid;
}

bool pipes_make(bool input, int ours[3], int theirs[3]) {
    for (int i = 0; i < 3; i++) {
        int fds[2];
        if (i == 0 && !input) {
            theirs[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
            if (theirs[0] < 0) return false;
            continue;
        }
        if (pipe2(fds, O_CLOEXEC) < 0) return false;
        ours[i] = fds[i == 0];
        theirs[i] = fds[i != 0];
        fcntl(ours[i], F_SETFL, O_NONBLOCK);
    }
    return true;
}

void pipes_close(int fds[3]) {
    for (int i = 0; i < 3; i++)
        if (fds[i] >= 0) close(fds[i]);
}

static struct exec *find(const struct container *c, uint32_t id) {
    struct exec *e = execs;
    while (e && !(e->spec.exec == id && e->session == session_number() && !strcmp(e->container, c->spec.id))) e = e->next;
    return e;
}

static void free_when_over(struct exec *e) {
    if (e->running || e->launch || e->owns_output || e->owns_errors) return;
    for (struct exec **p = &execs; *p; p = &(*p)->next)
        if (*p == e) {
            *p = e->next;
            break;
        }
    timer_stop(&e->kill_timer);
    source_free(&e->output);
    source_free(&e->errors);
    sink_free(&e->input);
    if (e->master >= 0) close(e->master);
    arena_free(&e->arena);
    free(e);
}

// The host wants no more of it, or has had all: the process sees a hang-up or a broken pipe.
static void stream_closed(struct stream *s) {
    struct exec *e = s->owner;
    if (s->source == &e->output) {
        e->owns_output = false;
        source_free(&e->output);
        sink_free(&e->input);
        if (e->master >= 0) close(e->master);
        e->master = -1;
    } else {
        e->owns_errors = false;
        source_free(&e->errors);
    }
    free_when_over(e);
}

static void drop_streams(struct exec *e) {
    if (e->owns_output) stream_drop(e->spec.output, true);
    if (e->owns_errors) stream_drop(e->spec.errors, true);
    e->owns_output = e->owns_errors = false;
}

static void launched(struct launch *l) {
    struct exec *e = l->owner;
    e->launch = NULL;
    if (l->failed) {
        e->failed = true;
        drop_streams(e);
        answer_failure(l->asked, &l->failure);
        if (l->master >= 0) close(l->master);
    } else {
        if (e->spec.tty && l->master >= 0 && e->owns_output) {
            e->master = l->master;
            e->input.is_tty = true;
            fcntl(e->master, F_SETFL, O_NONBLOCK);
            source_attach(&e->output, fcntl(e->master, F_DUPFD_CLOEXEC, 3));
            if (e->spec.standard_input) sink_attach(&e->input, fcntl(e->master, F_DUPFD_CLOEXEC, 3));
        } else if (e->spec.tty && l->master >= 0) {
            close(l->master);
        }
        struct buffer b = {0};
        add_u32(&b, 1, (uint32_t)e->pid);
        answer(l->asked, &b);
        buffer_free(&b);
        if (e->owns_output && e->spec.standard_input) stream_grant(e->spec.output);
    }
    free(l);
    free_when_over(e);
}

static bool check(struct exec *e, struct container **c, struct failure *f) {
    struct exec_spec *s = &e->spec;
    *c = container_find(s->container);
    if (!*c || (*c)->removing || (*c)->launch || (!s->copy && (*c)->state != RUNNING)) return fail(f, ESRCH, "exec-container", "container %s does not run", s->container);
    if (s->exec == 0 || find(*c, s->exec)) return fail(f, EEXIST, "message", "exec %u of container %s is in use", s->exec, s->container);
    if (!s->tty && !s->errors) return fail(f, EINVAL, "message", "exec %u has neither a terminal nor a stream for errors", s->exec);
    if (s->directory[0] && s->directory[0] != '/') return fail(f, EINVAL, "message", "the working directory, or path of a copy, must be absolute");
    uint32_t n = 0;
    for (struct exec *other = execs; other; other = other->next) n++;
    if (n >= MAX_EXECS) return fail(f, EAGAIN, "exec", "there are %u execs already", n);
    return true;
}

static bool open_streams(struct exec *e, struct failure *f) {
    source_open(&e->output, SESSION_RING, false);
    source_open(&e->errors, SESSION_RING, false);
    sink_open(&e->input);
    int error = stream_open(e->spec.output, &e->output, e->spec.standard_input ? &e->input : NULL, stream_closed, e);
    if (error) return fail(f, error, "stream", "stream id %u is not free", e->spec.output);
    e->owns_output = true;
    if (e->spec.tty) return true;
    error = stream_open(e->spec.errors, &e->errors, NULL, stream_closed, e);
    if (!error) {
        e->owns_errors = true;
        return true;
    }
    stream_drop(e->spec.output, false);
    e->owns_output = false;
    return fail(f, error, "stream", "stream id %u is not free", e->spec.errors);
}

static bool decode(const struct schema *schema, struct bytes message, struct exec *e, struct failure *f) {
    if (!message_decode(schema, message, &e->spec, &e->arena, f)) return false;
    if (schema == &exec_schema) return true;
    if (!e->spec.copy) return fail(f, EINVAL, "message", "the copy has no direction");
    e->spec.standard_input = e->spec.copy == COPY_IN;
    return true;
}

static long fork_copy(const struct container *c, const struct exec_spec *spec, const int theirs[3]) {
    long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0) copy_child(c, spec, theirs);
    return pid;
}

static void begin(const struct schema *schema, struct bytes message, struct asked asked) {
    struct exec *e = must_alloc(sizeof *e);
    e->master = e->input.watch.fd = e->output.watch.fd = e->errors.watch.fd = -1;
    e->session = asked.session;
    struct failure f;
    struct container *c;
    int ours[3] = {-1, -1, -1}, theirs[3] = {-1, -1, -1}, status[2] = {-1, -1};
    long pid = -1;
    bool good = decode(schema, message, e, &f) && check(e, &c, &f) && open_streams(e, &f);
    if (good && ((!e->spec.tty && !pipes_make(e->spec.standard_input, ours, theirs)) || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, status) < 0))
        good = fail_errno(&f, "pipes", "making pipes failed");
    if (good) {
        pid = e->spec.copy ? fork_copy(c, &e->spec, theirs) : fork_into(c->pidfd);
        if (pid == 0) {
            struct launch_plan plan = {.container = c, .exec = &e->spec, .status = status[1], .standard = {theirs[0], theirs[1], theirs[2]}};
            launch_child(&plan);
        }
        if (pid < 0) good = fail_errno(&f, "fork", "forking into container %s failed", c->spec.id);
    }
    pipes_close(theirs);
    if (status[1] >= 0) close(status[1]);
    e->next = execs;
    execs = e;
    if (!good) {
        pipes_close(ours);
        if (status[0] >= 0) close(status[0]);
        drop_streams(e);
        answer_failure(asked, &f);
        free_when_over(e);
        return;
    }
    strcpy(e->container, c->spec.id);
    e->pid = (int)pid;
    e->running = true;
    if (!e->spec.tty) {
        if (e->spec.standard_input) sink_attach(&e->input, ours[0]);
        source_attach(&e->output, ours[1]);
        source_attach(&e->errors, ours[2]);
    }
    e->launch = must_alloc(sizeof *e->launch);
    launch_listen(e->launch, status[0], launched, e, asked);
}

void exec_start(struct bytes message, struct asked asked) { begin(&exec_schema, message, asked); }

void copy_start(struct bytes message, struct asked asked) { begin(&copy_schema, message, asked); }

static void tell_exit(const struct exec *e, int status) {
    uint32_t signal = WIFSIGNALED(status) ? (uint32_t)WTERMSIG(status) : 0;
    struct buffer b = {0};
    add_text(&b, 1, e->container);
    add_u32(&b, 2, e->spec.exec);
    add_u32(&b, 3, signal ? 128 + signal : (uint32_t)WEXITSTATUS(status));
    add_u32(&b, 4, signal);
    add_bool(&b, 5, false);
    add_u64(&b, 6, wall_nanos());
    event(EXITED, &b);
    buffer_free(&b);
}

bool exec_reaped(int pid, int status) {
    struct exec *e = execs;
    while (e && !(e->running && e->pid == pid)) e = e->next;
    if (!e) return false;
    bool owned = true;
    if (e->launch) launch_finish(e->launch);  // e->running keeps it alive
    e->running = false;
    timer_stop(&e->kill_timer);
    if (!e->failed && e->session == session_number()) tell_exit(e, status);
    free_when_over(e);
    return owned;
}

static void kill_late(struct timer *t) {
    struct exec *e = t->owner;
    if (e->running) kill(e->pid, SIGKILL);
}

void execs_session_ended(void) {
    for (struct exec *e = execs; e; e = e->next) {
        if (e->session == session_number() || !e->running || e->kill_timer.at) continue;
        kill(-e->pid, SIGHUP);
        kill(e->pid, SIGCONT);
        e->kill_timer = (struct timer){.due = kill_late, .owner = e};
        timer_set(&e->kill_timer, KILL_AFTER_MILLIS);
    }
}

void execs_kill(const struct container *c) {
    for (struct exec *e = execs; e; e = e->next)
        if (e->running && !strcmp(e->container, c->spec.id)) kill(e->pid, SIGKILL);
}

int exec_signal(const struct container *c, uint32_t id, int signal) {
    struct exec *e = find(c, id);
    if (!e || !e->running) return ESRCH;
    return kill(e->pid, signal) < 0 ? errno : 0;
}

int exec_resize(const struct container *c, uint32_t id, uint32_t rows, uint32_t columns) {
    struct exec *e = find(c, id);
    if (!e) return ESRCH;
    return terminal_resize(e->master, rows, columns);
}
