#define _GNU_SOURCE
#include "connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "streams.h"

struct connect {
    uint32_t stream;
    char *address;
    uint32_t port, timeout;
};

static const struct rule connect_rules[] = {
    NEED(connect, 1, stream, U32, 0), ONE(connect, 2, address, STR, 64), NEED(connect, 3, port, U32, 65535), ONE(connect, 4, timeout, U32, 600000)};
static const struct schema connect_schema = SCHEMA(connect, connect_rules);

enum { DEFAULT_TIMEOUT_MILLIS = 10000, MAX_PENDING = 256 };

struct connection {
    struct watch watch;
    struct timer timer;
    struct asked asked;
    struct source source;
    struct sink sink;
    char address[65];
    uint32_t stream, port;
    bool try_ipv6;  // loopback: the other family is still to be tried
};

static uint32_t pending;

static void give_up(struct connection *c, int error) {
    struct failure f;
    fail(&f, error, "connect", "connecting to %s port %u failed: %s", c->address[0] ? c->address : "loopback", c->port, strerror(error));
    answer_failure(c->asked, &f);
    watch_close(&c->watch);
    timer_stop(&c->timer);
    pending--;
    free(c);
}

static void closed(struct stream *s) {
    struct connection *c = s->owner;
    source_free(&c->source);
    sink_free(&c->sink);
    free(c);
}

static void connected(struct connection *c) {
    int fd = c->watch.fd, on = 1;
    watch_set(&c->watch, 0);
    timer_stop(&c->timer);
    source_open(&c->source, SESSION_RING, false);
    sink_open(&c->sink);
    c->sink.is_socket = true;
    int error = c->asked.session == session_number() ? stream_open(c->stream, &c->source, &c->sink, closed, c) : ECANCELED;
    if (error) {
        give_up(c, error);
        return;
    }
    pending--;
    c->watch.fd = -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    answer(c->asked, NULL);
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    source_attach(&c->source, fd);
    sink_attach(&c->sink, copy);
    stream_grant(c->stream);
}

static bool begin(struct connection *c, const char *address);

static void ready(struct watch *w, uint32_t events) {
    (void)events;
    struct connection *c = w->owner;
    int error = 0;
    socklen_t n = sizeof error;
    getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &n);
    if (error == 0) connected(c);
    else if (!c->try_ipv6 || (c->try_ipv6 = false, watch_close(&c->watch), !begin(c, "::1"))) give_up(c, error);
}

static void too_late(struct timer *t) { give_up(t->owner, ETIMEDOUT); }

// False with errno when it fails at once.
static bool begin(struct connection *c, const char *address) {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } to = {0};
    socklen_t size;
    if (inet_pton(AF_INET, address, &to.v4.sin_addr) == 1) {
        to.v4.sin_family = AF_INET;
        to.v4.sin_port = htons((uint16_t)c->port);
        size = sizeof to.v4;
    } else if (inet_pton(AF_INET6, address, &to.v6.sin6_addr) == 1) {
        to.v6.sin6_family = AF_INET6;
        to.v6.sin6_port = htons((uint16_t)c->port);
        size = sizeof to.v6;
    } else {
        errno = EINVAL;
        return false;
    }
    int fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    c->watch = (struct watch){.fd = fd, .ready = ready, .owner = c};
    if (connect(fd, &to.any, size) < 0 && errno != EINPROGRESS) {
        int error = errno;
        watch_close(&c->watch);
        errno = error;
        return false;
    }
    watch_set(&c->watch, EPOLLOUT);
    return true;
}

void connect_start(struct bytes message, struct asked asked) {
    struct connect spec;
    struct arena arena = {0};
    struct failure f;
    bool good = message_decode(&connect_schema, message, &spec, &arena, &f);
    if (good && (spec.stream == 0 || spec.port == 0)) good = fail(&f, EINVAL, "message", "neither a stream nor a port can be 0");
    if (good && pending >= MAX_PENDING) good = fail(&f, EAGAIN, "connect", "%u connections are being made already", pending);
    if (!good) {
        answer_failure(asked, &f);
        arena_free(&arena);
        return;
    }
    struct connection *c = must_alloc(sizeof *c);
    *c = (struct connection){.watch = {.fd = -1}, .source.watch.fd = -1, .sink.watch.fd = -1, .asked = asked, .stream = spec.stream, .port = spec.port, .try_ipv6 = !spec.address[0]};
    strcpy(c->address, spec.address);
    c->timer = (struct timer){.due = too_late, .owner = c};
    pending++;
    arena_free(&arena);
    timer_set(&c->timer, spec.timeout ? spec.timeout : DEFAULT_TIMEOUT_MILLIS);
    if (!begin(c, c->address[0] ? c->address : "127.0.0.1")) give_up(c, errno);
}
