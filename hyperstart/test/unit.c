// Unit tests of what needs no machine. Usage: unit VECTORS [--mutate SECONDS | --corpus FOLDER]
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive.h"
#include "channel.h"
#include "mutate.h"
#include "spec.h"
#include "streams.h"
#include "vectors.h"

static int checks;

#define CHECK(condition) \
    do { \
        checks++; \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s: not so: %s\n", __FILE__, __LINE__, __func__, #condition); \
            exit(1); \
        } \
    } while (0)

// ---- golden frames

static void check_message(struct bytes row) {
    uint16_t tag;
    struct bytes value;
    int more;
    while ((more = field_next(&row, &tag, &value)) > 0) continue;
    CHECK(more == 0);
}

static void check_vector(const struct vector *v) {
    struct frame f;
    size_t used = 0;
    if (v->bad[0]) {
        enum frame_result result = frame_decode(v->bytes.data, v->bytes.size, &f, &used);
        if (!strncmp(v->bad, "frame", 5)) {
            CHECK(result == FRAME_BAD || result == FRAME_BAD_LENGTH);
        } else {
            CHECK(result == FRAME_GOOD);
            struct bytes row = {f.payload, f.size}, value;
            uint16_t tag;
            int more;
            while ((more = field_next(&row, &tag, &value)) > 0) continue;
            CHECK(more < 0);
        }
        return;
    }
    const uint8_t *data = v->bytes.data;
    size_t n = v->bytes.size;
    if (!strcmp(v->preamble, "host")) {
        CHECK(n > MAGIC_SIZE && !memcmp(data, host_magic, MAGIC_SIZE));
        data += MAGIC_SIZE, n -= MAGIC_SIZE;
    } else if (!strcmp(v->preamble, "guest")) {
        CHECK(n > 2 * MAGIC_SIZE && !memcmp(data, guest_magic, MAGIC_SIZE) && !memcmp(data + MAGIC_SIZE, v->nonce, NONCE_SIZE));
        data += 2 * MAGIC_SIZE, n -= 2 * MAGIC_SIZE;
    }
    CHECK(frame_decode(data, n, &f, &used) == FRAME_GOOD && used == n);
    if (f.stream == 0) check_message((struct bytes){f.payload, f.size});
    if (v->preamble[0]) return;
    CHECK(f.stream == v->stream && f.type == v->type && f.flags == v->flags && f.request == v->request);
    CHECK(f.size == v->payload.size && (f.size == 0 || !memcmp(f.payload, v->payload.data, f.size)));
    struct buffer again = {0};
    memcpy(frame_add(&again, v->stream, v->type, v->flags, v->request, v->payload.size), v->payload.data ? v->payload.data : data, v->payload.size);
    CHECK(again.size == n && !memcmp(again.data, data, n));
    buffer_free(&again);
    // Every strict prefix is partial, never good.
    for (size_t i = 0; i < n; i++) CHECK(frame_decode(data, i, &f, &used) == FRAME_PARTIAL);

    struct failure failure;
    struct arena arena = {0};
    if (v->type == PLAN && !v->flags) {
        struct plan p;
        struct container_spec c;
        CHECK(message_decode(&plan_schema, (struct bytes){v->payload.data, (uint32_t)v->payload.size}, &p, &arena, &failure));
        CHECK(p.containers.count == 1 && message_decode(&container_schema, *(struct bytes *)p.containers.items, &c, &arena, &failure) && container_spec_check(&c, &failure));
        if (!strcmp(v->name, "plan-pod")) {
            CHECK(c.layers.count == 2 && ((struct layer *)c.layers.items)[1].offset == 1134592 && !strcmp(((struct layer *)c.layers.items)[1].type, "erofs"));
            CHECK(c.oom_score_adj == -997 && c.resources.memory == 64 << 20 && c.mounts.count == 3 && c.input_once && c.seccomp.size == 8);
            CHECK(p.volumes.count == 4 && ((struct volume_spec *)p.volumes.items)[1].gid == 20 && !strcmp(c.user, "1000:2000"));
        }
    } else if (v->type == EXEC) {
        struct exec_spec e;
        CHECK(message_decode(&exec_schema, (struct bytes){v->payload.data, (uint32_t)v->payload.size}, &e, &arena, &failure));
        CHECK(e.exec == (e.tty ? 41 : 42) && e.standard_input);
    }
    arena_free(&arena);
}

// ---- messages

struct small {
    char *text;
    uint32_t number;
    struct list many;
};

static void test_messages(void) {
    static const struct rule rules[] = {NEED(small, 1, text, STR, 4), ONE(small, 2, number, U32, 9), MANY(small, 3, many, U32, 0, 2)};
    static const struct schema schema = SCHEMA(small, rules);
    static const struct { uint16_t tag; const char *value; uint32_t size; int count; bool critical; int error; } cases[] = {
        {2, "\0\0\0\5", 4, 1, false, 0}, {2, "\0\0\0\12", 4, 1, false, EINVAL}, {2, "\0\0\5", 3, 1, false, EINVAL}, {2, "\0\0\0\5", 4, 2, false, EINVAL},
        {3, "\0\0\0\5", 4, 2, false, 0}, {3, "\0\0\0\5", 4, 3, false, EINVAL}, {9, "x", 1, 2, false, 0}, {0x8009, "x", 1, 1, true, EOPNOTSUPP}, {1, "again", 5, 1, false, EINVAL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer b = {0};
        struct arena arena = {0};
        struct failure f = {0};
        struct small s;
        add_text(&b, 1, "abcd");
        for (int n = 0; n < cases[i].count; n++) add_bytes(&b, cases[i].tag, cases[i].value, cases[i].size);
        bool good = message_decode(&schema, (struct bytes){b.data, (uint32_t)b.size}, &s, &arena, &f);
        CHECK(good == (cases[i].error == 0) && f.error == cases[i].error);
        CHECK(!good || !strcmp(s.text, "abcd"));
        arena_free(&arena);
        buffer_free(&b);
    }
    struct small s;
    struct arena arena = {0};
    struct failure f;
    CHECK(!message_decode(&schema, (struct bytes){0}, &s, &arena, &f) && f.error == EINVAL);
    uint8_t nul[] = {0, 1, 0, 0, 0, 2, 'a', 0};
    CHECK(!message_decode(&schema, (struct bytes){nul, sizeof nul}, &s, &arena, &f));
    arena_free(&arena);
    CHECK(name_is_good("a.b_C-9") && !name_is_good("") && !name_is_good(".a") && !name_is_good("a/b") && !name_is_good(".."));
}

// ---- rings

static void test_rings(void) {
    struct ring r = {.capacity = 64};
    uint8_t byte = 0;
    uint64_t read = 0;
    for (int turn = 0; turn < 1000; turn++) {
        size_t n = (size_t)(turn * 7 % 40);
        if (n > ring_room(&r)) n = ring_room(&r);
        for (size_t i = 0; i < n; i++, byte++) ring_put(&r, &byte, 1);
        while (read < r.tail) {
            size_t piece;
            const uint8_t *p = ring_peek(&r, read, 11, &piece);
            CHECK(piece > 0 && piece <= 11);
            for (size_t i = 0; i < piece; i++) CHECK(p[i] == (uint8_t)(read + i));
            read += piece;
        }
        ring_release(&r, r.head + (r.tail - r.head) / 2);
        CHECK(r.tail - r.head <= 64 && ring_room(&r) == 64 - (r.tail - r.head));
    }
    ring_release(&r, r.tail + 100);
    CHECK(r.head == r.tail);
    ring_release(&r, 0);
    CHECK(r.head == r.tail);
    ring_free(&r);
}

// ---- sessions: whatever was there before, FILLER + magic + ATTACH is found, and nothing half is executed

struct seen {
    int attached, frames, errors, last_error;
    uint32_t last_size, last_stream;
    uint16_t last_type;
};

static bool on_attach(void *context, const struct frame *f) {
    (void)f;
    ((struct seen *)context)->attached++;
    return true;
}

static void on_frame(void *context, const struct frame *f, int error) {
    struct seen *s = context;
    s->frames++;
    s->last_type = f->type;
    s->last_size = f->size;
    s->last_stream = f->stream;
    s->last_error = error;
    if (error) s->errors++;
}

static struct channel *new_channel(struct seen *seen) {
    struct channel *c = must_alloc(sizeof *c);
    *seen = (struct seen){0};
    c->context = seen;
    c->attached = on_attach;
    c->received = on_frame;
    return c;
}

static void free_channel(struct channel *c) {
    buffer_free(&c->joined);
    free(c);
}

static void add_attach(struct buffer *b, bool filler) {
    if (filler) memset(buffer_grow(b, MAX_FRAME), 0, MAX_FRAME);
    buffer_add(b, host_magic, MAGIC_SIZE);
    memset(frame_add(b, 0, ATTACH, 0, 1, 32), 1, 32);
}

static void feed_in_pieces(struct channel *c, const struct buffer *b, size_t piece) {
    for (size_t at = 0; at < b->size; at += piece) channel_feed(c, b->data + at, b->size - at < piece ? b->size - at : piece);
}

static void test_resynchronisation(void) {
    // A DATA frame of each interesting size, cut at each interesting place, then a new connection.
    static const size_t sizes[] = {0, 1, 100, MAX_PAYLOAD};
    static const size_t pieces[] = {1u << 20, 1, 4097};
    for (size_t p = 0; p < 3; p++)
        for (size_t i = 0; i < 4; i++)
            for (size_t cut = 0; cut <= 40; cut++) {
                if (p == 1 && cut % 8) continue;
                struct buffer b = {0}, whole = {0};
                struct seen seen;
                struct channel *c = new_channel(&seen);
                add_attach(&b, false);
                memset(frame_add(&whole, 7, DATA, 0, 0, sizes[i]), 'x', sizes[i]);
                // From both ends of the frame.
                size_t keep = cut <= 20 ? cut : whole.size - (cut - 20);
                if (keep > whole.size) keep = whole.size;
                buffer_add(&b, whole.data, keep);
                add_attach(&b, true);
                frame_add(&b, 0, HELLO, 0, 2, 0);
                feed_in_pieces(c, &b, pieces[p]);
                CHECK(seen.attached == 2 && c->state == IN_FRAMES);
                CHECK(seen.frames == (keep == whole.size ? 2 : 1) && seen.last_type == HELLO);
                free_channel(c);
                buffer_free(&b);
                buffer_free(&whole);
            }
}

static void test_hunting(void) {
    struct buffer b = {0};
    struct seen seen;
    struct channel *c = new_channel(&seen);
    frame_add(&b, 0, HELLO, 0, 2, 0);  // before any ATTACH nothing counts
    buffer_add(&b, host_magic, 5);
    buffer_add(&b, host_magic, MAGIC_SIZE - 1);
    add_attach(&b, false);
    add_attach(&b, false);  // the magic at a frame boundary is found too
    buffer_add(&b, host_magic, MAGIC_SIZE);
    frame_add(&b, 0, HELLO, 0, 3, 0);  // not ATTACH behind the magic: back to hunting
    frame_add(&b, 0, HELLO, 0, 4, 0);
    feed_in_pieces(c, &b, 3);
    CHECK(seen.attached == 2 && seen.frames == 0 && c->state == HUNTING);
    b.size = 0;
    add_attach(&b, true);
    frame_add(&b, 0, 0, 0, 5, 0);  // no type
    frame_add(&b, 0, HELLO, 0, 6, 0);
    add_attach(&b, false);
    frame_add(&b, 9, DATA, FLAG_MORE, 0, 9);  // a stream's frame is never split
    frame_add(&b, 0, HELLO, 0, 7, 0);
    feed_in_pieces(c, &b, 1000);
    CHECK(seen.attached == 4 && seen.frames == 0);
    free_channel(c);
    buffer_free(&b);
}

static void test_joining(void) {
    struct buffer b = {0}, payload = {0};
    struct seen seen;
    struct channel *c = new_channel(&seen);
    memset(buffer_grow(&payload, 200000), 3, 200000);
    add_attach(&b, false);
    message_add(&b, PLAN, 5, &payload);
    feed_in_pieces(c, &b, 30011);
    CHECK(seen.frames == 1 && seen.last_size == 200000 && seen.last_error == 0);
    // Data of a stream may come in between.
    b.size = 0;
    memset(frame_add(&b, 0, PLAN, FLAG_MORE, 6, 10), 0, 10);
    memset(frame_add(&b, 3, DATA, 0, 0, 9), 0, 9);
    memset(frame_add(&b, 0, PLAN, 0, 6, 10), 0, 10);
    channel_feed(c, b.data, b.size);
    CHECK(seen.frames == 3 && seen.last_size == 20 && seen.last_type == PLAN);
    // Too long: refused once, then all is well again.
    b.size = payload.size = 0;
    memset(buffer_grow(&payload, MAX_MESSAGE + 1), 3, MAX_MESSAGE + 1);
    message_add(&b, PLAN, 7, &payload);
    frame_add(&b, 0, HELLO, 0, 8, 0);
    feed_in_pieces(c, &b, 65536);
    CHECK(seen.frames == 5 && seen.errors == 1 && seen.last_type == HELLO && c->joined.capacity == 0);
    // Another message in between: no frame of it is believed.
    b.size = 0;
    frame_add(&b, 0, PLAN, FLAG_MORE, 9, 0);
    frame_add(&b, 0, HELLO, 0, 10, 0);
    channel_feed(c, b.data, b.size);
    CHECK(seen.frames == 5 && c->state == HUNTING);
    free_channel(c);
    buffer_free(&b);
    buffer_free(&payload);
}

// ---- streams

static struct buffer out;

static struct frame next_frame(void) {
    static struct frame f;
    size_t used;
    static uint8_t copy[MAX_FRAME];
    CHECK(frame_decode(out.data, out.size, &f, &used) == FRAME_GOOD);
    memcpy(copy, out.data, used);
    f.payload = copy + FRAME_HEADER;
    memmove(out.data, out.data + used, out.size - used);
    out.size -= used;
    return f;
}

static void host(uint32_t stream, uint16_t type, const void *payload, size_t n) {
    struct frame f = {.stream = stream, .type = type, .payload = payload, .size = (uint32_t)n};
    streams_received(&out, &f);
}

static void window(uint32_t stream, uint64_t acknowledged, uint64_t limit) {
    uint8_t p[16];
    put64(p, acknowledged);
    put64(p + 8, limit);
    host(stream, WINDOW, p, 16);
}

static void data(uint32_t stream, uint64_t offset, const char *text) {
    uint8_t p[1000];
    put64(p, offset);
    memcpy(p + 8, text, strlen(text));
    host(stream, DATA, p, 8 + strlen(text));
}

static void test_output_kept_until_acknowledged(void) {
    struct source s;
    int fds[2];
    CHECK(pipe2(fds, O_NONBLOCK | O_CLOEXEC) == 0);
    source_open(&s, 16, true);
    source_attach(&s, fds[0]);
    CHECK(write(fds[1], "0123456789abcdefXYZ", 19) == 19);
    source_drain(&s);
    CHECK(s.ring.tail == 16);  // full: the rest waits in the pipe
    CHECK(stream_open(5, &s, NULL, NULL, NULL) == 0 && stream_open(5, &s, NULL, NULL, NULL) == EEXIST && stream_open(0, &s, NULL, NULL, NULL) == EINVAL);
    streams_pump(&out, 1 << 20);
    CHECK(out.size == 0);  // no credit, no data
    window(5, 0, 4);
    streams_pump(&out, 1 << 20);
    struct frame f = next_frame();
    CHECK(f.type == DATA && f.size == 12 && get64(f.payload) == 0 && !memcmp(f.payload + 8, "0123", 4) && out.size == 0);
    window(5, 2, 100);
    streams_pump(&out, 1 << 20);
    f = next_frame();
    CHECK(get64(f.payload) == 4 && f.size == 8 + 12 && s.ring.head == 2 && out.size == 0);
    // The host dies; the next one begins at what was acknowledged.
    streams_end_all();
    CHECK(s.stream == 0 && s.ring.head == 2);
    CHECK(stream_open(1, &s, NULL, NULL, NULL) == 0);
    s.sent = 3;
    window(1, 0, 50);
    source_drain(&s);
    streams_pump(&out, 1 << 20);
    f = next_frame();
    CHECK(get64(f.payload) == 3 && f.payload[8] == '3');
    while (out.size) f = next_frame();
    window(1, 16, 50);
    close(fds[1]);
    source_drain(&s);
    streams_pump(&out, 1 << 20);
    f = next_frame();
    if (f.type == DATA && out.size) f = next_frame();
    while (out.size) f = next_frame();
    streams_pump(&out, 1 << 20);
    while (out.size) f = next_frame();
    CHECK(f.type == END && get64(f.payload) == 19 && get32(f.payload + 8) == 0);
    CHECK(s.stream == 1);  // not all is acknowledged
    window(1, 19, 50);
    CHECK(s.stream == 0 && s.ring.head == 19);
    source_free(&s);
    CHECK(out.size == 0);
}

static void test_input(void) {
    struct sink s;
    int fds[2];
    char got[32];
    CHECK(pipe2(fds, O_NONBLOCK | O_CLOEXEC) == 0);
    sink_open(&s);
    CHECK(stream_open(6, NULL, &s, NULL, NULL) == 0);
    stream_grant(6);
    struct frame f = next_frame();
    CHECK(f.type == WINDOW && get64(f.payload) == 0 && get64(f.payload + 8) == SINK_RING);
    data(6, 0, "early ");  // before the process is there
    sink_attach(&s, fds[1]);
    data(6, 6, "late");
    CHECK(read(fds[0], got, sizeof got) == 10 && !memcmp(got, "early late", 10));
    uint8_t end[12] = {0};
    put64(end, 10);
    host(6, END, end, 12);
    CHECK(read(fds[0], got, sizeof got) == 0 && s.ended && s.stream == 0);  // half-closed, and over
    sink_free(&s);
    close(fds[0]);
    // A wrong offset, too much, and a frame of a wrong size close the stream.
    for (int i = 0; i < 4; i++) {
        sink_open(&s);
        CHECK(stream_open(8, NULL, &s, NULL, NULL) == 0);
        if (i < 3) stream_grant(8);
        out.size = 0;
        if (i == 0) data(8, 1, "x");
        else if (i == 1) host(8, DATA, "1234567", 7);
        else if (i == 2) host(8, WINDOW, end, 12);
        else data(8, 0, "without credit");
        f = next_frame();
        CHECK(f.type == CLOSE && f.stream == 8 && s.stream == 0 && out.size == 0);
        data(8, 0, "ignored");
        CHECK(out.size == 0);
        sink_free(&s);
    }
    // A reader that is gone: the bytes are dropped and credit goes on, so that the host is not stuck.
    CHECK(pipe2(fds, O_NONBLOCK | O_CLOEXEC) == 0);
    close(fds[0]);
    sink_open(&s);
    CHECK(stream_open(9, NULL, &s, NULL, NULL) == 0);
    stream_grant(9);
    sink_attach(&s, fds[1]);
    static uint8_t big[8 + 40000];
    put64(big, 0);
    host(9, DATA, big, sizeof big);
    while (out.size) f = next_frame();
    CHECK(f.type == WINDOW && get64(f.payload) == 40000 && get64(f.payload + 8) == 40000 + SINK_RING);
    host(9, CLOSE, NULL, 0);
    CHECK(s.stream == 0);
    sink_free(&s);
}

static void test_fairness(void) {
    struct source a, b;
    source_open(&a, 65536, false);
    source_open(&b, 65536, false);
    uint8_t byte = 1;
    for (int i = 0; i < 60000; i++) ring_put(&a.ring, &byte, 1), ring_put(&b.ring, &byte, 1);
    CHECK(stream_open(1, &a, NULL, NULL, NULL) == 0 && stream_open(2, &b, NULL, NULL, NULL) == 0);
    window(1, 0, 1 << 20);
    window(2, 0, 1 << 20);
    streams_pump(&out, 40000);
    CHECK(next_frame().stream != next_frame().stream);
    streams_end_all();
    out.size = 0;
    source_free(&a);
    source_free(&b);
}

int main(int argc, char **argv) {
    const char *vectors = argc > 1 ? argv[1] : "vectors";
    signal(SIGPIPE, SIG_IGN);
    loop_open();
    streams_output(&out);
    if (argc == 4 && !strcmp(argv[2], "--corpus")) {
        write_corpus(vectors, argv[3]);
        return 0;
    }
    if (argc == 4 && !strcmp(argv[2], "--mutate")) {
        printf("%ld mutations, nothing found\n", mutate(vectors, atoi(argv[3])));
        buffer_free(&out);
        return 0;
    }
    int count = vectors_read(vectors, check_vector);
    CHECK(count > 50);
    test_messages();
    test_rings();
    test_hunting();
    test_joining();
    test_resynchronisation();
    test_output_kept_until_acknowledged();
    test_input();
    test_fairness();
    checks += test_archives();
    long runs = mutate(vectors, 3);
    printf("%d golden frames, %d checks, %ld mutations\n", count, checks, runs);
    buffer_free(&out);
    return 0;
}
