// The pod's one interface, and loopback.
#pragma once
#include "message.h"

void network_loopback_up(void);
bool network_apply(struct bytes message, struct failure *f);
// Lines for /etc/hosts: the pod's addresses and its name. Returns their length.
size_t network_hosts_lines(char *to, size_t size, const char *hostname);
