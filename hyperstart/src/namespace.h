// The process namespace that the containers of a pod share when they are asked to.
#pragma once
#include "message.h"

// A pidfd of its first process, which is made when it is first needed. -1 with the failure filled.
int namespace_of_pod(struct failure *f);
