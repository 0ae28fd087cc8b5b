// Messages as in PROTOCOL.md section 3: rows of tagged fields, decoded into structs by tables and written field by field.
#pragma once
#include "frame.h"

struct bytes {
    const uint8_t *data;
    uint32_t size;
};

// A repeated field. `items` is an array of what the field's kind decodes to.
struct list {
    void *items;
    uint32_t count;
};

enum kind { BOOL, U32, U64, I64, STR, BYTES, MSG };  // decoded to bool, uint32_t, uint64_t, int64_t, char *, struct bytes, the schema's struct

struct schema;

struct rule {
    uint16_t tag;
    uint8_t kind;
    bool required;
    uint32_t offset;            // in the struct
    uint32_t repeat;            // 0: once; else a struct list of at most so many
    uint32_t most;              // STR, BYTES: longest; U32: greatest value (0: any)
    const struct schema *sub;
    const char *name;
};

struct schema {
    const char *name;
    const struct rule *rules;
    uint32_t count, size;
};

#define SCHEMA(type, rules) {#type, rules, sizeof rules / sizeof *rules, sizeof(struct type)}
#define ONE(type, tag_, field, kind_, most_) {.tag = tag_, .kind = kind_, .offset = offsetof(struct type, field), .most = most_, .name = #field}
#define NEED(type, tag_, field, kind_, most_) {.tag = tag_, .kind = kind_, .offset = offsetof(struct type, field), .most = most_, .required = true, .name = #field}
#define MANY(type, tag_, field, kind_, most_, repeat_) {.tag = tag_, .kind = kind_, .offset = offsetof(struct type, field), .most = most_, .repeat = repeat_, .name = #field}
#define SUB(type, tag_, field, schema_) {.tag = tag_, .kind = MSG, .offset = offsetof(struct type, field), .sub = schema_, .name = #field}
#define SUBS(type, tag_, field, schema_, repeat_) {.tag = tag_, .kind = MSG, .offset = offsetof(struct type, field), .sub = schema_, .repeat = repeat_, .name = #field}

// What went wrong: an errno, a short fixed word and a sentence.
struct failure {
    int error;
    char step[32];
    char text[512];
};

// Fills f and returns false, so that callers can `return fail(...)`.
bool fail(struct failure *f, int error, const char *step, const char *format, ...) __attribute__((format(printf, 4, 5)));
// The same with ": strerror" behind the sentence and errno as the error.
bool fail_errno(struct failure *f, const char *step, const char *format, ...) __attribute__((format(printf, 3, 4)));

// One field of a row; returns 1, 0 at the end, -1 when the row is malformed.
int field_next(struct bytes *row, uint16_t *tag, struct bytes *value);

// Decodes into `out` (schema->size bytes, zeroed here). Strings are copied into the arena and never null; BYTES point into `row`.
bool message_decode(const struct schema *schema, struct bytes row, void *out, struct arena *arena, struct failure *f);

void add_bool(struct buffer *b, uint16_t tag, bool v);
void add_u32(struct buffer *b, uint16_t tag, uint32_t v);
void add_u64(struct buffer *b, uint16_t tag, uint64_t v);
void add_text(struct buffer *b, uint16_t tag, const char *v);
void add_bytes(struct buffer *b, uint16_t tag, const void *data, size_t n);
// A nested message: what is added between the two calls.
size_t add_begin(struct buffer *b, uint16_t tag);
void add_end(struct buffer *b, size_t mark);
