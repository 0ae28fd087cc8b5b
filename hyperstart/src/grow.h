// A volume's file system that is made as large as its disk has become, while containers use it.
#pragma once
#include "session.h"

void grow_start(struct bytes message, struct asked asked);
