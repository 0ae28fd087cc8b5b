// The receiving half of a connection: hunts for the host's magic, cuts the stream into frames, joins messages.
// It knows no descriptor: bytes are fed in, frames come out, so that it can be tested and fuzzed anywhere.
#pragma once
#include "frame.h"

enum channel_state { HUNTING, EXPECT_ATTACH, IN_FRAMES };

struct channel {
    enum channel_state state;
    size_t matched;                 // bytes of host_magic seen while hunting
    size_t held;                    // bytes of a partial frame in `in`
    uint8_t in[MAX_FRAME];
    uint16_t joining;               // type of the message being joined, 0 when none
    bool skipping;                  // it is too long: what follows of it is dropped
    uint32_t joining_request;
    struct buffer joined;
    void *context;
    // ATTACH came directly behind the magic; false sends the channel back to hunting.
    bool (*attached)(void *context, const struct frame *frame);
    // A frame of a stream, or a whole message (then payload may be larger than a frame's). error: 0 or an errno for which it is to be refused.
    void (*received)(void *context, const struct frame *frame, int error);
};

void channel_feed(struct channel *c, const uint8_t *data, size_t n);
