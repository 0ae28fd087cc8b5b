// A guest whose init has been replaced by somebody who means harm. It speaks hyperstart's protocol well enough to get where it wants to be, then
// plays the trick that it was compiled for (-DTRICK=n, see the switch in play()), for as long as the host lets it.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { HEADER = 16, MAX = 65536, ATTACH = 1, HELLO = 2, NETWORK = 4, PLAN = 5, LIST = 10, OPEN = 11, STATS = 14, ANSWER = 0x8000, DATA = 0x2001, WINDOW = 0x2002, EXITED = 0x4001, OOM = 0x4002, ERROR = 0xffff };

static int port;
static uint64_t seed = 88172645463325252ull + TRICK;

static uint32_t rnd(void) {
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return (uint32_t)(seed >> 16);
}

static void put(uint8_t *at, int bytes, uint64_t value) {
    while (bytes--)
        at[bytes] = (uint8_t)value, value >>= 8;
}

static uint32_t get(const uint8_t *at, int bytes) {
    uint32_t value = 0;
    while (bytes--)
        value = value << 8 | *at++;
    return value;
}

static void await(short event) {
    struct pollfd ready = {port, event, 0};
    poll(&ready, 1, 1000);
    if (!(ready.revents & event))
        usleep(2000);
}

static void say(const void *bytes, size_t size) {
    const uint8_t *at = bytes;
    while (size) {
        ssize_t sent = write(port, at, size);
        if (sent > 0)
            at += sent, size -= (size_t)sent;
        else
            await(POLLOUT);
    }
}

static size_t hear(void *into, size_t size) {
    for (;;) {
        ssize_t got = read(port, into, size);
        if (got > 0)
            return (size_t)got;
        await(POLLIN);
    }
}

static void frame(uint32_t stream, uint32_t type, int more, uint32_t request, const void *payload, size_t size) {
    static uint8_t whole[MAX];
    put(whole, 4, 13 + size), put(whole + 4, 4, stream), put(whole + 8, 2, type), put(whole + 10, 2, (uint64_t)more), put(whole + 12, 4, request);
    memcpy(whole + HEADER, payload, size);
    whole[HEADER + size] = 0xA5;
    say(whole, HEADER + size + 1);
}

static size_t field(uint8_t *at, int tag, const void *value, size_t size) {
    put(at, 2, (uint64_t)tag), put(at + 2, 4, size);
    memcpy(at + 6, value, size);
    return 6 + size;
}

// Fields with random tags, lengths and values, most of them well formed.
static size_t fields(uint8_t *into) {
    size_t size = 0;
    for (unsigned count = rnd() % 12; count--;) {
        uint8_t value[300];
        for (unsigned i = 0; i < sizeof value; i++)
            value[i] = (uint8_t)rnd();
        static const size_t lengths[] = {0, 1, 4, 8, 16, 300};
        size += field(into + size, rnd() % 24, value, lengths[rnd() % 6]);
        if (rnd() % 8 == 0)
            put(into + size - 4, 4, rnd());
    }
    return size;
}

static void event(int type, const char *container) {
    uint8_t payload[400], four[4];
    size_t size = field(payload, 1, container, strlen(container));
    put(four, 4, rnd());
    size += field(payload + size, 3, four, 4);
    frame(0, (uint32_t)type, 0, 0, payload, size);
}

// Never returns, except to go on politely.
static void play(uint32_t type, uint32_t request) {
    static uint8_t junk[MAX];
    for (unsigned i = 0; i < sizeof junk; i++)
        junk[i] = (uint8_t)rnd();
    uint8_t payload[8192];
    char name[80];
    switch (TRICK) {
    case 2: // a length that no frame has
        put(junk, 4, 0xffffffff);
        for (;;)
            say(junk, sizeof junk);
    case 3: // an answer that never ends
        for (;;)
            frame(0, ANSWER + type, 1, request, junk, 60000);
    case 4: // answers nobody asked for
        for (;;)
            frame(0, ANSWER + rnd() % 32, 0, rnd() % 100, junk, 10);
    case 5: // the same answer twice, and of another type
        frame(0, ANSWER + type, 0, request, junk, 0);
        frame(0, ANSWER + type, 0, request, junk, 0);
        frame(0, ANSWER + type + 1, 0, request, junk, 0);
        return;
    case 6: // endless ends of containers that are not there
        for (;;)
            snprintf(name, sizeof name, "c%u", rnd()), event(EXITED, name);
    case 7: // endless news of memory
        for (;;)
            snprintf(name, sizeof name, "c%u", rnd()), event(OOM, name);
    case 8: // endless bytes of streams that nobody opened
        for (;;) {
            put(junk, 8, rnd());
            frame(1 + rnd() % 100, DATA, 0, 0, junk, 60000);
        }
    case 9: // half a frame, and silence
        put(junk, 4, 1000);
        say(junk, 500);
        for (;;)
            pause();
    case 10: // hears nothing any more
        for (;;)
            pause();
    case 11: // frames of all kinds with any content
        for (;;) {
            static const uint32_t types[] = {DATA, WINDOW, 0x2003, 0x2004, EXITED, OOM, ERROR, ANSWER + LIST, ANSWER + STATS, ANSWER + OPEN};
            frame(rnd() % 3 ? 0 : rnd() % 20, types[rnd() % 10], rnd() % 5 == 0, rnd() % 2 ? request : rnd() % 20, payload, fields(payload));
        }
    case 12: // ends in the middle of a frame
        put(junk, 4, 1000);
        say(junk, 500);
        reboot(RB_AUTOBOOT);
    case 13: // floods the console
        for (;;)
            write(1, junk, sizeof junk);
    case 14: // refuses everything with many words
        put(payload, 4, 0), memset(junk, 'x', sizeof junk);
        frame(0, ERROR, 0, request, payload, field(payload, 3, junk, 8000));
        return;
    default: // answers with any fields, in time
        frame(0, ANSWER + type, 0, request, payload, fields(payload));
    }
}

static void load_modules(void) {
    FILE *order = fopen("/lib/modules/order", "r");
    char path[256];
    while (order && fgets(path, sizeof path, order)) {
        path[strcspn(path, "\n")] = 0;
        int file = open(path, O_RDONLY | O_CLOEXEC);
        syscall(SYS_finit_module, file, "", 0);
        close(file);
    }
}

static int open_port(void) {
    for (;; usleep(1000)) {
        DIR *folder = opendir("/sys/class/virtio-ports");
        struct dirent *entry;
        while (folder && (entry = readdir(folder))) {
            char path[600], text[32] = "";
            snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", entry->d_name);
            int file = open(path, O_RDONLY);
            if (file >= 0 && read(file, text, sizeof text - 1) > 0 && !strcmp(text, "hyper\n")) {
                snprintf(path, sizeof path, "/dev/%s", entry->d_name);
                return open(path, O_RDWR | O_NONBLOCK);
            }
            close(file);
        }
        if (folder)
            closedir(folder);
    }
}

// Looks for ATTACH in a window that slides over what comes; FILLER and the rests of older sessions go by.
static void attach(void) {
    static const uint8_t magic[16] = {0xF5, 0x0D, 0x0A, 'H', 'Y', 'P', 'E', 'R', '-', 'A', 'T', 'T', 'A', 'C', 'H', 0x0A};
    uint8_t window[16] = {0}, one;
    do {
        hear(&one, 1);
        memmove(window, window + 1, 15);
        window[15] = one;
    } while (memcmp(window, magic, 16));
}

int main(void) {
    mount("dev", "/dev", "devtmpfs", 0, "");
    mkdir("/proc", 0755), mkdir("/sys", 0755);
    mount("proc", "/proc", "proc", 0, "");
    mount("sys", "/sys", "sysfs", 0, "");
    load_modules();
    port = open_port();
    // How far it goes politely: what comes before READY has its own tricks.
    int patience = TRICK == 3 || TRICK == 14 ? 2 : 4, polite = 0;
    static uint8_t whole[MAX];
    attach();
    for (;;) {
        size_t have = 0;
        while (have < 4)
            have += hear(whole + have, 4 - have);
        size_t size = get(whole, 4) + 4;
        if (size < 17 || size > MAX) { // another session begins
            attach();
            continue;
        }
        while (have < size)
            have += hear(whole + have, size - have);
        uint32_t type = get(whole + 8, 2), request = get(whole + 12, 4);
        if (get(whole + 10, 2) || type > 0x2000)
            continue;
        uint8_t payload[64], one[4];
        put(one, 4, 1);
        if (type == ATTACH) {
            if (TRICK == 0) // answers nothing
                for (;;)
                    pause();
            if (TRICK == 1) // noise without an end, and no answer in it
                for (;;) {
                    for (unsigned i = 0; i < sizeof whole; i++)
                        whole[i] = (uint8_t)rnd();
                    say(whole, sizeof whole);
                }
            static const uint8_t magic[16] = {0xF5, 0x0D, 0x0A, 'H', 'Y', 'P', 'E', 'R', '-', 'G', 'U', 'E', 'S', 'T', '=', 0x0A};
            static uint8_t instance[16];
            say(magic, 16);
            say(whole + HEADER + 6, 16); // the nonce is the first field
            size_t length = field(payload, 1, one, 4);
            if (polite >= 3)
                length += field(payload + length, 2, instance, 16);
            frame(0, ANSWER + ATTACH, 0, request, payload, length);
        } else if (polite < patience) {
            polite++;
            frame(0, ANSWER + type, 0, request, payload, 0);
        } else {
            play(type, request);
        }
    }
}
