// How fast this machine's time stamp counter runs: a guest that is translated reads the host's counter, and one whose kernel cannot
// measure it in time (a busy host is enough) may have no clock at all, so it is told.
#define _GNU_SOURCE
#include "tsc.h"

#include <time.h>
#include <x86intrin.h>

static long long nanos(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

// A reading of both clocks at one instant: the tightest of some, because we may be interrupted between the two.
static void read_both(long long *time, unsigned long long *counter) {
    unsigned long long best = ~0ULL;
    for (int i = 0; i < 16; i++) {
        unsigned long long before = __rdtsc();
        long long now = nanos();
        unsigned long long after = __rdtsc();
        if (after - before < best) {
            best = after - before;
            *time = now;
            *counter = before + best / 2;
        }
    }
}

long tsc_khz(void) {
    const long long window = 20 * 1000 * 1000;
    long long start, end;
    unsigned long long first, last;
    read_both(&start, &first);
    do
        read_both(&end, &last);
    while (end - start < window);
    return (long)((double)(last - first) * 1e6 / (double)(end - start) + 0.5);
}
