#define _GNU_SOURCE
#include "port.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "session.h"
#include "streams.h"

enum {
    READ_SIZE = 65536,
    WRITE_SIZE = 32768,            // what the driver takes in one piece
    QUEUE_SIZE = 128 << 10,        // data frames are made only while less than this waits
    QUEUE_MOST = 16 << 20,         // a host that asks and does not read the answers is no longer read
    CLOSED_CHECK_MILLIS = 1000,
};

static struct watch port = {.fd = -1};
static struct timer check;
static bool readable, writable;
static size_t sent;  // of the session's output
static int uevents = -1;

void port_listen_for_devices(void) {
    uevents = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1};
    if (uevents >= 0) bind(uevents, (struct sockaddr *)&address, sizeof address);
}

static bool find_port(char *path, size_t size) {
    char text[4096];
    // A plain line where a hypervisor has nothing better: hyper.port=ttyS1
    read_text("/proc/cmdline", text, sizeof text);
    const char *named = strstr(text, "hyper.port=");
    if (named) {
        snprintf(path, size, "/dev/%.*s", (int)strcspn(named + 11, " \n"), named + 11);
        return access(path, F_OK) == 0;
    }
    DIR *dir = opendir("/sys/class/virtio-ports");
    struct dirent *e;
    bool found = false;
    while (dir && !found && (e = readdir(dir))) {
        char name[320];
        if (e->d_name[0] == '.') continue;
        snprintf(name, sizeof name, "/sys/class/virtio-ports/%s/name", e->d_name);
        if (read_text(name, text, sizeof text) <= 0) continue;
        text[strcspn(text, "\n")] = 0;
        found = !strcmp(text, "hyper");
        if (found) snprintf(path, size, "/dev/%s", e->d_name);
    }
    if (dir) closedir(dir);
    return found && access(path, F_OK) == 0;
}

static void port_ready(struct watch *w, uint32_t events) {
    (void)w;
    // Edge-triggered: a hang-up is told once, and the host's coming back once.
    if (events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP)) readable = true;
    if (events & EPOLLOUT) writable = true;
}

static void check_again(struct timer *t) {
    (void)t;
    readable = true;
}

static bool closed_now(void) {
    struct pollfd p = {.fd = port.fd};
    return poll(&p, 1, 0) == 1 && p.revents & POLLHUP;
}

bool port_open(void) {
    session_closed_now = closed_now;
    char path[320];
    struct pollfd p = {.fd = uevents, .events = POLLIN};
    int told = 0;
    while (!find_port(path, sizeof path)) {
        char drop[8192];
        if (poll(&p, 1, 5000) == 0 && !told++) complain("waiting for a virtio-serial port named \"hyper\"");
        while (recv(uevents, drop, sizeof drop, 0) > 0) continue;
    }
    close(uevents);
    port = (struct watch){.fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY), .ready = port_ready};
    check.due = check_again;
    if (port.fd < 0) {
        complain_errno("opening %s failed", path);
        return false;
    }
    struct termios raw;
    if (tcgetattr(port.fd, &raw) == 0) {
        cfmakeraw(&raw);
        tcsetattr(port.fd, TCSANOW, &raw);
    }
    watch_set(&port, EPOLLIN | EPOLLOUT | EPOLLET);
    readable = writable = true;
    return true;
}

static void receive(void) {
    static uint8_t data[READ_SIZE];
    if (session_output()->size - sent > QUEUE_MOST) return;
    ssize_t n = read(port.fd, data, sizeof data);
    if (n > 0) {
        session_feed(data, (size_t)n);
        return;
    }
    readable = false;
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    // Nobody is attached. The driver wakes us when that changes; the timer is for the case that it does not.
    session_port_closed();
    timer_set(&check, CLOSED_CHECK_MILLIS);
}

static void transmit(void) {
    struct buffer *out = session_output();
    while (writable && sent < out->size) {
        size_t n = out->size - sent < WRITE_SIZE ? out->size - sent : WRITE_SIZE;
        ssize_t done = write(port.fd, out->data + sent, n);
        if (done > 0) {
            sent += (size_t)done;
        } else {
            writable = false;
        }
    }
    if (sent == out->size) {
        out->size = sent = 0;
        if (out->capacity > 4 * QUEUE_SIZE) buffer_free(out);
    } else if (sent > QUEUE_SIZE) {
        memmove(out->data, out->data + sent, out->size - sent);
        out->size -= sent;
        sent = 0;
    }
}

bool port_turn(void) {
    struct buffer *out = session_output();
    if (readable) {
        uint64_t before = session_number();
        receive();
        if (session_number() != before) sent = 0;  // the older session's queue was dropped
    }
    streams_pump(out, sent + QUEUE_SIZE);
    transmit();
    bool more_out = writable && out->size < QUEUE_SIZE && out->size > 0;
    return (readable && out->size - sent <= QUEUE_MOST) || more_out;
}
