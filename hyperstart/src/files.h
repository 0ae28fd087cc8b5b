// WRITE_FILES and READ_FILE.
#pragma once
#include "message.h"

bool files_write(struct bytes message, bool *changed, struct failure *f);
bool files_read(struct bytes message, struct buffer *answer, struct failure *f);
