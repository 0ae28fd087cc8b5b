#include "channel.h"

#include <errno.h>
#include <string.h>

static void hunt(struct channel *c) {
    c->state = HUNTING;
    c->matched = 0;
    c->joining = 0;
    c->skipping = false;
    buffer_free(&c->joined);
}

// The magic's first byte occurs in it only once, so a mismatch never has to look back.
static size_t search(struct channel *c, const uint8_t *data, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (data[i] != host_magic[c->matched]) c->matched = 0;
        if (data[i] == host_magic[c->matched] && ++c->matched == MAGIC_SIZE) {
            c->matched = 0;
            c->state = EXPECT_ATTACH;
            return i + 1;
        }
    }
    return n;
}

static void join(struct channel *c, const struct frame *frame) {
    if (c->joining && (frame->type != c->joining || frame->request != c->joining_request)) {
        hunt(c);  // parts of two messages mixed: nothing behind it can be trusted
        return;
    }
    if (!c->joining && !(frame->flags & FLAG_MORE)) {
        c->received(c->context, frame, 0);
        return;
    }
    c->joining = frame->type;
    c->joining_request = frame->request;
    if (c->joined.size + frame->size > MAX_MESSAGE) {
        c->skipping = true;
        buffer_free(&c->joined);
    }
    if (!c->skipping) buffer_add(&c->joined, frame->payload, frame->size);
    if (frame->flags & FLAG_MORE) return;
    struct frame whole = *frame;
    struct buffer joined = c->joined;
    bool skipped = c->skipping;
    whole.payload = joined.data;
    whole.size = (uint32_t)joined.size;
    c->joined = (struct buffer){0};
    c->joining = 0;
    c->skipping = false;
    c->received(c->context, &whole, skipped ? EMSGSIZE : 0);
    buffer_free(&joined);
}

static void dispatch(struct channel *c, const struct frame *frame) {
    if (c->state == EXPECT_ATTACH) {
        if (frame->type != ATTACH || frame->stream || frame->flags || !c->attached(c->context, frame)) hunt(c);
        else c->state = IN_FRAMES;
    } else if (frame->stream) {
        if (frame->flags) hunt(c);  // frames of streams are never split
        else c->received(c->context, frame, 0);
    } else if (frame->type == 0) {
        hunt(c);
    } else {
        join(c, frame);
    }
}

void channel_feed(struct channel *c, const uint8_t *data, size_t n) {
    while (n > 0 || c->held > 0) {
        if (c->state == HUNTING) {
            if (c->held) {  // what was taken for a frame is searched again
                size_t used = search(c, c->in, c->held);
                c->held -= used;
                memmove(c->in, c->in + used, c->held);
                continue;
            }
            size_t used = search(c, data, n);
            data += used;
            n -= used;
            continue;
        }
        // A whole frame in `data` is taken from there; a partial one is collected in `in`.
        bool direct = c->held == 0;
        struct frame frame;
        size_t used = 0;
        enum frame_result result = frame_decode(direct ? data : c->in, direct ? n : c->held, &frame, &used);
        if (result == FRAME_PARTIAL) {
            if (n == 0) return;
            size_t want = c->held < 4 ? 4 : (size_t)get32(c->in) + 4;
            size_t take = direct ? n : want - c->held < n ? want - c->held : n;
            memcpy(c->in + c->held, data, take);
            c->held += take;
            data += take;
            n -= take;
            continue;
        }
        if (result == FRAME_GOOD) dispatch(c, &frame);
        else hunt(c);
        if (direct) {
            data += used;
            n -= used;
        } else {
            c->held -= used;
            memmove(c->in, c->in + used, c->held);
        }
    }
}
