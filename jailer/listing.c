#define _GNU_SOURCE
#include "listing.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

// As the kernel writes it.
struct entry {
    uint64_t number;
    int64_t next;
    unsigned short size;
    unsigned char type;
    char name[];
};

bool list_begin(struct listing *listing, const char *folder) {
    listing->at = listing->size = 0;
    return (listing->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0;
}

int list_next(struct listing *listing) {
    for (;;) {
        if (listing->at == listing->size) {
            listing->at = 0;
            listing->size = syscall(SYS_getdents64, listing->folder, listing->entries, sizeof listing->entries);
            if (listing->size <= 0)
                return listing->size < 0 ? (listing->size = 0, -2) : -1;
        }
        const struct entry *entry = (const struct entry *)(listing->entries + listing->at);
        listing->at += entry->size;
        int number = 0;
        const char *digit = entry->name;
        for (; *digit >= '0' && *digit <= '9' && number < 100000000; digit++)
            number = number * 10 + (*digit - '0');
        if (digit != entry->name && !*digit)
            return number;
    }
}

void list_end(struct listing *listing) { close(listing->folder); }
