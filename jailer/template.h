// The parts of the fork server, all in the template's process.
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include <stdint.h>

enum {
    STOP = 60, // the signal that stops a thread
    PATIENCE_MS = 2000,
    MOST_FILES = 256
};

// calls.c: what QEMU asked for, of which nobody can be asked later.
extern uint64_t signals_of[MOST_FILES]; // by number of the file
extern unsigned tap_offloads;           // told to the tap last
extern int tap_header_size;

// threads.c. Those with a text say what is wrong, NULL when nothing is.
int be_ready_to_stop(void);           // 0, or -1 and errno
const char *stop_threads(void);       // every thread but this one, for ever
const char *find_ids(void);           // of those that have stopped
const char *begin_threads(void);      // in a copy: all that were stopped, but the first
_Noreturn void become_first(void);    // in a copy, whose only own thread becomes the process's first

// calls.c: QEMU reads what it is told on its control socket a byte a turn; from now on it reads more at once.
void read_faster(void);

// forkserver.c: what failed, and errno by its name, which takes no lock of the C library. For one thread.
const char *fail(const char *what);

#endif
