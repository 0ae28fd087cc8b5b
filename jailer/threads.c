// Threads that go on in a fork. fork() keeps the calling thread alone, and QEMU has several; so all of them are stopped by a signal first,
// inside whose handler each keeps where it was. In the copy a new thread takes the place of each, on the old stack and with the old
// thread-local storage, and returns from the handler. Locks, lists and conditions are memory, hence still true.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "template.h"

enum { MOST_THREADS = 160, STACK = 4096 };

// Where a thread of QEMU stopped.
struct thread {
    pid_t id;
    char *local; // thread-local storage, which begins with glibc's description of the thread
    jmp_buf at;
};

static struct thread threads[MOST_THREADS];
static size_t thread_count, first_thread; // the first is the one that the process began with
static int stopped, never; // futexes
static size_t id_at;       // where glibc keeps a thread's id behind `local`
static char stacks[MOST_THREADS][STACK] __attribute__((aligned(16)));

static int futex(int *word, int what, int value) {
    struct timespec patience = {PATIENCE_MS / 1000, 0};
    return (int)syscall(SYS_futex, word, what | FUTEX_PRIVATE_FLAG, value, what == FUTEX_WAIT && word == &stopped ? &patience : NULL, NULL, 0);
}

// Runs in each thread of QEMU. Returns in copies alone.
static void stop(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)context;
    int before = errno;
    struct thread *self = info->si_value.sival_ptr;
    self->local = __builtin_thread_pointer();
    if (!_setjmp(self->at)) {
        __atomic_fetch_add(&stopped, 1, __ATOMIC_SEQ_CST);
        futex(&stopped, FUTEX_WAKE, 1);
        for (;;)
            futex(&never, FUTEX_WAIT, 0);
    }
    errno = before;
}

int be_ready_to_stop(void) {
    struct sigaction action = {.sa_sigaction = stop, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigfillset(&action.sa_mask);
    return sigaction(STOP, &action, NULL);
}

static _Noreturn void go_on(struct thread *thread) { _longjmp(thread->at, 1); }

// The first instructions of a thread in a copy, on a stack that it leaves at once.
static int begin(void *thread) { go_on(thread); }

static bool known(pid_t id) {
    for (size_t i = 0; i < thread_count; i++)
        if (threads[i].id == id)
            return true;
    return false;
}

// Stops every thread but this one, and those that were begun meanwhile.
const char *stop_threads(void) {
    pid_t self = (pid_t)syscall(SYS_gettid), process = getpid();
    for (size_t before = MOST_THREADS; before != thread_count;) {
        before = thread_count;
        DIR *folder = opendir("/proc/self/task");
        if (!folder)
            return fail("listing threads");
        for (struct dirent *entry; (entry = readdir(folder));) {
            pid_t id = (pid_t)atoi(entry->d_name);
            if (id <= 0 || id == self || known(id))
                continue;
            if (thread_count == MOST_THREADS)
                return "too many threads";
            struct thread *thread = &threads[thread_count];
            siginfo_t info = {.si_signo = STOP, .si_code = SI_QUEUE};
            info.si_value.sival_ptr = thread;
            thread->id = id;
            if (id == process)
                first_thread = thread_count;
            if (!syscall(SYS_rt_tgsigqueueinfo, process, id, STOP, &info))
                thread_count++;
            else if (errno != ESRCH)
                return fail("stopping a thread");
        }
        closedir(folder);
        for (int now; (now = __atomic_load_n(&stopped, __ATOMIC_SEQ_CST)) < (int)thread_count;)
            if (futex(&stopped, FUTEX_WAIT, now) < 0 && errno == ETIMEDOUT)
                return "a thread of QEMU does not stop";
    }
    return NULL;
}

// glibc keeps a thread's id beside its thread-local storage, at the same place for all threads.
const char *find_ids(void) {
    for (id_at = 0; id_at < 4096; id_at += sizeof(pid_t)) {
        bool all = *(pid_t *)((char *)__builtin_thread_pointer() + id_at) == (pid_t)syscall(SYS_gettid);
        for (size_t i = 0; i < thread_count && all; i++)
            all = *(pid_t *)(threads[i].local + id_at) == threads[i].id;
        if (all)
            return NULL;
    }
    return "this C library keeps the ids of threads where nobody finds them";
}

const char *begin_threads(void) {
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
    for (size_t i = 0; i < thread_count; i++) {
        pid_t *id = (pid_t *)(threads[i].local + id_at);
        if (i != first_thread && clone(begin, stacks[i] + STACK, flags, &threads[i], id, threads[i].local, id) < 0)
            return fail("beginning a thread");
    }
    return NULL;
}

_Noreturn void become_first(void) {
    struct thread *first = &threads[first_thread];
    pid_t *id = (pid_t *)(first->local + id_at);
    *id = (pid_t)syscall(SYS_set_tid_address, id);
    syscall(SYS_arch_prctl, 0x1002 /* ARCH_SET_FS */, first->local);
    go_on(first);
}
