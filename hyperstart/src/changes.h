// What a container wrote, compared with its image.
#pragma once
#include "message.h"

// Adds a record to `to` for each path that is not as in the image: `A` (added), `C` (changed) or `D` (removed), the absolute path, NUL. A folder
// comes before what is in it.
bool changes_list(int written, int image, struct buffer *to, struct failure *f);
