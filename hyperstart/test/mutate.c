#include "mutate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fuzz_target.h"
#include "vectors.h"

enum { MAX_SEEDS = 256, MOST = 300000 };

static struct buffer seeds[MAX_SEEDS];
static int seed_count;
static uint64_t state;

static uint32_t draw(uint32_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 11) % below);
}

static void collect(const struct vector *v) {
    if (seed_count < MAX_SEEDS) buffer_add(&seeds[seed_count++], v->bytes.data, v->bytes.size);
}

static void change(struct buffer *b) {
    static const uint32_t numbers[] = {0, 1, 12, 13, 0xFF, 0x7FFF, 0x8000, 65519, 65532, 65533, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
    size_t at = draw((uint32_t)b->size);
    switch (draw(6)) {
    case 0: b->data[at] ^= (uint8_t)(1u << draw(8)); break;
    case 1: b->data[at] = (uint8_t)draw(256); break;
    case 2: if (at + 4 <= b->size) put32(b->data + at, numbers[draw(sizeof numbers / sizeof *numbers)]); break;
    case 3: b->size = at + 1; break;
    case 4: {
        size_t n = draw(64);
        buffer_grow(b, n);
        memmove(b->data + at + n, b->data + at, b->size - n - at);
        break;
    }
    default: if (at + 1 < b->size) memmove(b->data + at, b->data + at + 1, --b->size - at); break;
    }
}

long mutate(const char *vectors, int seconds) {
    seed_count = 0;
    state = 0x9E3779B97F4A7C15;
    vectors_read(vectors, collect);
    long runs = 0;
    time_t end = time(NULL) + seconds;
    for (; time(NULL) < end; runs++) {
        struct buffer b = {0};
        uint8_t how = (uint8_t)draw(256);
        buffer_add(&b, &how, 1);
        for (uint32_t i = 0, n = 1 + draw(4); i < n; i++) {
            struct buffer *s = &seeds[draw((uint32_t)seed_count)];
            buffer_add(&b, s->data, s->size);
        }
        if (draw(50) == 0) memset(buffer_grow(&b, 65536), 0, 65536);
        for (uint32_t i = draw(6); i > 0; i--) change(&b);
        if (b.size && b.size < MOST) LLVMFuzzerTestOneInput(b.data, b.size);
        buffer_free(&b);
    }
    for (int i = 0; i < seed_count; i++) buffer_free(&seeds[i]);
    return runs;
}

static const char *corpus;

static void write_one(const struct vector *v) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", corpus, v->name);
    FILE *f = fopen(path, "wb");
    if (!f) return;
    fputc(1, f);
    fwrite(v->bytes.data, 1, v->bytes.size, f);
    fclose(f);
}

void write_corpus(const char *vectors, const char *folder) {
    corpus = folder;
    vectors_read(vectors, write_one);
}
