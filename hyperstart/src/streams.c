#define _GNU_SOURCE
#include "streams.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_STREAMS = 1024, CHUNK = 32768 - FRAME_OVERHEAD - 8 };

static struct stream *table[MAX_STREAMS];
static size_t used, turn;
static struct buffer *output;

void streams_output(struct buffer *out) { output = out; }

static struct stream *find(uint32_t id, size_t *at) {
    for (size_t i = 0; i < used; i++)
        if (table[i]->id == id) {
            if (at) *at = i;
            return table[i];
        }
    return NULL;
}

static void send_window(uint32_t id, uint64_t acknowledged, uint64_t limit) {
    uint8_t *p = frame_add(output, id, WINDOW, 0, 0, 16);
    put64(p, acknowledged);
    put64(p + 8, limit);
}

// ---- source

static void source_listen(struct source *s) {
    if (s->watch.fd >= 0) watch_set(&s->watch, ring_room(&s->ring) ? EPOLLIN : 0);
}

static void source_finish(struct source *s, int error) {
    watch_close(&s->watch);
    s->ended = true;
    s->error = error;
}

static bool source_read(struct source *s) {
    size_t n;
    uint8_t *to = ring_space(&s->ring, &n);
    if (n == 0) return false;
    ssize_t got = read(s->watch.fd, to, n);
    if (got > 0) {
        ring_wrote(&s->ring, (size_t)got);
        return true;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    // EIO is how a terminal tells that its last user has gone.
    source_finish(s, got == 0 || errno == EIO ? 0 : errno);
    return false;
}

static void source_ready(struct watch *w, uint32_t events) {
    (void)events;
    struct source *s = w->owner;
    source_read(s);
    source_listen(s);
}

void source_open(struct source *s, size_t capacity, bool keep) {
    *s = (struct source){.watch = {.fd = -1, .ready = source_ready, .owner = s}, .ring = {.capacity = capacity}, .keep = keep};
}

void source_attach(struct source *s, int fd) {
    s->watch.fd = fd;
    if (fd < 0) s->ended = true;
    source_listen(s);
}

void source_drain(struct source *s) {
    while (s->watch.fd >= 0 && source_read(s)) continue;
    source_listen(s);
}

void source_free(struct source *s) {
    watch_close(&s->watch);
    ring_free(&s->ring);
    s->ended = true;
}

// ---- sink

static void sink_break(struct sink *s) {
    watch_close(&s->watch);
    s->broken = true;
    ring_release(&s->ring, s->ring.tail);
}

static void sink_grant(struct sink *s) {
    uint64_t limit = s->ring.head + s->ring.capacity;
    // A WINDOW for each half of the ring is enough to keep the host sending.
    if (!s->stream || s->ending || limit - s->announced < s->ring.capacity / 2) return;
    s->announced = limit;
    send_window(s->stream, s->ring.head, limit);
}

static void sink_write(struct sink *s) {
    if (s->watch.fd < 0 && !s->broken) return;  // nobody to write to yet
    while (!s->broken && s->ring.head < s->ring.tail) {
        size_t n;
        const uint8_t *from = ring_peek(&s->ring, s->ring.head, s->ring.capacity, &n);
        ssize_t done = write(s->watch.fd, from, n);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0 && errno == EAGAIN) break;
        if (done < 0) sink_break(s);
        else ring_release(&s->ring, s->ring.head + (uint64_t)done);
    }
    if (s->broken) ring_release(&s->ring, s->ring.tail);
    bool empty = s->ring.head == s->ring.tail;
    if (empty && s->ending && !s->ended) {
        s->ended = true;
        if (!s->broken && s->is_tty) (void)!write(s->watch.fd, "\x04", 1);  // a terminal has no half-close
        if (!s->broken && s->is_socket) shutdown(s->watch.fd, SHUT_WR);
        watch_close(&s->watch);
        s->broken = true;
    }
    if (!s->broken) watch_set(&s->watch, empty ? 0 : EPOLLOUT);
    sink_grant(s);
}

static void sink_ready(struct watch *w, uint32_t events) {
    (void)events;
    sink_write(w->owner);
}

void sink_open(struct sink *s) {
    *s = (struct sink){.watch = {.fd = -1, .ready = sink_ready, .owner = s}, .ring = {.capacity = SINK_RING}};
}

void sink_attach(struct sink *s, int fd) {
    s->watch.fd = fd;
    if (fd < 0) s->broken = true;
    sink_write(s);
}

void sink_end(struct sink *s) {
    s->ending = true;
    sink_write(s);
}

void sink_free(struct sink *s) {
    watch_close(&s->watch);
    ring_free(&s->ring);
    s->broken = true;
}

// ---- ids

int stream_open(uint32_t id, struct source *source, struct sink *sink, void (*closed)(struct stream *), void *owner) {
    if (id == 0) return EINVAL;
    if (find(id, NULL)) return EEXIST;
    if (used == MAX_STREAMS) return EMFILE;
    struct stream *s = must_alloc(sizeof *s);
    *s = (struct stream){.id = id, .source = source, .sink = sink, .closed = closed, .owner = owner, .sink_ended = !sink};
    if (source) source->stream = id;
    if (sink) {
        sink->stream = id;
        sink->announced = 0;
    }
    table[used++] = s;
    return 0;
}

void stream_grant(uint32_t id) {
    struct stream *s = find(id, NULL);
    if (!s || !s->sink || s->sink->ending) return;
    s->sink->announced = s->sink->ring.head + s->sink->ring.capacity;
    send_window(id, s->sink->ring.head, s->sink->announced);
}

static struct stream *take(size_t at) {
    struct stream *s = table[at];
    table[at] = table[--used];
    if (s->source) {
        s->source->stream = 0;
        s->source->limit = s->source->sent = s->source->ring.head;
        s->source->end_sent = false;
    }
    if (s->sink) s->sink->stream = 0;
    return s;
}

void stream_drop(uint32_t id, bool tell) {
    size_t at;
    if (!id || !find(id, &at)) return;
    free(take(at));
    if (tell) frame_add(output, id, CLOSE, 0, 0, 0);
}

static void close_stream(size_t at, bool tell) {
    struct stream *s = take(at);
    if (tell) frame_add(output, s->id, CLOSE, 0, 0, 0);
    if (s->closed) s->closed(s);
    free(s);
}

void streams_end_all(void) {
    while (used) close_stream(used - 1, false);
}

// ---- frames from the host

// A container's output stays open behind its END until all of it is acknowledged.
static bool over(const struct stream *s) {
    const struct source *o = s->source;
    return s->sink_ended && (!o || (o->end_sent && (!o->keep || o->ring.head == o->ring.tail)));
}

static bool receive_data(struct stream *s, const struct frame *f) {
    if (!s->sink || s->sink->ending || f->size < 9) return false;
    struct sink *sink = s->sink;
    uint64_t offset = get64(f->payload), n = f->size - 8;
    if (offset != sink->ring.tail || offset + n > sink->announced || n > ring_room(&sink->ring)) return false;
    ring_put(&sink->ring, f->payload + 8, n);
    sink_write(sink);
    return true;
}

static bool receive_window(struct stream *s, const struct frame *f) {
    if (!s->source || f->size != 16) return false;
    struct source *source = s->source;
    uint64_t acknowledged = get64(f->payload), limit = get64(f->payload + 8);
    if (acknowledged > source->sent) return false;
    if (source->keep) {
        ring_release(&source->ring, acknowledged);
        source_listen(source);
    }
    if (limit > source->limit) source->limit = limit;
    return true;
}

static bool receive_end(struct stream *s, const struct frame *f) {
    if (!s->sink || s->sink->ending || f->size != 12 || get64(f->payload) != s->sink->ring.tail) return false;
    s->sink_ended = true;
    sink_end(s->sink);
    return true;
}

void streams_received(struct buffer *out, const struct frame *f) {
    (void)out;
    size_t at;
    struct stream *s = find(f->stream, &at);
    if (!s) return;
    bool good;
    switch (f->type) {
    case DATA: good = receive_data(s, f); break;
    case WINDOW: good = receive_window(s, f); break;
    case END: good = receive_end(s, f); break;
    case CLOSE:
        close_stream(at, false);
        return;
    default: good = false;
    }
    if (!good) close_stream(at, true);
    else if (over(s)) close_stream(at, false);
}

// ---- data to the host

// Sends one chunk or the END of a source; false when it has nothing to send.
static bool pump_one(struct buffer *out, struct source *s, uint32_t id) {
    if (s->sent < s->ring.head) s->sent = s->ring.head;
    uint64_t end = s->limit < s->ring.tail ? s->limit : s->ring.tail;
    if (s->sent < end) {
        size_t n, most = end - s->sent < CHUNK ? (size_t)(end - s->sent) : CHUNK;
        const uint8_t *from = ring_peek(&s->ring, s->sent, most, &n);
        uint8_t *p = frame_add(out, id, DATA, 0, 0, 8 + n);
        put64(p, s->sent);
        memcpy(p + 8, from, n);
        s->sent += n;
        if (!s->keep) {
            ring_release(&s->ring, s->sent);
            source_listen(s);
        }
        return true;
    }
    if (s->ended && s->sent == s->ring.tail && !s->end_sent) {
        uint8_t *p = frame_add(out, id, END, 0, 0, 12);
        put64(p, s->ring.tail);
        put32(p + 8, (uint32_t)s->error);
        s->end_sent = true;
        return true;
    }
    return false;
}

void streams_pump(struct buffer *out, size_t until) {
    size_t idle = 0;
    while (used && idle < used && out->size < until) {
        size_t at = turn++ % used;
        struct stream *s = table[at];
        if (s->source && pump_one(out, s->source, s->id)) {
            idle = 0;
            if (over(s)) close_stream(at, false);
        } else {
            idle++;
        }
    }
}
