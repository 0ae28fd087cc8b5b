// The parent's half of a launch.
#define _GNU_SOURCE
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void take_descriptor(struct launch *l, struct msghdr *m) {
    struct cmsghdr *c = CMSG_FIRSTHDR(m);
    if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) return;
    if (l->master >= 0) close(l->master);
    memcpy(&l->master, CMSG_DATA(c), sizeof l->master);
}

// False at the end: the child has run its program (the socket closes at exec) or is gone.
static bool take_message(struct launch *l) {
    union {
        struct identity who;
        struct failure failure;
    } body;
    char kind;
    struct iovec parts[2] = {{&kind, 1}, {&body, sizeof body}};
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct msghdr m = {.msg_iov = parts, .msg_iovlen = 2, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t n = recvmsg(l->watch.fd, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (n <= 0) return false;
    if (kind == 'U') {
        l->who = body.who;
    } else if (kind == 'E') {
        l->failed = true;
        l->failure = body.failure;
    } else if (kind == 'T') {
        take_descriptor(l, &m);
    }
    return true;
}

static void finish(struct launch *l) {
    watch_close(&l->watch);
    l->done(l);
}

static void ready(struct watch *w, uint32_t events) {
    (void)events;
    struct launch *l = w->owner;
    if (!take_message(l)) finish(l);
}

void launch_listen(struct launch *l, int fd, void (*done)(struct launch *), void *owner, struct asked asked) {
    *l = (struct launch){.watch = {.fd = fd, .ready = ready, .owner = l}, .master = -1, .done = done, .owner = owner, .asked = asked};
    watch_set(&l->watch, EPOLLIN);
}

void launch_finish(struct launch *l) {
    while (take_message(l)) {
        char peek;
        if (recv(l->watch.fd, &peek, 1, MSG_PEEK | MSG_DONTWAIT) < 0) break;
    }
    finish(l);
}
