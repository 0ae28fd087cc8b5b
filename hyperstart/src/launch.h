// From a fork to a program running inside a container: the child's half (launch_child) and the parent's (struct launch), which
// waits on a socket for what the child tells: who it became, its terminal, or why it failed.
#pragma once
#include <stdnoreturn.h>

#include "container.h"

struct launch {
    struct watch watch;   // the parent's end
    struct identity who;
    int master;           // terminal handed over by the child; -1: none
    bool failed;
    struct failure failure;
    void (*done)(struct launch *l);  // the program runs, or the child failed
    void *owner;
    struct asked asked;
};

struct launch_plan {
    struct container *container;
    const struct exec_spec *exec;  // null: the container's own first process
    int status;                    // the child's end of the socket
    int standard[3];               // unused when there is a terminal
};

void launch_listen(struct launch *l, int fd, void (*done)(struct launch *), void *owner, struct asked asked);
// Takes what has come without waiting; when the child is known to be dead this is all there will be.
void launch_finish(struct launch *l);
noreturn void launch_child(const struct launch_plan *plan);
