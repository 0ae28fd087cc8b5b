// What a template's guest runs in a container before it rests: the calls that most programs make, so that the kernel's code for them is in
// memory, and translated where the processor is emulated. What fails is left out; the kernel has been through it all the same.
#pragma once

int rehearse(const char *role);  // the argument that it was begun with; the program's exit code
