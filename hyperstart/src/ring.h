// Bytes between two cumulative offsets: [head, tail) are kept, head rises when they are no longer needed.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct ring {
    uint8_t *data;      // allocated with the first byte; untouched pages cost nothing
    size_t capacity;    // a power of two
    uint64_t head, tail;
};

size_t ring_room(const struct ring *r);
// Where the next bytes go; *n is how many fit in one piece (0 when full). ring_wrote tells how many were put there.
uint8_t *ring_space(struct ring *r, size_t *n);
void ring_wrote(struct ring *r, size_t n);
// The bytes from offset on that lie in one piece; *n is at most `most`. offset must be in [head, tail].
const uint8_t *ring_peek(const struct ring *r, uint64_t offset, size_t most, size_t *n);
// Copies n bytes in; they must fit.
void ring_put(struct ring *r, const uint8_t *data, size_t n);
// Forgets what lies before offset (at most up to tail).
void ring_release(struct ring *r, uint64_t offset);
void ring_free(struct ring *r);
