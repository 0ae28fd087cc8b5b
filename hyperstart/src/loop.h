// The one event loop: descriptors and timers. Everything in hyperstart runs on it; what would block is done by a forked child.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

struct watch {
    int fd;
    uint32_t events;  // what it is registered for; 0: not registered
    void (*ready)(struct watch *w, uint32_t events);
    void *owner;
};

struct timer {
    uint64_t at;  // CLOCK_MONOTONIC nanoseconds; 0: not set
    void (*due)(struct timer *t);
    void *owner;
    struct timer *next;
};

void loop_open(void);
// Changes what a watch waits for. 0 takes it out altogether, for a hang-up is otherwise reported for ever.
void watch_set(struct watch *w, uint32_t events);
// Takes the watch out and closes its descriptor (-1 afterwards). May be called twice.
void watch_close(struct watch *w);
void timer_set(struct timer *t, uint32_t millis);
void timer_stop(struct timer *t);
// Waits for one event (not at all when `busy`) and handles it.
void loop_turn(bool busy);

uint64_t monotonic_nanos(void);
uint64_t boot_nanos(void);
uint64_t wall_nanos(void);
