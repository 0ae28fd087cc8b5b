#include "phases.h"

#include <string.h>

#include "loop.h"
#include "message.h"

enum { MOST = 16 };

static struct phase {
    const char *name;
    uint64_t nanos;
} phases[MOST];

void phase_reached(const char *name) {
    for (int i = 0; i < MOST; i++) {
        if (phases[i].name && strcmp(phases[i].name, name)) continue;
        if (!phases[i].name) phases[i] = (struct phase){name, boot_nanos()};
        return;
    }
}

void phases_list(struct buffer *b, uint16_t tag) {
    for (int i = 0; i < MOST && phases[i].name; i++) {
        size_t mark = add_begin(b, tag);
        add_text(b, 1, phases[i].name);
        add_u64(b, 2, phases[i].nanos);
        add_end(b, mark);
    }
}
