#include "message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FIELD_HEADER = 6, CRITICAL = 0x8000 };

static void fill(struct failure *f, int error, const char *step, const char *format, va_list args) {
    f->error = error;
    snprintf(f->step, sizeof f->step, "%s", step);
    vsnprintf(f->text, sizeof f->text, format, args);
}

bool fail(struct failure *f, int error, const char *step, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fill(f, error, step, format, args);
    va_end(args);
    return false;
}

bool fail_errno(struct failure *f, const char *step, const char *format, ...) {
    int error = errno;
    va_list args;
    va_start(args, format);
    fill(f, error, step, format, args);
    va_end(args);
    size_t n = strlen(f->text);
    snprintf(f->text + n, sizeof f->text - n, ": %s", strerror(error));
    return false;
}

int field_next(struct bytes *row, uint16_t *tag, struct bytes *value) {
    if (row->size == 0) return 0;
    if (row->size < FIELD_HEADER) return -1;
    *tag = get16(row->data);
    value->size = get32(row->data + 2);
    value->data = row->data + FIELD_HEADER;
    if (value->size > row->size - FIELD_HEADER) return -1;
    row->data += FIELD_HEADER + value->size;
    row->size -= FIELD_HEADER + value->size;
    return 1;
}

static const struct rule *rule_of(const struct schema *s, uint16_t tag) {
    for (uint32_t i = 0; i < s->count; i++)
        if (s->rules[i].tag == tag) return &s->rules[i];
    return NULL;
}

static uint32_t size_of(const struct rule *r) {
    switch (r->kind) {
    case BOOL: return sizeof(bool);
    case U32: return sizeof(uint32_t);
    case U64: case I64: return sizeof(uint64_t);
    case STR: return sizeof(char *);
    case BYTES: return sizeof(struct bytes);
    default: return r->sub->size;
    }
}

static bool decode_value(const struct schema *s, const struct rule *r, struct bytes v, void *to, struct arena *arena, struct failure *f) {
    static const uint8_t sizes[] = {[BOOL] = 1, [U32] = 4, [U64] = 8, [I64] = 8};
    if (r->kind <= I64 && v.size != sizes[r->kind])
        return fail(f, EINVAL, "message", "%s.%s: %u bytes instead of %u", s->name, r->name, v.size, sizes[r->kind]);
    switch (r->kind) {
    case BOOL:
        if (v.data[0] > 1) return fail(f, EINVAL, "message", "%s.%s is neither 0 nor 1", s->name, r->name);
        *(bool *)to = v.data[0];
        return true;
    case U32: {
        uint32_t n = get32(v.data);
        if (r->most && n > r->most) return fail(f, EINVAL, "message", "%s.%s is %u, at most %u is possible", s->name, r->name, n, r->most);
        *(uint32_t *)to = n;
        return true;
    }
    case U64: case I64:
        *(uint64_t *)to = get64(v.data);
        return true;
    case STR:
        if (v.size > (r->most ? r->most : 4096)) return fail(f, EINVAL, "message", "%s.%s is too long", s->name, r->name);
        if (v.size && memchr(v.data, 0, v.size)) return fail(f, EINVAL, "message", "%s.%s holds a NUL", s->name, r->name);
        *(char **)to = arena_text(arena, v.data, v.size);
        return true;
    case BYTES:
        if (r->most && v.size > r->most) return fail(f, EINVAL, "message", "%s.%s is too long", s->name, r->name);
        *(struct bytes *)to = v;
        return true;
    default:
        return message_decode(r->sub, v, to, arena, f);
    }
}

// Counts each field of the row first, so that lists are allocated once.
static bool count_fields(const struct schema *s, struct bytes row, uint32_t *counts, struct failure *f) {
    uint16_t tag;
    struct bytes value;
    int more;
    while ((more = field_next(&row, &tag, &value)) > 0) {
        const struct rule *r = rule_of(s, tag);
        if (!r) {
            if (tag & CRITICAL) return fail(f, EOPNOTSUPP, "message", "%s: field %u is unknown to this guest", s->name, tag);
            continue;
        }
        if (++counts[r - s->rules] > (r->repeat ? r->repeat : 1))
            return fail(f, EINVAL, "message", "%s.%s comes too often", s->name, r->name);
    }
    if (more < 0) return fail(f, EINVAL, "message", "%s: a field is cut off", s->name);
    for (uint32_t i = 0; i < s->count; i++)
        if (s->rules[i].required && !counts[i]) return fail(f, EINVAL, "message", "%s.%s is missing", s->name, s->rules[i].name);
    return true;
}

bool message_decode(const struct schema *s, struct bytes row, void *out, struct arena *arena, struct failure *f) {
    uint32_t counts[32] = {0};
    if (s->count > 32) return fail(f, EINVAL, "message", "%s has too many fields", s->name);
    if (!count_fields(s, row, counts, f)) return false;
    memset(out, 0, s->size);
    for (uint32_t i = 0; i < s->count; i++) {
        const struct rule *r = &s->rules[i];
        uint8_t *to = (uint8_t *)out + r->offset;
        if (r->repeat)
            ((struct list *)to)->items = counts[i] ? arena_alloc(arena, (size_t)counts[i] * size_of(r)) : NULL;
        else if (r->kind == STR)
            *(char **)to = arena_text(arena, NULL, 0);
        else if (r->kind == MSG && !counts[i] && !message_decode(r->sub, (struct bytes){0}, to, arena, f) && r->required)
            return false;
    }
    uint16_t tag;
    struct bytes value;
    while (field_next(&row, &tag, &value) > 0) {
        const struct rule *r = rule_of(s, tag);
        if (!r) continue;
        uint8_t *to = (uint8_t *)out + r->offset;
        if (r->repeat) {
            struct list *list = (struct list *)to;
            to = (uint8_t *)list->items + (size_t)list->count++ * size_of(r);
        }
        if (!decode_value(s, r, value, to, arena, f)) return false;
    }
    return true;
}

static uint8_t *add(struct buffer *b, uint16_t tag, size_t n) {
    uint8_t *p = buffer_grow(b, FIELD_HEADER + n);
    put16(p, tag);
    put32(p + 2, (uint32_t)n);
    return p + FIELD_HEADER;
}

void add_bool(struct buffer *b, uint16_t tag, bool v) { *add(b, tag, 1) = v; }
void add_u32(struct buffer *b, uint16_t tag, uint32_t v) { put32(add(b, tag, 4), v); }
void add_u64(struct buffer *b, uint16_t tag, uint64_t v) { put64(add(b, tag, 8), v); }
void add_text(struct buffer *b, uint16_t tag, const char *v) { add_bytes(b, tag, v, strlen(v)); }

void add_bytes(struct buffer *b, uint16_t tag, const void *data, size_t n) {
    uint8_t *p = add(b, tag, n);
    if (n) memcpy(p, data, n);
}

size_t add_begin(struct buffer *b, uint16_t tag) {
    add(b, tag, 0);
    return b->size;
}

void add_end(struct buffer *b, size_t mark) { put32(b->data + mark - 4, (uint32_t)(b->size - mark)); }
