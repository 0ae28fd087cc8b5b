// Streams as in PROTOCOL.md section 6. A source reads a descriptor into a ring and is sent to the host; a sink takes the host's
// bytes into a ring and writes them to a descriptor. A stream id joins a source, a sink or both to the session.
#pragma once
#include "frame.h"
#include "loop.h"
#include "ring.h"

enum { CONTAINER_RING = 256 << 10, SESSION_RING = 128 << 10, SINK_RING = 64 << 10 };

struct source {
    struct watch watch;
    struct ring ring;
    bool keep;         // bytes stay in the ring until the host acknowledges them (containers), else until they are sent
    uint64_t sent, limit;
    bool ended, end_sent;
    int error;         // why it ended, 0 for an ordinary end
    uint32_t stream;   // 0: joined to none
};

struct sink {
    struct watch watch;
    struct ring ring;
    uint64_t announced;  // the limit that the host knows
    bool ending;         // the host sent END
    bool ended;          // the descriptor was closed after it
    bool broken;         // nobody reads any more: what comes is dropped
    bool is_tty, is_socket;
    uint32_t stream;
};

struct stream {
    uint32_t id;
    struct source *source;
    struct sink *sink;
    bool sink_ended;
    void (*closed)(struct stream *s);  // the host sent CLOSE, or the session ended, or both directions are over
    void *owner;
};

void source_open(struct source *s, size_t capacity, bool keep);
void source_attach(struct source *s, int fd);  // fd becomes the source's own; -1: the source ends
void source_drain(struct source *s);  // takes what can be read at once
void source_free(struct source *s);
void sink_open(struct sink *s);
void sink_attach(struct sink *s, int fd);  // fd becomes the sink's own; -1: nobody will ever read
void sink_end(struct sink *s);           // ends after what it holds has been written
void sink_free(struct sink *s);

// Gives an id to a stream. Returns an errno: EINVAL for id 0, EEXIST, EMFILE.
int stream_open(uint32_t id, struct source *source, struct sink *sink, void (*closed)(struct stream *), void *owner);
// Takes the id away without a call of closed; tells the host if asked to.
void stream_drop(uint32_t id, bool tell);
void stream_grant(uint32_t id);  // sends the sink's first WINDOW

void streams_received(struct buffer *out, const struct frame *frame);
// Adds data frames to `out` while it holds less than `until` bytes.
void streams_pump(struct buffer *out, size_t until);
// The session is over: every stream is closed, nothing is sent.
void streams_end_all(void);
// Frames that streams want to send outside of a pump go here.
void streams_output(struct buffer *out);
