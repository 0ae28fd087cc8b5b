// What the filter of the fork server's copies lets through: each call is tried in a process of its own.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../forkserver.h"

static int failed;

static void *nothing(void *argument) { return argument; }

static int thread(void) {
    pthread_t made;
    return pthread_create(&made, NULL, nothing, NULL) || pthread_join(made, NULL);
}
static int memory(void) { return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED; }
static int no_socket(void) { return !(socket(AF_UNIX, SOCK_STREAM, 0) < 0 && errno == EPERM); }
static int no_clone3(void) { return !(syscall(SYS_clone3, NULL, 0) < 0 && errno == ENOSYS); }
// epoll_pwait2, the first of them; without the filter it finds no such file.
static int no_newer(void) { return !(syscall(441, -1, NULL, 1, NULL, NULL) < 0 && errno == ENOSYS); }
static int process(void) { return (int)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }
static int almost_thread(void) { return (int)syscall(SYS_clone, CLONE_VM | CLONE_SIGHAND, 0, 0, 0, 0); }
static int x32(void) { return (int)syscall(0x40000000 | SYS_getpid); }

static long number;
static int call(void) { return (int)syscall(number, 0, 0, 0, 0, 0); }

// `expected`: 0 when it returns 0, else the signal that ends it.
static void expect(const char *name, int expected, int (*what)(void)) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || fork_filter() < 0) _exit(99);
        _exit(what());
    }
    waitpid(pid, &status, 0);
    if (expected ? !WIFSIGNALED(status) || WTERMSIG(status) != expected : !WIFEXITED(status) || WEXITSTATUS(status)) {
        printf("FAILED filter, %s: status %x\n", name, status);
        failed = 1;
    }
}

int main(void) {
    expect("threads", 0, thread);
    expect("executable memory", 0, memory);
    expect("sockets are refused", 0, no_socket);
    expect("clone3 is unknown", 0, no_clone3);
    expect("later calls are unknown", 0, no_newer);
    expect("a process by clone", SIGSYS, process);
    expect("half a thread by clone", SIGSYS, almost_thread);
    expect("calls of x32", SIGSYS, x32);
    static const struct { const char *name; long number; } deadly[] = {
#define CALL(name) {#name, SYS_##name}
        CALL(execve), CALL(execveat), CALL(fork), CALL(vfork), CALL(ptrace), CALL(setns), CALL(unshare), CALL(mount), CALL(umount2), CALL(pivot_root),
        CALL(chroot), CALL(setuid), CALL(setresuid), CALL(setgroups), CALL(capset), CALL(setsid), CALL(bpf), CALL(userfaultfd), CALL(keyctl),
        CALL(io_uring_setup), CALL(reboot), CALL(init_module), CALL(process_vm_writev), CALL(open_by_handle_at), CALL(lookup_dcookie)};
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++) {
        number = deadly[i].number;
        expect(deadly[i].name, SIGSYS, call);
    }
    if (!failed) puts("ok     the filter of copies");
    return failed;
}
