// Threads that go on in a fork. fork() keeps the calling thread alone, and QEMU has several; so all of them are stopped by a signal first,
// inside whose handler each keeps where it was. In the copy a new thread takes the place of each, on the old stack and with the old
// thread-local storage, and returns from the handler. Locks, lists and conditions are memory, hence still true.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "listing.h"
#include "template.h"

enum { MOST_THREADS = 160, STACK = 4096, LOOK_MS = 100 };

// Where a thread of QEMU stopped.
struct thread {
    pid_t id;    // 0 for one that ended before it could stop
    char *local; // thread-local storage, which begins with glibc's description of the thread; NULL until it has stopped
    jmp_buf at;
};

static struct thread threads[MOST_THREADS];
static size_t thread_count, first_thread; // the first is the one that the process began with
static int stopped, never; // futexes
static size_t id_at;       // where glibc keeps a thread's id behind `local`
static char stacks[MOST_THREADS][STACK] __attribute__((aligned(16)));

static int futex(int *word, int what, int value) {
    struct timespec patience = {0, LOOK_MS * 1000000};
    return (int)syscall(SYS_futex, word, what | FUTEX_PRIVATE_FLAG, value, what == FUTEX_WAIT && word == &stopped ? &patience : NULL, NULL, 0);
}

// Runs in each thread of QEMU. Returns in copies alone.
static void stop(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)context;
    int before = errno;
    struct thread *self = info->si_value.sival_ptr;
    __atomic_store_n(&self->local, (char *)__builtin_thread_pointer(), __ATOMIC_SEQ_CST);
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

// How many of those that were told to stop have ended instead, as one of a pool does that blocks all signals on its way out.
static int count_ended(pid_t process) {
    int ended = 0;
    for (size_t i = 0; i < thread_count; i++) {
        struct thread *thread = &threads[i];
        if (thread->id && !__atomic_load_n(&thread->local, __ATOMIC_SEQ_CST) && syscall(SYS_tgkill, process, thread->id, 0) < 0 && errno == ESRCH)
            thread->id = 0;
        ended += !thread->id;
    }
    return ended;
}

static const char *await_stops(pid_t process) {
    int ended = 0, waited = 0;
    for (int now; (now = __atomic_load_n(&stopped, __ATOMIC_SEQ_CST)) < (int)thread_count - ended;)
        if (futex(&stopped, FUTEX_WAIT, now) < 0 && errno == ETIMEDOUT) {
            ended = count_ended(process);
            if ((waited += LOOK_MS) >= PATIENCE_MS)
                return "a thread of QEMU does not stop";
        }
    return NULL;
}

static const char *tell_threads(pid_t process, struct listing *listing) {
    pid_t self = (pid_t)syscall(SYS_gettid);
    int id;
    while ((id = list_next(listing)) >= 0) {
        if (id == self || known(id))
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
    return id == -1 ? NULL : fail("listing threads");
}

// Stops every thread but this one, and those that were begun meanwhile.
const char *stop_threads(void) {
    static struct listing listing;
    pid_t process = getpid();
    const char *wrong = NULL;
    for (size_t before = MOST_THREADS; !wrong && before != thread_count;) {
        before = thread_count;
        if (!list_begin(&listing, "/proc/self/task"))
            return fail("listing threads");
        wrong = tell_threads(process, &listing);
        list_end(&listing);
        if (!wrong)
            wrong = await_stops(process);
    }
    return wrong;
}

// glibc keeps a thread's id beside its thread-local storage, at the same place for all threads.
const char *find_ids(void) {
    for (id_at = 0; id_at < 4096; id_at += sizeof(pid_t)) {
        bool all = *(pid_t *)((char *)__builtin_thread_pointer() + id_at) == (pid_t)syscall(SYS_gettid);
        for (size_t i = 0; i < thread_count && all; i++)
            all = !threads[i].id || *(pid_t *)(threads[i].local + id_at) == threads[i].id;
        if (all)
            return NULL;
    }
    return "this C library keeps the ids of threads where nobody finds them";
}

const char *begin_threads(void) {
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
    for (size_t i = 0; i < thread_count; i++) {
        if (!threads[i].id)
            continue;
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
