// A process that joins a running container; it belongs to the session that opened it.
#pragma once
#include "container.h"

void exec_start(struct bytes message, struct asked asked);
void copy_start(struct bytes message, struct asked asked);  // a copy is an exec of hyperstart itself
bool exec_reaped(int pid, int status);
void execs_session_ended(void);                     // hangs up those of older sessions
void execs_kill(const struct container *c);         // c is about to be removed
int exec_signal(const struct container *c, uint32_t id, int signal);
int exec_resize(const struct container *c, uint32_t id, uint32_t rows, uint32_t columns);

// fork in the process namespace of the process behind a pidfd.
long fork_into(int pidfd);
// Pipes for standard streams: theirs[0..2] for the child; ours[0] to write to (when `input`), ours[1], ours[2] to read from.
bool pipes_make(bool input, int ours[3], int theirs[3]);
void pipes_close(int fds[3]);
