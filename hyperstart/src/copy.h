// COPY: archives of files into and out of a container, without any program of its image.
#pragma once
#include <stdnoreturn.h>

#include "container.h"

enum { COPY_OUT = 1, COPY_IN, COPY_STAT, COPY_EXPORT, COPY_LAYER, COPY_CHANGES };

// What the forked child does; standard streams are its pipes.
noreturn void copy_child(const struct container *c, const struct exec_spec *e, const int standard[3]);
