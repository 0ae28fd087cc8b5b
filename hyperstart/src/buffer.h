// A growing row of bytes, and memory that is given back all at once.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
    uint8_t *data;
    size_t size, capacity;
};

// Space for n more bytes; the caller fills them. Running out of memory ends the machine: pid 1 cannot go on without.
uint8_t *buffer_grow(struct buffer *b, size_t n);
void buffer_add(struct buffer *b, const void *data, size_t n);
void buffer_free(struct buffer *b);

struct arena {
    struct arena_block *blocks;
};

// Zeroed memory that lives until arena_free.
void *arena_alloc(struct arena *a, size_t n);
char *arena_text(struct arena *a, const uint8_t *data, size_t n);
void arena_free(struct arena *a);

void *must_alloc(size_t n);
