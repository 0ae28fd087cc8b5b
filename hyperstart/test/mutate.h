#pragma once

// Feeds mutations of the golden frames to the fuzz target for so many seconds, the same ones on every run of equal length.
long mutate(const char *vectors, int seconds);
// Writes the golden frames as files, to begin a fuzzer's corpus with.
void write_corpus(const char *vectors, const char *folder);
