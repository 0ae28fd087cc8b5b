#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "forkserver.h"

// A program that runs no other, has all its files and threads of its own alone.
static const unsigned short denied[] = {
    // other programs and processes
    SYS_execve, SYS_execveat, SYS_fork, SYS_vfork, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_pidfd_getfd,
    SYS_process_madvise,
    // namespaces and mounts
    SYS_setns, SYS_unshare, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_open_tree, SYS_move_mount, SYS_fsopen,
    SYS_fsconfig, SYS_fsmount, SYS_fspick, SYS_open_by_handle_at, SYS_name_to_handle_at, SYS_quotactl, SYS_swapon, SYS_swapoff,
    // users, sessions, priorities
    SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid, SYS_setfsuid, SYS_setfsgid, SYS_setgroups, SYS_capset,
    SYS_setpgid, SYS_setsid, SYS_setpriority, SYS_sched_setparam, SYS_sched_setscheduler, SYS_sched_setaffinity, SYS_sched_setattr, SYS_ioprio_set,
    // large parts of the host's kernel that no machine needs
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_keyctl, SYS_add_key, SYS_request_key, SYS_io_uring_setup, SYS_io_uring_enter,
    SYS_io_uring_register, SYS_modify_ldt, SYS_move_pages, SYS_migrate_pages, SYS_vmsplice, SYS_fanotify_init, SYS_personality,
    // the host itself
    SYS_reboot, SYS_kexec_load, SYS_kexec_file_load, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_syslog, SYS_acct, SYS_iopl,
    SYS_ioperm, SYS_settimeofday, SYS_clock_settime, SYS_clock_adjtime, SYS_adjtimex, SYS_sethostname, SYS_setdomainname, SYS_vhangup,
    // long dead
    SYS_uselib, SYS_ustat, SYS_sysfs, SYS__sysctl, SYS_create_module, SYS_get_kernel_syms, SYS_query_module, SYS_nfsservctl, SYS_lookup_dcookie,
};

// What came to Linux later (5.11 and on) nobody here has looked at; the C library does without.
enum { UNKNOWN = SYS_process_madvise + 1 };
enum { COUNT = sizeof denied / sizeof *denied, THREAD = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD };

int fork_filter(void) {
    static struct sock_filter program[COUNT + 20];
    size_t n = 0;
#define ADD(...) program[n++] = (struct sock_filter)__VA_ARGS__
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
    ADD(LOAD(offsetof(struct seccomp_data, arch)));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
    ADD(RETURN(SECCOMP_RET_KILL_PROCESS));
    ADD(LOAD(offsetof(struct seccomp_data, nr)));
    ADD(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000 /* x32 */, 0, 1));
    ADD(RETURN(SECCOMP_RET_KILL_PROCESS));
    // The C library then makes threads by clone, whose flags can be looked at.
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1));
    ADD(RETURN(SECCOMP_RET_ERRNO | ENOSYS));
    ADD(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, UNKNOWN, 0, 1));
    ADD(RETURN(SECCOMP_RET_ERRNO | ENOSYS));
    // It has no way to anybody.
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 1));
    ADD(RETURN(SECCOMP_RET_ERRNO | EPERM));
    for (size_t i = 0; i < COUNT; i++)
        ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, denied[i], (unsigned char)(COUNT - i + 1), 0));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 2, 0));
    ADD(RETURN(SECCOMP_RET_ALLOW));
    ADD(RETURN(SECCOMP_RET_KILL_PROCESS));
    ADD(LOAD(offsetof(struct seccomp_data, args[0])));
    ADD(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, THREAD));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THREAD, 0, 1));
    ADD(RETURN(SECCOMP_RET_ALLOW));
    ADD(RETURN(SECCOMP_RET_KILL_PROCESS));
    struct sock_fprog whole = {(unsigned short)n, program};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole, 0, 0);
}
