// The user and group files of an image, as hyperstart reads them: hostile, since anybody may make an image.
// The input is three texts with a NUL between them: the user asked for, /etc/passwd, /etc/group.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_target.h"
#include "users.h"

static const char *text[3];
static size_t length[3];

// Linked in place of fopen (--wrap): what the parser opens is the input.
FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode) {
    int which = !strcmp(path, "/etc/passwd") ? 1 : !strcmp(path, "/etc/group") ? 2 : 0;
    if (!which) return __real_fopen(path, mode);
    return length[which] ? fmemopen((void *)text[which], length[which], "r") : NULL;
}

// Who says a number gets that number, whatever the image calls by it: the host has checked it, as for `runAsNonRoot`.
static void check_numbers(const char *user, bool found, const struct identity *who) {
    const char *group = user + strcspn(user, ":");
    size_t digits = strspn(user, "0123456789");
    if (digits && user + digits == group) {
        unsigned long long wanted = strtoull(user, NULL, 10);
        if (found && who->uid != wanted) abort();
        if (!found && digits < 11 && wanted < 0xFFFFFFFF && (!*group || !group[1])) abort();
    }
    if (found && *group && group[1] && strspn(group + 1, "0123456789") == strlen(group + 1) && who->gid != strtoull(group + 1, NULL, 10)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *at = size ? (const char *)data : "", *end = at + size;
    for (int i = 0; i < 3; i++) {
        const char *stop = i < 2 && at < end ? memchr(at, 0, (size_t)(end - at)) : NULL;
        if (!stop) stop = end;
        text[i] = at;
        length[i] = (size_t)(stop - at);
        at = stop < end ? stop + 1 : end;
    }
    // PROTOCOL.md bounds a user to 4,096 bytes; the decoder refuses longer ones.
    if (length[0] > 4096) return 0;
    char *user = strndup(text[0], length[0]);
    uint32_t extra[] = {5, 0xFFFFFFFF};
    struct list groups = {extra, 2};
    struct identity *who = malloc(sizeof *who);
    struct failure failure;
    for (int strict = 0; user && who && strict < 2; strict++) {
        bool found = identity_resolve(user, &groups, strict, who, &failure);
        if (found && (who->count > MAX_GROUPS || !who->home[0])) abort();
        check_numbers(user, found, who);
    }
    free(who);
    free(user);
    return 0;
}
