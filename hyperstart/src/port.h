// The byte stream to the host: finding it, reading and writing it without ever blocking.
#pragma once
#include <stdbool.h>

void port_listen_for_devices(void);  // before drivers are loaded, so that no announcement is missed
bool port_open(void);                // waits until the port is there
// Moves bytes both ways; true when there is more to do at once.
bool port_turn(void);
