// A container: prepared by PLAN, started once, kept with its output until REMOVE.
#pragma once
#include "session.h"
#include "spec.h"
#include "streams.h"
#include "users.h"

enum { PREPARED = 1, RUNNING, STOPPED };

struct launch;

struct container {
    struct container *next;
    struct arena arena;
    struct container_spec spec;
    uint32_t state;
    int pid, pidfd;
    int master;               // the terminal, for its size; -1: none
    struct sink input;
    struct source output[2];  // standard output, standard error
    uint64_t started, exited, oom_kills;
    uint32_t code, signal;
    bool oom_killed;
    struct identity who;
    char *error;              // why it could not be started
    struct watch oom_watch;
    struct launch *launch;    // while its start is under way
    bool removing;
    struct asked remove_asked;
};

extern struct container *containers;

struct container *container_find(const char *id);
bool container_plan(struct bytes message, bool *start, const char **id, struct failure *f);
void container_start(struct container *c, struct asked asked);
void container_remove(struct container *c, struct asked asked);
// A child was reaped; true when it was a container's first process.
bool container_reaped(int pid, int status);
int container_signal(struct container *c, int signal, bool all);  // 0 or an errno
int container_open_stream(struct container *c, uint32_t kind, uint32_t id, uint64_t offset, uint64_t limit);  // 0 or an errno
void container_list(const struct container *c, struct buffer *b, uint16_t tag);
void container_root_path(const struct container *c, char *to, size_t size);
bool containers_running(void);

int terminal_resize(int master, uint32_t rows, uint32_t columns);  // 0 or an errno
