#include "frame.h"

#include <string.h>

const uint8_t host_magic[MAGIC_SIZE] = {0xF5, '\r', '\n', 'H', 'Y', 'P', 'E', 'R', '-', 'A', 'T', 'T', 'A', 'C', 'H', '\n'};
const uint8_t guest_magic[MAGIC_SIZE] = {0xF5, '\r', '\n', 'H', 'Y', 'P', 'E', 'R', '-', 'G', 'U', 'E', 'S', 'T', '=', '\n'};

uint16_t get16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
uint32_t get32(const uint8_t *p) { return (uint32_t)get16(p) << 16 | get16(p + 2); }
uint64_t get64(const uint8_t *p) { return (uint64_t)get32(p) << 32 | get32(p + 4); }

void put16(uint8_t *p, uint16_t v) {
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

void put32(uint8_t *p, uint32_t v) {
    put16(p, (uint16_t)(v >> 16));
    put16(p + 2, (uint16_t)v);
}

void put64(uint8_t *p, uint64_t v) {
    put32(p, (uint32_t)(v >> 32));
    put32(p + 4, (uint32_t)v);
}

enum frame_result frame_decode(const uint8_t *data, size_t n, struct frame *frame, size_t *used) {
    if (n < 4) return FRAME_PARTIAL;
    uint32_t length = get32(data);
    if (length < FRAME_OVERHEAD - 4 || length > MAX_FRAME - 4) return FRAME_BAD_LENGTH;
    if (n < (size_t)length + 4) return FRAME_PARTIAL;
    *used = (size_t)length + 4;
    *frame = (struct frame){
        .stream = get32(data + 4), .type = get16(data + 8), .flags = get16(data + 10), .request = get32(data + 12),
        .payload = data + FRAME_HEADER, .size = length + 4 - FRAME_OVERHEAD};
    if (data[*used - 1] != FRAME_TRAILER || (frame->flags & ~FLAG_MORE)) return FRAME_BAD;
    return FRAME_GOOD;
}

uint8_t *frame_add(struct buffer *out, uint32_t stream, uint16_t type, uint16_t flags, uint32_t request, size_t size) {
    uint8_t *p = buffer_grow(out, FRAME_OVERHEAD + size);
    put32(p, (uint32_t)(FRAME_OVERHEAD - 4 + size));
    put32(p + 4, stream);
    put16(p + 8, type);
    put16(p + 10, flags);
    put32(p + 12, request);
    p[FRAME_HEADER + size] = FRAME_TRAILER;
    return p + FRAME_HEADER;
}

void message_add(struct buffer *out, uint16_t type, uint32_t request, const struct buffer *payload) {
    size_t at = 0;
    do {
        size_t n = payload->size - at;
        uint16_t flags = 0;
        if (n > MAX_PAYLOAD) {
            n = MAX_PAYLOAD;
            flags = FLAG_MORE;
        }
        uint8_t *p = frame_add(out, 0, type, flags, request, n);
        if (n) memcpy(p, payload->data + at, n);
        at += n;
    } while (at < payload->size);
}
