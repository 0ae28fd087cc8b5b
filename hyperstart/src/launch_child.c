// The child's half of a launch: namespaces, root, terminal, identity, program. Everything here runs in a forked copy of pid 1.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroup.h"
#include "launch.h"
#include "log.h"
#include "pod.h"
#include "rootfs.h"
#include "tree.h"

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static void tell(const struct launch_plan *p, char kind, const void *body, size_t size) {
    struct iovec parts[2] = {{&kind, 1}, {(void *)(uintptr_t)body, size}};
    struct msghdr m = {.msg_iov = parts, .msg_iovlen = 2};
    sendmsg(p->status, &m, MSG_NOSIGNAL);
}

static noreturn void give_up(const struct launch_plan *p, const struct failure *f) {
    tell(p, 'E', f, sizeof *f);
    _exit(strcmp(f->step, "exec") ? 128 : f->error == ENOENT ? 127 : 126);
}

static bool hand_over(const struct launch_plan *p, int master) {
    char kind = 'T';
    struct iovec part = {&kind, 1};
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &master, sizeof master);
    return sendmsg(p->status, &m, MSG_NOSIGNAL) == 1;
}

// A terminal of the container's own devpts: the child keeps the slave, pid 1 gets the master.
static bool open_terminal(const struct launch_plan *p, uint32_t rows, uint32_t columns, uid_t owner, struct failure *f) {
    int master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC), unlocked = 0, number = 0;
    if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked) < 0 || ioctl(master, TIOCGPTN, &number) < 0)
        return fail_errno(f, "terminal", "opening a terminal in /dev/pts failed");
    int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
    if (slave < 0) return fail_errno(f, "terminal", "opening the terminal's slave failed");
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
    if (rows && columns) ioctl(slave, TIOCSWINSZ, &size);
    (void)!fchown(slave, owner, (gid_t)-1);
    if (ioctl(slave, TIOCSCTTY, 0) < 0) return fail_errno(f, "terminal", "taking the terminal as the controlling one failed");
    if (!hand_over(p, master)) return fail_errno(f, "terminal", "handing the terminal over failed");
    if (!p->exec) {
        char path[32];
        snprintf(path, sizeof path, "/dev/pts/%d", number);
        rootfs_bind_console(path);
    }
    for (int i = 0; i < 3; i++) dup2(slave, i);
    if (slave > 2) close(slave);
    close(master);
    return true;
}

static void use_pipes(const struct launch_plan *p, uid_t owner) {
    for (int i = 0; i < 3; i++) {
        struct stat st;
        dup2(p->standard[i], i);
        // /dev/stdout is opened anew by many programs, also by those that are not root.
        if (fstat(i, &st) == 0 && S_ISFIFO(st.st_mode)) (void)!fchown(i, owner, (gid_t)-1);
    }
}

static bool set_limits(const struct container_spec *c, struct failure *f) {
    char text[16];
    snprintf(text, sizeof text, "%lld", (long long)c->oom_score_adj);
    write_text("/proc/self/oom_score_adj", text);
    for (uint32_t i = 0; i < c->limits.count; i++) {
        const struct limit *l = (struct limit *)c->limits.items + i;
        struct rlimit value = {.rlim_cur = l->soft, .rlim_max = l->hard};
        if (setrlimit((int)l->resource, &value) < 0) return fail_errno(f, "rlimit", "setting resource limit %u failed", l->resource);
    }
    return true;
}

static bool filter_calls(struct bytes program, struct failure *f) {
    if (!program.size) return true;
    struct sock_fprog fprog = {.len = (unsigned short)(program.size / 8), .filter = (struct sock_filter *)(uintptr_t)program.data};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &fprog) < 0) return fail_errno(f, "seccomp", "installing the seccomp filter failed");
    return true;
}

static uint64_t all_capabilities(void) {
    char text[16];
    long last = read_text("/proc/sys/kernel/cap_last_cap", text, sizeof text) > 0 ? atol(text) : 40;
    return last >= 63 ? ~0ull : (1ull << (last + 1)) - 1;
}

static bool set_capabilities(uint64_t wanted, uint64_t inheritable, struct failure *f) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    for (int i = 0; i < 2; i++) {
        data[i].effective = data[i].permitted = (uint32_t)(wanted >> (32 * i));
        data[i].inheritable = (uint32_t)(inheritable >> (32 * i));
    }
    return syscall(SYS_capset, &header, data) == 0 || fail_errno(f, "capabilities", "setting the capabilities failed");
}

static bool become(const struct launch_plan *p, const struct identity *who, bool privileged, struct failure *f) {
    const struct container_spec *c = &p->container->spec;
    uint64_t possible = all_capabilities(), wanted = privileged ? possible : c->capabilities & possible, ambient = c->ambient & wanted;
    for (int i = 0; i < 64 && possible >> i & 1; i++)
        if (!(wanted >> i & 1) && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0) return fail_errno(f, "capabilities", "dropping capability %d failed", i);
    prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
    gid_t groups[MAX_GROUPS];
    for (uint32_t i = 0; i < who->count; i++) groups[i] = who->groups[i];
    if (setgroups(who->count, groups) < 0 || setresgid(who->gid, who->gid, who->gid) < 0 || setresuid(who->uid, who->uid, who->uid) < 0)
        return fail_errno(f, "user", "becoming uid %u gid %u failed", who->uid, who->gid);
    // A filter needs either no-new-privileges or a capability that is about to go. So late, it need not allow a change of user.
    if (c->seccomp.size && !c->no_new_privileges && !privileged)
        if (!set_capabilities(possible, 0, f) || !filter_calls(c->seccomp, f)) return false;
    if (!set_capabilities(wanted, ambient, f)) return false;
    for (int i = 0; i < 64; i++)
        if (ambient >> i & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0) return fail_errno(f, "capabilities", "raising ambient capability %d failed", i);
    if (c->no_new_privileges && !privileged) {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return fail_errno(f, "capabilities", "setting no-new-privileges failed");
        return filter_calls(c->seccomp, f);
    }
    return true;
}

// ---- environment: later entries win over earlier ones of the same name

struct environment {
    char **items;
    size_t count;
};

static void set_variable(struct environment *e, char *entry, bool replace) {
    size_t n = strcspn(entry, "=");
    if (n == 0 || !entry[n]) return;
    for (size_t i = 0; i < e->count; i++)
        if (!strncmp(e->items[i], entry, n + 1)) {
            if (replace) e->items[i] = entry;
            return;
        }
    e->items[e->count++] = entry;
}

static char *variable(const char *name, const char *value) {
    char *entry = must_alloc(strlen(name) + strlen(value) + 2);
    strcat(strcat(strcpy(entry, name), "="), value);
    return entry;
}

static char **environment_of(const struct launch_plan *p, const struct identity *who, bool tty) {
    const struct list *own = &p->container->spec.environment, *more = p->exec ? &p->exec->environment : NULL;
    struct environment e = {.items = must_alloc((own->count + (more ? more->count : 0) + 5) * sizeof(char *))};
    for (uint32_t i = 0; i < own->count; i++) set_variable(&e, ((char **)own->items)[i], true);
    for (uint32_t i = 0; more && i < more->count; i++) set_variable(&e, ((char **)more->items)[i], true);
    set_variable(&e, variable("PATH", default_path), false);
    set_variable(&e, variable("HOSTNAME", pod_hostname()), false);
    set_variable(&e, variable("HOME", who->home), false);
    if (tty) set_variable(&e, variable("TERM", "xterm"), false);
    return e.items;
}

static const char *value_of(char **environment, const char *name) {
    size_t n = strlen(name);
    for (; *environment; environment++)
        if (!strncmp(*environment, name, n) && (*environment)[n] == '=') return *environment + n + 1;
    return "";
}

static noreturn void run(const struct launch_plan *p, const struct list *arguments, char **environment) {
    char **argv = must_alloc((arguments->count + 1) * sizeof(char *));
    memcpy(argv, arguments->items, arguments->count * sizeof(char *));
    struct failure f;
    int error = ENOENT;
    if (strchr(argv[0], '/')) {
        execve(argv[0], argv, environment);
        error = errno;
        fail(&f, error, "exec", "%.300s: %s", argv[0], strerror(error));
        give_up(p, &f);
    }
    const char *path = value_of(environment, "PATH");
    for (const char *at = path; *argv[0]; at += strcspn(at, ":") + 1) {
        char file[4096];
        int n = (int)strcspn(at, ":");
        if (snprintf(file, sizeof file, "%.*s%s%s", n, at, n ? "/" : "./", argv[0]) < (int)sizeof file) {
            execve(file, argv, environment);
            if (errno != ENOENT && errno != ENOTDIR) error = errno;
        }
        if (!at[n]) break;
    }
    if (error == ENOENT) fail(&f, error, "exec", "%.200s: not found in PATH=%.200s", argv[0], path);
    else fail(&f, error, "exec", "%.300s: %s", argv[0], strerror(error));
    give_up(p, &f);
}

static bool enter_container(const struct launch_plan *p, struct failure *f) {
    const struct container *c = p->container;
    if (cgroup_join(c->spec.id) < 0) return fail_errno(f, "cgroup", "joining the cgroup failed");
    // The process namespace was chosen before the fork.
    if (setns(c->pidfd, CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS) < 0) return fail_errno(f, "namespaces", "entering the container's namespaces failed");
    return true;
}

static bool make_container(const struct launch_plan *p, struct failure *f) {
    const struct container *c = p->container;
    if (cgroup_join(c->spec.id) < 0) return fail_errno(f, "cgroup", "joining the cgroup failed");
    // The process namespace was chosen before the fork.
    if (unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWCGROUP) < 0) return fail_errno(f, "namespaces", "making mount, uts and cgroup namespaces failed");
    return rootfs_enter(c, f);
}

static void reset_signals(void) {
    sigset_t none;
    sigemptyset(&none);
    // The one that pid 1 ignores; it handles none, and reads those that it blocks.
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

// Everything but standard streams and the status socket is pid 1's alone.
static void close_others(int keep) {
    if (keep > 3) syscall(SYS_close_range, 3u, (unsigned)keep - 1, 0);
    syscall(SYS_close_range, (unsigned)keep + 1, ~0u, 0);
}

noreturn void launch_child(const struct launch_plan *p) {
    const struct container_spec *c = &p->container->spec;
    const struct exec_spec *e = p->exec;
    bool tty = e ? e->tty : c->tty, privileged = c->privileged || (e && e->privileged);
    const char *user = e && e->user[0] ? e->user : c->user;
    const char *directory = e && e->directory[0] ? e->directory : c->directory[0] ? c->directory : "/";
    static struct identity who;
    struct failure f = {0};

    reset_signals();
    setsid();
    umask(022);
    if (e ? !enter_container(p, &f) : !make_container(p, &f)) give_up(p, &f);
    if (!identity_resolve(user, &c->groups, c->strict_groups, &who, &f)) give_up(p, &f);
    tell(p, 'U', &who, sizeof who);
    if (tty) {
        if (!open_terminal(p, e ? e->rows : c->rows, e ? e->columns : c->columns, who.uid, &f)) give_up(p, &f);
    } else {
        use_pipes(p, who.uid);
    }
    if (!e && make_folders(directory, 0755) < 0 && errno != EROFS) {
        fail_errno(&f, "directory", "making the working directory %.300s failed", directory);
        give_up(p, &f);
    }
    if (!e && !rootfs_seal(p->container, &f)) give_up(p, &f);
    if (!set_limits(c, &f)) give_up(p, &f);
    close_others(p->status);
    char **environment = environment_of(p, &who, tty);
    if (!become(p, &who, privileged, &f)) give_up(p, &f);
    // As the user, for root may be refused what the user may enter, and the other way round.
    if (chdir(directory) < 0) {
        fail_errno(&f, "directory", "entering the working directory %.300s failed", directory);
        give_up(p, &f);
    }
    run(p, e ? &e->arguments : &c->arguments, environment);
}
