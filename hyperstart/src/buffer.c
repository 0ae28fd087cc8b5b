#include "buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *must_alloc(size_t n) {
    void *p = calloc(1, n ? n : 1);
    if (!p) {
        static const char text[] = "hyperstart: out of memory\n";
        fwrite(text, 1, sizeof text - 1, stderr);
        abort();
    }
    return p;
}

uint8_t *buffer_grow(struct buffer *b, size_t n) {
    if (b->capacity - b->size < n) {
        size_t capacity = b->capacity ? b->capacity : 256;
        while (capacity - b->size < n) capacity *= 2;
        uint8_t *data = realloc(b->data, capacity);
        if (!data) abort();
        b->data = data;
        b->capacity = capacity;
    }
    uint8_t *at = b->data + b->size;
    b->size += n;
    return at;
}

void buffer_add(struct buffer *b, const void *data, size_t n) {
    if (n) memcpy(buffer_grow(b, n), data, n);
}

void buffer_free(struct buffer *b) {
    free(b->data);
    *b = (struct buffer){0};
}

struct arena_block {
    struct arena_block *next;
    _Alignas(16) uint8_t data[];
};

void *arena_alloc(struct arena *a, size_t n) {
    struct arena_block *block = must_alloc(sizeof *block + n);
    block->next = a->blocks;
    a->blocks = block;
    return block->data;
}

char *arena_text(struct arena *a, const uint8_t *data, size_t n) {
    char *text = arena_alloc(a, n + 1);
    if (n) memcpy(text, data, n);
    return text;
}

void arena_free(struct arena *a) {
    while (a->blocks) {
        struct arena_block *next = a->blocks->next;
        free(a->blocks);
        a->blocks = next;
    }
}
