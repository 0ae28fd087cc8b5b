// The fork server in a program that is like QEMU in what matters: it has threads that wait, listening sockets, events, signals and a tap. The
// engine's part is played by this program, QEMU's by the same one started with `machine`. Needs root.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../forkserver.h"

enum { QMP_AT = 3, GUEST_AT = 5, TAP_AT = 7, HEADER = 12, UID = 2345678, LATE_MS = 100 };
enum { CONSOLE_AT = 1 };

// What a machine answers whoever connects to it.
struct report {
    unsigned char uuid[16], random[16];
    int uid, counted, signalled;
};

// QEMU's part.

__attribute__((visibility("default"))) unsigned char qemu_uuid[16];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t asked = PTHREAD_COND_INITIALIZER, counted = PTHREAD_COND_INITIALIZER;
static int wanted, count;

static void *worker(void *nothing) {
    pthread_mutex_lock(&lock);
    for (;;) {
        while (count == wanted)
            pthread_cond_wait(&asked, &lock);
        count = wanted;
        pthread_cond_signal(&counted);
    }
    return nothing;
}

// As a thread of a pool at its end: it hears no signal any more, so it ends instead of stopping.
static void *ends_untold(void *nothing) {
    unsigned long all = ~0UL, pending = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof all);
    while (!pending) {
        nanosleep(&(struct timespec){0, 1000000}, NULL);
        syscall(SYS_rt_sigpending, &pending, sizeof pending);
    }
    return nothing;
}

// Only a worker that lives counts.
static int count_once(void) {
    pthread_mutex_lock(&lock);
    wanted++;
    pthread_cond_signal(&asked);
    while (count != wanted)
        pthread_cond_wait(&counted, &lock);
    int now = count;
    pthread_mutex_unlock(&lock);
    return now;
}

static int machine(void) {
    // As QEMU finds it: the first library that has one.
    dlopen("libgnutls.so.30", RTLD_NOW | RTLD_GLOBAL);
    int (*draw)(int, void *, size_t) = (int (*)(int, void *, size_t))dlsym(RTLD_DEFAULT, "gnutls_rnd");
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGIO);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    pthread_t thread, ending;
    int signalled = 0, header = HEADER, signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!draw || ioctl(TAP_AT, TUNSETVNETHDRSZ, &header) < 0 || signals < 0 || event < 0 || pthread_create(&thread, NULL, worker, NULL)
        || pthread_create(&ending, NULL, ends_untold, NULL) || pthread_detach(ending))
        return 1;
    for (;;) {
        struct pollfd all[] = {{QMP_AT, POLLIN, 0}, {event, POLLIN, 0}, {signals, POLLIN, 0}};
        uint64_t events;
        struct signalfd_siginfo info;
        if (poll(all, 3, -1) < 0 && errno != EINTR)
            return 2;
        (void)!read(event, &events, sizeof events);
        signalled += read(signals, &info, sizeof info) == sizeof info;
        if (!(all[0].revents & POLLIN))
            continue;
        int peer = accept(QMP_AT, NULL, NULL);
        struct report report = {.uid = (int)getuid(), .counted = count_once(), .signalled = signalled};
        memcpy(report.uuid, qemu_uuid, sizeof report.uuid);
        draw(1, report.random, sizeof report.random);
        char end;
        (void)!write(peer, &report, sizeof report);
        (void)!read(peer, &end, 1);
        // It notices a little late that it is alone.
        nanosleep(&(struct timespec){0, LATE_MS * 1000000}, NULL);
        close(peer);
    }
}

// The engine's part.

static int failed;

static void expect(const char *what, int good) {
    if (!good) {
        printf("FAILED forks, %s (%s)\n", what, strerror(errno));
        failed = 1;
    }
}

static int listener(struct sockaddr_un *at) {
    socklen_t size = sizeof *at;
    *at = (struct sockaddr_un){.sun_family = AF_UNIX};
    int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    expect("listening", !bind(made, (struct sockaddr *)at, sizeof(sa_family_t)) && !listen(made, 4) && !getsockname(made, (struct sockaddr *)at, &size));
    return made;
}

static int tap(const char *name) {
    struct ifreq device = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    strcpy(device.ifr_name, name);
    int made = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    expect("making a tap", ioctl(made, TUNSETIFF, &device) >= 0);
    return made;
}

static int console(void) {
    int both[2];
    expect("making a pipe", !pipe2(both, O_CLOEXEC));
    return both[1];
}

static struct report ask(const struct sockaddr_un *at) {
    struct report report = {0};
    int peer = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {10, 0};
    setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    expect("asking a machine", !connect(peer, (const struct sockaddr *)at, sizeof(sa_family_t) + 6) && read(peer, &report, sizeof report) == sizeof report);
    close(peer);
    return report;
}

static pid_t template(const char *self, int control, struct sockaddr_un *at) {
    struct sockaddr_un guest;
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC), said = console();
    int given[] = {null, said, said, listener(at), said, listener(&guest), control, tap("template")};
    enum { GIVEN = sizeof given / sizeof *given };
    for (int i = 0; i < GIVEN; i++)
        given[i] = fcntl(given[i], F_DUPFD, 64);
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < GIVEN; i++)
            dup2(given[i], i);
        syscall(SYS_close_range, GIVEN, ~0U, 0);
        setenv("LD_PRELOAD", getenv("FORKSERVER"), 1);
        execl(self, self, "machine", "-name", "guest=the template of all", NULL);
        _exit(99);
    }
    for (int i = 0; i < GIVEN; i++)
        close(given[i]);
    return pid;
}

static pid_t copy(int control, unsigned char uuid, const char *name, struct sockaddr_un *at) {
    struct sockaddr_un guest;
    int given[] = {console(), listener(at), listener(&guest), tap(name)};
    struct request request = {.uid = UID + uuid, .gid = UID + uuid};
    struct answer answer = {0};
    union { char space[CMSG_SPACE(sizeof given)]; struct cmsghdr header; } space = {0};
    struct iovec part = {&request, sizeof request};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &space, .msg_controllen = sizeof space};
    memset(request.uuid, uuid, sizeof request.uuid);
    strcpy(request.name, name);
    space.header = (struct cmsghdr){CMSG_LEN(sizeof given), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(&space.header), given, sizeof given);
    expect("asking for a copy", sendmsg(control, &message, 0) == sizeof request && recv(control, &answer, sizeof answer, 0) == sizeof answer);
    expect(answer.wrong, !answer.wrong[0] && answer.pid > 0);
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        close(given[i]);
    return answer.pid;
}

// No file but /dev/null is the same in both, however it is numbered.
static void share_nothing(const char *who, pid_t one, pid_t other) {
    for (int a = CONSOLE_AT; a < 32; a++)
        for (int b = CONSOLE_AT; b < 32; b++) {
            char what[100];
            long order = syscall(SYS_kcmp, one, other, KCMP_FILE, a, b);
            if (order < 0 && errno != EBADF) {
                if (a == CONSOLE_AT && b == CONSOLE_AT)
                    printf("skipped what is shared: kcmp: %s\n", strerror(errno));
                return;
            }
            snprintf(what, sizeof what, "%s share a file, %d of one and %d of the other", who, a, b);
            if (order == 0)
                expect(what, 0);
        }
}

static void end(const char *what, pid_t pid, int signal) {
    int status = 0;
    if (signal)
        kill(pid, signal);
    expect(what, waitpid(pid, &status, 0) == pid && (signal ? WIFSIGNALED(status) : WIFEXITED(status) && WEXITSTATUS(status) == 0));
}

int main(int arguments, char **argument) {
    if (arguments > 1)
        return machine();
    if (getuid() != 0 || access("/dev/net/tun", R_OK | W_OK) < 0)
        return puts("skipped forks: needs root and /dev/net/tun") < 0;
    alarm(60);
    int control[2];
    struct sockaddr_un at, at_one, at_two;
    expect("a network of our own", !unshare(CLONE_NEWNET) && !socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control));
    pid_t first = template(argument[0], control[1], &at);
    close(control[1]);
    // Its own answer first, so that it has drawn random bytes, and has somebody to be rid of when the first copy is asked for.
    struct report before = ask(&at);
    pid_t one = copy(control[0], 1, "one", &at_one), two = copy(control[0], 2, "two", &at_two);
    if (failed)
        return 1;
    share_nothing("copies", one, two);
    share_nothing("a copy and its template", one, first);
    kill(one, SIGIO);
    struct report of_one = ask(&at_one), of_two = ask(&at_two);
    expect("random bytes are no other's", memcmp(of_one.random, of_two.random, sizeof of_one.random) && memcmp(of_one.random, before.random, sizeof of_one.random));
    expect("each has its uuid", of_one.uuid[15] == 1 && of_two.uuid[0] == 2);
    expect("each is somebody else", before.uid == 0 && of_one.uid == UID + 1 && of_two.uid == UID + 2);
    expect("all threads go on", before.counted == 1 && of_one.counted == 2 && of_two.counted == 2);
    expect("signals are read by whom they were sent to", of_one.signalled == 1 && of_two.signalled == 0);
    close(control[0]);
    end("a template ends with the engine", first, 0);
    end("a copy ends alone", one, SIGKILL);
    expect("another goes on", ask(&at_two).counted == 3);
    end("until it is ended", two, SIGKILL);
    if (!failed)
        puts("ok     forks of a program with threads");
    return failed;
}
