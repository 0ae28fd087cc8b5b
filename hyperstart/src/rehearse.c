#define _GNU_SOURCE
#include "rehearse.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SELF "/proc/self/exe"
#define CHILD "--rehearse-child"

enum { PAGE = 4096, HEAP = 1 << 20, MOST_FILE = 1 << 20 };

static void read_all(const char *path) {
    static char some[16384];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    struct stat status;
    fstat(file, &status);
    while (read(file, some, sizeof some) > 0) continue;
    lseek(file, 0, SEEK_SET);
    pread(file, some, sizeof some, 100);
    close(file);
}

static void list(const char *path) {
    DIR *folder = opendir(path);
    if (!folder) return;
    struct stat status;
    for (struct dirent *entry; (entry = readdir(folder));) fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW);
    closedir(folder);
}

static void touch(volatile char *at, size_t size, bool write) {
    for (size_t i = 0; i < size; i += PAGE) {
        char c = at[i];
        if (write) at[i] = c;
    }
}

// Programs are mapped, read page by page as they run, and written where they are relocated. Not read before: an emulator translates the kernel's code
// once for system calls and once for page faults, and the way to the disk shall be there for both.
static void map(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file < 0 || fstat(file, &status) < 0) return;
    size_t size = (size_t)status.st_size < MOST_FILE ? (size_t)status.st_size : MOST_FILE;
    char *whole = mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
    if (whole != MAP_FAILED) {
        touch(whole, size, false);
        mprotect(whole, size < 4 * PAGE ? size : 4 * PAGE, PROT_READ | PROT_WRITE);
        touch(whole, size < 4 * PAGE ? size : 4 * PAGE, true);
        munmap(whole, size);
    }
    close(file);
}

static void memory(void) {
    char *heap = mmap(NULL, HEAP, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (heap == MAP_FAILED) return;
    touch(heap, HEAP, true);
    madvise(heap, HEAP / 2, MADV_DONTNEED);
    mprotect(heap, PAGE, PROT_NONE);
    heap = mremap(heap + PAGE, HEAP - PAGE, HEAP * 2, MREMAP_MAYMOVE);
    if (heap != MAP_FAILED) munmap(heap, HEAP * 2);
    void *end = sbrk(0);
    if (sbrk(HEAP / 4) != (void *)-1) {
        touch(end, HEAP / 4, true);
        brk(end);
    }
}

static void write_files(void) {
    static const char text[3 * PAGE];
    mkdir("/rehearsed", 0755);
    int file = open("/rehearsed/one", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file >= 0) {
        write(file, text, sizeof text);
        pwrite(file, "x", 1, 10);
        fchmod(file, 0600);
        fcntl(file, F_SETLK, &(struct flock){.l_type = F_WRLCK});
        ftruncate(file, 10);
        fsync(file);
        close(file);
    }
    rename("/rehearsed/one", "/rehearsed/two");
    symlink("two", "/rehearsed/link");
    read_all("/rehearsed/link");
    list("/rehearsed");
    unlink("/rehearsed/link");
    unlink("/rehearsed/two");
    rmdir("/rehearsed");
    // A file of the image that is changed is copied first.
    chmod("/etc/passwd", 0600);
    chmod("/etc/passwd", 0644);
}

static void *run_thread(void *lock) {
    pthread_mutex_lock(lock);
    pthread_mutex_unlock(lock);
    return NULL;
}

static void threads(void) {
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_t one;
    pthread_mutex_lock(&lock);
    if (!pthread_create(&one, NULL, run_thread, &lock)) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        pthread_mutex_unlock(&lock);
        pthread_join(one, NULL);
    }
}

static char noted_signals[8 * PAGE];

static void noted(int signal) { noted_signals[signal]++; }

// Through a pipe, with a child that runs another program, as shells do.
static void children(void) {
    touch(noted_signals, sizeof noted_signals, true);
    sigaction(SIGCHLD, &(struct sigaction){.sa_handler = noted}, NULL);
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = noted}, NULL);
    raise(SIGUSR1);
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) < 0) return;
    pid_t child = fork();
    if (child == 0) {
        touch(noted_signals, sizeof noted_signals, true);
        dup2(pipes[1], 1);
        execl(SELF, SELF, CHILD, (char *)NULL);
        _exit(1);
    }
    close(pipes[1]);
    touch(noted_signals, sizeof noted_signals, true);
    char some[64];
    struct pollfd ready = {.fd = pipes[0], .events = POLLIN};
    poll(&ready, 1, 1000);
    while (read(pipes[0], some, sizeof some) > 0) continue;
    close(pipes[0]);
    if (child > 0) waitpid(child, NULL, 0);
    signal(SIGCHLD, SIG_DFL);
}

static void talk(int server, const struct sockaddr *to, socklen_t size, int client) {
    char some[64];
    if (client >= 0 && connect(client, to, size) == 0) {
        int peer = accept4(server, NULL, NULL, SOCK_CLOEXEC);
        int waiting = epoll_create1(EPOLL_CLOEXEC);
        struct epoll_event event = {.events = EPOLLIN};
        epoll_ctl(waiting, EPOLL_CTL_ADD, peer, &event);
        send(client, "hello", 5, MSG_NOSIGNAL);
        epoll_wait(waiting, &event, 1, 1000);
        recv(peer, some, sizeof some, MSG_DONTWAIT);
        send(peer, "hello", 5, MSG_NOSIGNAL);
        recv(client, some, sizeof some, MSG_DONTWAIT);
        shutdown(client, SHUT_RDWR);
        close(peer);
        close(waiting);
    }
    close(client);
    close(server);
}

// Nothing goes over TCP, IP or UDP: their first packet draws the keys of sequence numbers, timestamps and ids, which must be each pod's own.
static void sockets(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    bind(server, (struct sockaddr *)&at, sizeof at);
    listen(server, 5);
    close(server);
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    local.sun_path[1] = 'r';
    server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(server, (struct sockaddr *)&local, sizeof(sa_family_t) + 2) == 0 && listen(server, 5) == 0)
        talk(server, (struct sockaddr *)&local, sizeof(sa_family_t) + 2, socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    else close(server);
}

static void ask(void) {
    char text[256];
    struct utsname system;
    struct rlimit limit;
    struct rusage usage;
    struct timespec now;
    struct statvfs room;
    struct winsize window;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    uname(&system);
    getrlimit(RLIMIT_STACK, &limit);
    getrusage(RUSAGE_SELF, &usage);
    clock_gettime(CLOCK_MONOTONIC, &now);
    statvfs("/", &room);
    ioctl(1, TIOCGWINSZ, &window);
    getcwd(text, sizeof text);
    readlink(SELF, text, sizeof text);
    getrandom(text, sizeof text, 0);
    getgroups(0, NULL);
    umask(umask(022));
    access("/etc/ld.so.preload", R_OK);
    fcntl(1, F_GETFL);
    fcntl(fcntl(0, F_DUPFD_CLOEXEC, 10), F_GETFD);
    int events = eventfd(0, EFD_CLOEXEC);
    close(events);
}

int rehearse(const char *role) {
    if (!strcmp(role, CHILD)) return printf("child\n") < 0;
    static const char *const files[] = {SELF, "/etc/passwd", "/etc/group", "/etc/hosts", "/etc/resolv.conf", "/etc/hostname", "/proc/uptime", "/proc/meminfo",
        "/proc/cpuinfo", "/proc/stat", "/proc/mounts", "/proc/self/status", "/proc/self/maps", "/proc/self/cmdline", "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/cpu.max", "/proc/sys/kernel/pid_max", "/proc/net/dev"};
    static const char *const folders[] = {"/", "/etc", "/proc/self/fd", "/dev"};
    ask();
    map("/mapped");
    read_all("/read");
    map("/read");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) read_all(files[i]);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) list(folders[i]);
    map(SELF);
    memory();
    write_files();
    threads();
    children();
    sockets();
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return printf("rehearsed\n") < 0;
}
