// The session with the host: answers and events, and what is told when one session follows another.
#pragma once
#include "message.h"

// Which request is to be answered, and in which session it was asked: an answer to an older session's request is dropped.
struct asked {
    uint32_t request;
    uint16_t type;
    uint64_t session;
};

void session_open(void);
void session_feed(const uint8_t *data, size_t n);
// The port was seen closed. The session goes on until the next ATTACH, or until it is closed still after a while.
void session_port_closed(void);
extern bool (*session_closed_now)(void);  // set by the port

void answer(struct asked asked, const struct buffer *payload);  // null: no fields
void answer_failure(struct asked asked, const struct failure *f);
void event(uint16_t type, const struct buffer *payload);

// What waits to be sent, for the port.
struct buffer *session_output(void);
uint64_t session_number(void);  // 0 before the first ATTACH

extern uint8_t session_instance[NONCE_SIZE];
extern bool session_resumed;
