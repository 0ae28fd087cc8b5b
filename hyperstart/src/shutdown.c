#define _GNU_SOURCE
#include "shutdown.h"

#include <signal.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "container.h"
#include "disks.h"

enum { FLUSH_MILLIS = 500 };

static enum { NO, TERMINATING, ANSWERED } state;
static struct asked asker;
static struct timer timer;

static void reset(struct timer *t) {
    (void)t;
    reboot(RB_AUTOBOOT);
}

static void kill_all(struct timer *t) {
    (void)t;
    for (struct container *c = containers; c; c = c->next)
        if (c->state == RUNNING) {
            kill(c->pid, SIGKILL);
            container_signal(c, SIGKILL, true);
        }
}

void shutdown_check(void) {
    if (state == TERMINATING && !containers_running()) {
        state = ANSWERED;
        timer_stop(&timer);
        disks_unmount();
        answer(asker, NULL);
        // The answer is sent first; a host that does not read does not hold the machine up.
        timer = (struct timer){.due = reset};
        timer_set(&timer, FLUSH_MILLIS);
    }
    if (state == ANSWERED && session_output()->size == 0) reset(NULL);
}

void shutdown_start(uint32_t grace_millis, struct asked asked) {
    asker = asked;
    if (state == ANSWERED) return;
    state = TERMINATING;
    timer_stop(&timer);
    timer = (struct timer){.due = kill_all};
    for (struct container *c = containers; c && grace_millis; c = c->next)
        if (c->state == RUNNING) kill(c->pid, SIGTERM);
    if (grace_millis) timer_set(&timer, grace_millis);
    else kill_all(&timer);
    shutdown_check();
}
