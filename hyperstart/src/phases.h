// When hyperstart got how far, for HELLO.
#pragma once
#include "buffer.h"

void phase_reached(const char *name);  // only the first time counts
void phases_list(struct buffer *b, uint16_t tag);
