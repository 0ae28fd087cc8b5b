// The golden frames of ../vectors, read from their text form.
#pragma once
#include "message.h"

struct vector {
    char name[64], preamble[8], bad[128];
    uint8_t nonce[NONCE_SIZE];
    struct buffer bytes;    // what goes over the wire
    uint32_t stream, request;
    uint16_t type, flags;
    struct buffer payload;  // encoded from the `field:` lines, or the `raw:` bytes
};

// Calls `each` for every block of every .txt file in the folder; returns how many there were. Ends the program at a syntax error.
int vectors_read(const char *folder, void (*each)(const struct vector *v));
