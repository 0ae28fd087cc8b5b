#include "ring.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"

size_t ring_room(const struct ring *r) { return r->capacity - (size_t)(r->tail - r->head); }

uint8_t *ring_space(struct ring *r, size_t *n) {
    if (!r->data) r->data = must_alloc(r->capacity);
    size_t at = (size_t)(r->tail & (r->capacity - 1)), room = ring_room(r);
    *n = r->capacity - at < room ? r->capacity - at : room;
    return r->data + at;
}

void ring_wrote(struct ring *r, size_t n) { r->tail += n; }

const uint8_t *ring_peek(const struct ring *r, uint64_t offset, size_t most, size_t *n) {
    size_t at = (size_t)(offset & (r->capacity - 1)), kept = (size_t)(r->tail - offset);
    size_t piece = r->capacity - at < kept ? r->capacity - at : kept;
    *n = piece < most ? piece : most;
    return r->data + at;
}

void ring_put(struct ring *r, const uint8_t *data, size_t n) {
    while (n) {
        size_t piece;
        uint8_t *to = ring_space(r, &piece);
        if (piece > n) piece = n;
        memcpy(to, data, piece);
        ring_wrote(r, piece);
        data += piece;
        n -= piece;
    }
}

void ring_release(struct ring *r, uint64_t offset) {
    if (offset > r->tail) offset = r->tail;
    if (offset > r->head) r->head = offset;
}

void ring_free(struct ring *r) {
    free(r->data);
    r->data = NULL;
}
