// The console, for what the host cannot be told over the channel.
#pragma once

void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
void complain_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));
// Reads a small text file; returns its length, -1 when it cannot be read. Ends in NUL, cut to size - 1.
long read_text(const char *path, char *to, unsigned long size);
int write_text(const char *path, const char *text);  // 0 or -1 with errno
