// hyperstart: pid 1 of a HyperVM. Boots, then serves the host's requests on one event loop and never ends by itself.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot.h"
#include "cgroup.h"
#include "container.h"
#include "exec.h"
#include "log.h"
#include "loop.h"
#include "network.h"
#include "phases.h"
#include "port.h"
#include "rehearse.h"
#include "session.h"
#include "shutdown.h"

static void reap(struct watch *w, uint32_t events) {
    (void)events;
    struct signalfd_siginfo info;
    while (read(w->fd, &info, sizeof info) > 0) continue;
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (!container_reaped(pid, status)) exec_reaped(pid, status);
    shutdown_check();
}

static struct watch open_signals(void) {
    sigset_t set;
    sigfillset(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    return (struct watch){.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .ready = reap};
}

int main(int count, char **arguments) {
    // In a container.
    if (count == 2 && !strncmp(arguments[1], "--rehearse", strlen("--rehearse"))) return rehearse(arguments[1]);
    // The kernel's call: modprobe -q -- NAME.
    if (getpid() != 1 && count > 1 && !strcmp(arguments[0], MODPROBE)) boot_module_asked(arguments[count - 1]);
    if (getpid() != 1) {
        fprintf(stderr, "hyperstart is the init of a HyperVM and runs as process 1 there\n");
        return 2;
    }
    phase_reached("init");
    boot_mounts();
    port_listen_for_devices();
    boot_modules();
    phase_reached("modules");
    boot_leave_initramfs();
    boot_sysctls();
    boot_stop_interval_timer();
    cgroup_setup();
    network_loopback_up();
    phase_reached("mounts");
    struct watch signals = open_signals();
    loop_open();
    watch_set(&signals, EPOLLIN);
    session_open();
    while (!port_open()) sleep(1);
    phase_reached("port");
    for (;;) {
        bool busy = port_turn();
        shutdown_check();
        loop_turn(busy);
    }
}
