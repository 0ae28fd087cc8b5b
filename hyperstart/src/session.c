#include "session.h"

#include <errno.h>
#include <string.h>

#include "channel.h"
#include "streams.h"
#include "verbs.h"

enum { VERSION = 1, GONE_AFTER_MILLIS = 30000, EVENTS_MOST = 1 << 20 };

static struct channel channel;
static struct buffer output;
static uint64_t number;
static struct timer gone;
bool (*session_closed_now)(void);

uint8_t session_instance[NONCE_SIZE];
bool session_resumed;

struct buffer *session_output(void) { return &output; }
uint64_t session_number(void) { return number; }

void answer(struct asked asked, const struct buffer *payload) {
    static const struct buffer none;
    if (asked.session != number || !asked.request) return;
    if (payload && payload->size > MAX_MESSAGE) {
        struct failure f;
        fail(&f, EMSGSIZE, "answer", "the answer has %zu bytes, more than %d", payload->size, MAX_MESSAGE);
        answer_failure(asked, &f);
        return;
    }
    message_add(&output, (uint16_t)(ANSWER | asked.type), asked.request, payload ? payload : &none);
}

void answer_failure(struct asked asked, const struct failure *f) {
    if (asked.session != number || !asked.request) return;
    struct buffer b = {0};
    add_u32(&b, 1, (uint32_t)f->error);
    add_text(&b, 2, f->step);
    add_text(&b, 3, f->text);
    message_add(&output, ERROR, asked.request, &b);
    buffer_free(&b);
}

void event(uint16_t type, const struct buffer *payload) {
    // With nobody to read them events pile up; what they say is in LIST as well.
    if (number && output.size < EVENTS_MOST) message_add(&output, type, 0, payload);
}

struct attach {
    struct bytes nonce;
    uint32_t version;
};

static bool attached(void *context, const struct frame *frame) {
    (void)context;
    static const struct rule rules[] = {NEED(attach, 1, nonce, BYTES, NONCE_SIZE), NEED(attach, 2, version, U32, 0)};
    static const struct schema schema = SCHEMA(attach, rules);
    struct attach a;
    struct arena arena = {0};
    struct failure f;
    bool good = message_decode(&schema, (struct bytes){frame->payload, frame->size}, &a, &arena, &f);
    arena_free(&arena);
    if (!good || a.nonce.size != NONCE_SIZE || a.version < 1 || frame->request == 0) return false;

    timer_stop(&gone);
    // What was queued belongs to the older session; the host skips up to its nonce, so cutting a frame in half does no harm.
    streams_end_all();
    output.size = 0;
    number++;
    verbs_session_ended();
    buffer_add(&output, guest_magic, MAGIC_SIZE);
    buffer_add(&output, a.nonce.data, NONCE_SIZE);
    struct buffer b = {0};
    add_u32(&b, 1, VERSION);
    if (session_resumed) add_bytes(&b, 2, session_instance, NONCE_SIZE);
    message_add(&output, ANSWER | ATTACH, frame->request, &b);
    buffer_free(&b);
    verbs_attached();
    return true;
}

static void received(void *context, const struct frame *frame, int error) {
    (void)context;
    if (frame->stream) {
        streams_received(&output, frame);
        return;
    }
    if (frame->request == 0) return;  // nobody would hear the answer
    struct asked asked = {.request = frame->request, .type = frame->type, .session = number};
    if (error) {
        struct failure f;
        fail(&f, error, "message", "the message is longer than %d bytes", MAX_MESSAGE);
        answer_failure(asked, &f);
        return;
    }
    verbs_handle(asked, (struct bytes){frame->payload, frame->size});
}

static void gone_too_long(struct timer *t) {
    (void)t;
    if (!session_closed_now()) return;  // the news of the hang-up was older than the connection there is
    streams_end_all();
    number++;  // answers that are still under way have nobody to go to
    verbs_session_ended();
}

void session_open(void) {
    channel.attached = attached;
    channel.received = received;
    gone.due = gone_too_long;
    streams_output(&output);
}

void session_feed(const uint8_t *data, size_t n) { channel_feed(&channel, data, n); }

void session_port_closed(void) {
    // Nothing else may be concluded: the driver tells of a hang-up late, sometimes when bytes of the next session were read already.
    if (!gone.at) timer_set(&gone, GONE_AFTER_MILLIS);
}
