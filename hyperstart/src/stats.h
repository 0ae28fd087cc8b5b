#pragma once
#include "message.h"

bool stats(struct bytes message, struct buffer *answer, struct failure *f);
