// Runs the files of a corpus once through a fuzz target: what a fuzzer has found stays found. Usage: replay FILE...
#include <stdio.h>
#include <stdlib.h>

#include "fuzz_target.h"

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        long size = -1;
        if (file && !fseek(file, 0, SEEK_END)) size = ftell(file);
        uint8_t *data = size < 0 ? NULL : malloc((size_t)size + 1);
        if (!data) {
            fprintf(stderr, "replay: cannot read %s\n", argv[i]);
            return 2;
        }
        rewind(file);
        if (fread(data, 1, (size_t)size, file) != (size_t)size) return 2;
        fclose(file);
        // A block of exactly that size, so that a read behind its end is seen.
        uint8_t *exact = size ? malloc((size_t)size) : NULL;
        for (long at = 0; at < size; at++) exact[at] = data[at];
        free(data);
        LLVMFuzzerTestOneInput(exact, (size_t)size);
        free(exact);
    }
    printf("%d inputs of the corpus\n", argc - 1);
    return argc < 2;
}
