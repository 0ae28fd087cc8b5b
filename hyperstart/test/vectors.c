#define _GNU_SOURCE
#include "vectors.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *file_name;
static int line_number;

static void syntax(const char *what) {
    fprintf(stderr, "%s:%d: %s\n", file_name, line_number, what);
    exit(2);
}

static void add_hex(struct buffer *b, const char *text) {
    for (; text[0] && text[1]; text += 2) {
        unsigned v;
        if (sscanf(text, "%2x", &v) != 1) syntax("no hexadecimal bytes");
        uint8_t byte = (uint8_t)v;
        buffer_add(b, &byte, 1);
    }
}

static void add_quoted(struct buffer *b, uint16_t tag, const char *text) {
    struct buffer value = {0};
    if (*text++ != '"') syntax("no quoted text");
    for (; *text && *text != '"'; text++) {
        char c = *text;
        unsigned v;
        if (c == '\\') {
            c = *++text;
            if (c == 'n') c = '\n';
            else if (c == 'x' && sscanf(text + 1, "%2x", &v) == 1) {
                c = (char)v;
                text += 2;
            }
        }
        buffer_add(&value, &c, 1);
    }
    add_bytes(b, tag, value.data, value.size);
    buffer_free(&value);
}

static size_t marks[8];
static int depth;

static void add_field(struct buffer *b, const char *text) {
    unsigned tag;
    char kind[8];
    int used = 0;
    if (sscanf(text, "%u %7s %n", &tag, kind, &used) < 2) syntax("no field");
    const char *value = text + used;
    uint16_t t = (uint16_t)tag;
    if (!strcmp(kind, "bool")) add_bool(b, t, *value == '1');
    else if (!strcmp(kind, "u32")) add_u32(b, t, (uint32_t)strtoull(value, NULL, 10));
    else if (!strcmp(kind, "u64")) add_u64(b, t, strtoull(value, NULL, 10));
    else if (!strcmp(kind, "i64")) add_u64(b, t, (uint64_t)strtoll(value, NULL, 10));
    else if (!strcmp(kind, "str")) add_quoted(b, t, value);
    else if (!strcmp(kind, "bytes")) {
        struct buffer bytes = {0};
        if (*value != '-') add_hex(&bytes, value);
        add_bytes(b, t, bytes.data, bytes.size);
        buffer_free(&bytes);
    } else if (!strcmp(kind, "msg") && depth < 8) marks[depth++] = add_begin(b, t);
    else syntax("unknown kind of field");
}

static uint16_t type_of(const char *name) {
    static const struct { const char *name; uint16_t type; } types[] = {
        {"ATTACH", ATTACH}, {"HELLO", HELLO}, {"RESUME", RESUME}, {"NETWORK", NETWORK}, {"PLAN", PLAN}, {"START", START}, {"SIGNAL", SIGNAL}, {"EXEC", EXEC},
        {"RESIZE_TTY", RESIZE_TTY}, {"LIST", LIST}, {"OPEN", OPEN}, {"REMOVE", REMOVE}, {"UPDATE", UPDATE}, {"STATS", STATS}, {"WRITE_FILES", WRITE_FILES},
        {"READ_FILE", READ_FILE}, {"CONNECT", CONNECT}, {"SHUTDOWN", SHUTDOWN}, {"COPY", COPY}, {"FORGET", FORGET}, {"GROW", GROW}, {"DATA", DATA}, {"WINDOW", WINDOW}, {"END", END}, {"CLOSE", CLOSE},
        {"EXITED", EXITED}, {"OOM", OOM}, {"ERROR", ERROR}};
    size_t n = strcspn(name, ".");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strlen(types[i].name) == n && !strncmp(types[i].name, name, n)) return types[i].type | (name[n] ? ANSWER : 0);
    return (uint16_t)strtoul(name, NULL, 0);
}

static bool starts(const char *line, const char *word, const char **rest) {
    size_t n = strlen(word);
    if (strncmp(line, word, n)) return false;
    *rest = line + n + strspn(line + n, " ");
    return true;
}

static int read_file(const char *path, void (*each)(const struct vector *)) {
    FILE *file = fopen(path, "r");
    if (!file) syntax("cannot be opened");
    char *line = NULL;
    size_t capacity = 0;
    struct vector v = {0};
    int count = 0;
    for (bool more = true; more;) {
        more = getline(&line, &capacity, file) >= 0;
        line_number++;
        if (more) line[strcspn(line, "\n")] = 0;
        const char *rest;
        if (!more || !line[0]) {
            if (v.name[0]) {
                each(&v);
                count++;
            }
            buffer_free(&v.bytes);
            buffer_free(&v.payload);
            v = (struct vector){0};
        } else if (line[0] == '#') continue;
        else if (starts(line, "name:", &rest)) snprintf(v.name, sizeof v.name, "%s", rest);
        else if (starts(line, "hex:", &rest)) add_hex(&v.bytes, rest);
        else if (starts(line, "raw:", &rest)) add_hex(&v.payload, rest);
        else if (starts(line, "bad:", &rest)) snprintf(v.bad, sizeof v.bad, "%s", rest);
        else if (starts(line, "preamble:", &rest)) snprintf(v.preamble, sizeof v.preamble, "%s", rest);
        else if (starts(line, "stream:", &rest)) v.stream = (uint32_t)strtoul(rest, NULL, 0);
        else if (starts(line, "request:", &rest)) v.request = (uint32_t)strtoul(rest, NULL, 0);
        else if (starts(line, "flags:", &rest)) v.flags = (uint16_t)strtoul(rest, NULL, 0);
        else if (starts(line, "type:", &rest)) v.type = type_of(rest);
        else if (starts(line, "field:", &rest)) add_field(&v.payload, rest);
        else if (!strcmp(line, "}") && depth) add_end(&v.payload, marks[--depth]);
        else if (starts(line, "nonce:", &rest)) {
            struct buffer b = {0};
            add_hex(&b, rest);
            if (b.size == NONCE_SIZE) memcpy(v.nonce, b.data, NONCE_SIZE);
            buffer_free(&b);
        } else syntax("not understood");
    }
    free(line);
    fclose(file);
    return count;
}

int vectors_read(const char *folder, void (*each)(const struct vector *)) {
    struct dirent **entries;
    int n = scandir(folder, &entries, NULL, alphasort), count = 0;
    for (int i = 0; i < n; i++) {
        size_t length = strlen(entries[i]->d_name);
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (length > 4 && !strcmp(entries[i]->d_name + length - 4, ".txt")) {
            file_name = path;
            line_number = 0;
            count += read_file(path, each);
        }
        free(entries[i]);
    }
    if (n >= 0) free(entries);
    return count;
}
