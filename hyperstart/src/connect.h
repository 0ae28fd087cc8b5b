// CONNECT: a TCP connection from inside the pod, as a stream.
#pragma once
#include "session.h"

void connect_start(struct bytes message, struct asked asked);
