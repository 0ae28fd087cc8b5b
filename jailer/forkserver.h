// What the fork server and the engine say to each other, and the filter that its copies get.
#ifndef FORKSERVER_H
#define FORKSERVER_H

#include <stdbool.h>
#include <stdint.h>

// Number of the server's socket in the template.
enum { CONTROL = 6 };

// A copy's descriptors in the order in which they come; cgroup.procs of each hierarchy follow, open for writing.
enum given { CONSOLE, QMP, GUEST, TAP, CGROUPS, MOST_GIVEN = 24 };

// Numbers are in the byte order of the host.
struct request {
    uint32_t uid, gid;
    unsigned char uuid[16];
    char name[104]; // for the process list
};

// `wrong` is empty when the copy runs. A pid with something wrong is that of a copy that ends by itself.
struct answer {
    int32_t pid;
    char wrong[252];
};

// From now on only what a machine needs that has all its devices. 0, or -1 and errno.
int fork_filter(void);

#endif
