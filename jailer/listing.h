// The numbers that name the entries of a folder of /proc, read without memory or locks of the C library: a thread that was stopped may hold them for ever.
#ifndef LISTING_H
#define LISTING_H

#include <stdbool.h>

// For one thread at a time.
struct listing {
    int folder; // its own descriptor, which it lists too when the folder is that of descriptors
    long at, size;
    char entries[4096] __attribute__((aligned(8)));
};

bool list_begin(struct listing *listing, const char *folder); // false and errno
int list_next(struct listing *listing);                       // -1 at the end, -2 and errno when it cannot be read
void list_end(struct listing *listing);

#endif
