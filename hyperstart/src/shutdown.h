// The end of the machine.
#pragma once
#include "session.h"

void shutdown_start(uint32_t grace_millis, struct asked asked);
void shutdown_check(void);  // a child was reaped, or bytes were sent: go on when it is time
