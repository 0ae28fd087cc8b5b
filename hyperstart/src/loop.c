#define _GNU_SOURCE
#include "loop.h"

#include <time.h>
#include <unistd.h>

static int epoll_fd = -1;
static struct timer *timers;

static uint64_t nanos(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t monotonic_nanos(void) { return nanos(CLOCK_MONOTONIC); }
uint64_t boot_nanos(void) { return nanos(CLOCK_BOOTTIME); }
uint64_t wall_nanos(void) { return nanos(CLOCK_REALTIME); }

void loop_open(void) { epoll_fd = epoll_create1(EPOLL_CLOEXEC); }

void watch_set(struct watch *w, uint32_t events) {
    if (w->fd < 0 || w->events == events) return;
    struct epoll_event e = {.events = events, .data.ptr = w};
    epoll_ctl(epoll_fd, events == 0 ? EPOLL_CTL_DEL : w->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, w->fd, &e);
    w->events = events;
}

void watch_close(struct watch *w) {
    if (w->fd < 0) return;
    watch_set(w, 0);
    close(w->fd);
    w->fd = -1;
}

void timer_stop(struct timer *t) {
    if (!t->at) return;
    for (struct timer **p = &timers; *p; p = &(*p)->next)
        if (*p == t) {
            *p = t->next;
            break;
        }
    t->at = 0;
}

void timer_set(struct timer *t, uint32_t millis) {
    timer_stop(t);
    t->at = monotonic_nanos() + millis * 1000000ull;
    struct timer **p = &timers;
    while (*p && (*p)->at <= t->at) p = &(*p)->next;
    t->next = *p;
    *p = t;
}

void loop_turn(bool busy) {
    int timeout = -1;
    if (busy) {
        timeout = 0;
    } else if (timers) {
        uint64_t now = monotonic_nanos();
        timeout = timers->at <= now ? 0 : (int)((timers->at - now) / 1000000u + 1);
    }
    // One event at a time: a handler may free what another event would point to.
    struct epoll_event e;
    if (epoll_wait(epoll_fd, &e, 1, timeout) == 1) {
        struct watch *w = e.data.ptr;
        w->ready(w, e.events);
    }
    uint64_t now = timers ? monotonic_nanos() : 0;
    while (timers && timers->at <= now) {
        struct timer *t = timers;
        timers = t->next;
        t->at = 0;
        t->due(t);
    }
}
