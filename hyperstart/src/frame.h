// Frames as in PROTOCOL.md sections 1 to 4.
#pragma once
#include "buffer.h"

enum {
    MAX_FRAME = 65536,
    FRAME_HEADER = 16,
    FRAME_OVERHEAD = FRAME_HEADER + 1,
    MAX_PAYLOAD = MAX_FRAME - FRAME_OVERHEAD,
    MAX_MESSAGE = 8 << 20,
    MAGIC_SIZE = 16,
    NONCE_SIZE = 16,
    FRAME_TRAILER = 0xA5,
    FLAG_MORE = 1,
};

enum {
    ATTACH = 1, HELLO, RESUME, NETWORK, PLAN, START, SIGNAL, EXEC, RESIZE_TTY, LIST, OPEN, REMOVE, UPDATE, STATS,
    WRITE_FILES, READ_FILE, CONNECT, SHUTDOWN, COPY, FORGET, GROW,
    DATA = 0x2001, WINDOW, END, CLOSE,
    EXITED = 0x4001, OOM,
    ANSWER = 0x8000,
    ERROR = 0xFFFF,
};

extern const uint8_t host_magic[MAGIC_SIZE];
extern const uint8_t guest_magic[MAGIC_SIZE];

struct frame {
    uint32_t stream, request;
    uint16_t type, flags;
    const uint8_t *payload;
    uint32_t size;
};

uint16_t get16(const uint8_t *p);
uint32_t get32(const uint8_t *p);
uint64_t get64(const uint8_t *p);
void put16(uint8_t *p, uint16_t v);
void put32(uint8_t *p, uint32_t v);
void put64(uint8_t *p, uint64_t v);

enum frame_result { FRAME_GOOD, FRAME_PARTIAL, FRAME_BAD_LENGTH, FRAME_BAD };

// Looks for one frame at the start of data. `used` is its size when it is good or bad; the payload points into data.
enum frame_result frame_decode(const uint8_t *data, size_t n, struct frame *frame, size_t *used);

// Adds a frame whose payload of `size` bytes the caller then fills at the returned place.
uint8_t *frame_add(struct buffer *out, uint32_t stream, uint16_t type, uint16_t flags, uint32_t request, size_t size);
// Adds a message as one or more frames.
void message_add(struct buffer *out, uint16_t type, uint32_t request, const struct buffer *payload);
