#define _GNU_SOURCE
#include "grow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "disks.h"
#include "loop.h"
#include "pod.h"

struct grow {
    char *volume;
    uint64_t bytes;
};

static const struct rule grow_rules[] = {NEED(grow, 1, volume, STR, 128), NEED(grow, 2, bytes, U64, 0)};
static const struct schema grow_schema = SCHEMA(grow, grow_rules);

// What the child tells.
struct outcome {
    bool good;
    struct failure failure;
};

struct growth {
    struct watch watch;
    struct asked asked;
};

static void told(struct watch *w, uint32_t events) {
    (void)events;
    struct growth *g = w->owner;
    struct outcome outcome;
    // Written in one piece, as it is shorter than what a pipe takes so.
    ssize_t n = read(w->fd, &outcome, sizeof outcome);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n != sizeof outcome) {
        outcome.good = false;
        fail(&outcome.failure, EIO, "grow", "whoever was to grow the volume has ended");
    }
    if (outcome.good) answer(g->asked, NULL);
    else answer_failure(g->asked, &outcome.failure);
    watch_close(&g->watch);
    free(g);
}

static bool begin(const struct grow *asked_for, struct asked asked, struct failure *f) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return fail_errno(f, "grow", "making a pipe failed");
    pid_t child = fork();
    if (child == 0) {
        struct outcome outcome = {0};
        outcome.good = volume_grow(asked_for->volume, asked_for->bytes, &outcome.failure);
        _exit(write(ends[1], &outcome, sizeof outcome) == sizeof outcome ? 0 : 1);
    }
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return fail_errno(f, "grow", "forking failed");
    }
    struct growth *g = must_alloc(sizeof *g);
    *g = (struct growth){.watch = {.fd = ends[0], .ready = told, .owner = g}, .asked = asked};
    watch_set(&g->watch, EPOLLIN);
    return true;
}

void grow_start(struct bytes message, struct asked asked) {
    struct grow g;
    struct arena arena = {0};
    struct failure f;
    bool good = message_decode(&grow_schema, message, &g, &arena, &f) && begin(&g, asked, &f);
    arena_free(&arena);
    if (!good) answer_failure(asked, &f);
}
