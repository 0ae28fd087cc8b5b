#define _GNU_SOURCE
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void say(const char *format, va_list args, int error) {
    char line[1024] = "hyperstart: ";
    size_t n = strlen(line);
    vsnprintf(line + n, sizeof line - n - 80, format, args);
    n = strlen(line);
    if (error) n += (size_t)snprintf(line + n, 78, ": %s", strerror(error));
    line[n++] = '\n';
    (void)!write(2, line, n);
}

void complain(const char *format, ...) {
    va_list args;
    va_start(args, format);
    say(format, args, 0);
    va_end(args);
}

void complain_errno(const char *format, ...) {
    int error = errno;
    va_list args;
    va_start(args, format);
    say(format, args, error);
    va_end(args);
}

long read_text(const char *path, char *to, unsigned long size) {
    to[0] = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    unsigned long n = 0;
    while (n < size - 1) {
        ssize_t got = read(fd, to + n, size - 1 - n);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        n += (unsigned long)got;
    }
    close(fd);
    to[n] = 0;
    return (long)n;
}

int write_text(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    size_t n = strlen(text);
    ssize_t done = write(fd, text, n);
    int error = errno;
    close(fd);
    errno = error;
    return done == (ssize_t)n ? 0 : -1;
}
