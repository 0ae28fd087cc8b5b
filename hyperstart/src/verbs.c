#define _GNU_SOURCE
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "connect.h"
#include "container.h"
#include "devices.h"
#include "disks.h"
#include "exec.h"
#include "files.h"
#include "grow.h"
#include "log.h"
#include "network.h"
#include "phases.h"
#include "pod.h"
#include "shutdown.h"
#include "stats.h"

static void refuse(struct asked asked, int error, const char *step, const char *text) {
    struct failure f;
    fail(&f, error, step, "%s", text);
    answer_failure(asked, &f);
}

// Answers with the failure when there is one, else with what was filled.
static void settle(struct asked asked, bool good, const struct failure *f, struct buffer *b) {
    if (good) answer(asked, b);
    else answer_failure(asked, f);
    if (b) buffer_free(b);
}

static bool kernel_has(const char *filesystem) {
    char text[4096], line[64];
    read_text("/proc/filesystems", text, sizeof text);
    snprintf(line, sizeof line, "\t%s\n", filesystem);
    return strstr(text, line) != NULL;
}

static void hello(struct bytes message, struct asked asked) {
    (void)message;
    struct buffer b = {0};
    struct utsname name;
    uname(&name);
    add_text(&b, 1, HYPERSTART_VERSION);
    add_text(&b, 2, name.release);
    add_u64(&b, 3, boot_nanos());
    phases_list(&b, 4);
    if (cgroup_available()) add_text(&b, 5, "cgroup2");
    add_text(&b, 5, "blkpg");
    if (devices_available()) add_text(&b, 5, "devices");
    if (access("/proc/sys/kernel/seccomp", F_OK) == 0) add_text(&b, 5, "seccomp");
    static const char *const filesystems[] = {"overlay", "squashfs", "erofs", "ext4"};
    for (size_t i = 0; i < sizeof filesystems / sizeof *filesystems; i++)
        if (kernel_has(filesystems[i])) add_text(&b, 5, filesystems[i]);
    if (access("/proc/sys/net/ipv6", F_OK) == 0) add_text(&b, 5, "ipv6");
    answer(asked, &b);
    buffer_free(&b);
}

struct resume {
    struct bytes nonce;
    uint64_t wall;
    struct bytes entropy;
    char *hostname, *machine_id;
};

static const struct rule resume_rules[] = {
    NEED(resume, 1, nonce, BYTES, NONCE_SIZE), NEED(resume, 2, wall, U64, 0), NEED(resume, 3, entropy, BYTES, 512),
    ONE(resume, 4, hostname, STR, 64), ONE(resume, 5, machine_id, STR, 32)};
static const struct schema resume_schema = SCHEMA(resume, resume_rules);

static bool set_clock(uint64_t wall, struct failure *f) {
    struct timespec t = {.tv_sec = (time_t)(wall / 1000000000u), .tv_nsec = (long)(wall % 1000000000u)};
    return clock_settime(CLOCK_REALTIME, &t) == 0 || fail_errno(f, "clock", "setting the clock failed");
}

// What the driver of the host's generator was given before a template rested, all copies have; the first who reads it gets it. Few machines have none.
static void skip_kept_random_bytes(void) {
    uint8_t kept[256];
    int fd = open("/dev/hwrng", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return;
    ssize_t skipped = read(fd, kept, sizeof kept);
    (void)skipped;  // less, or EAGAIN, when less was kept
    close(fd);
}

// A clone begins with the same random state as all its siblings, so the host's bytes are mixed in and credited before anything runs.
static bool add_entropy(struct bytes entropy, struct failure *f) {
    struct {
        struct rand_pool_info info;
        uint8_t data[512];
    } pool;
    pool.info.entropy_count = (int)entropy.size * 8;
    pool.info.buf_size = (int)entropy.size;
    memcpy(pool.data, entropy.data, entropy.size);
    int fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && ioctl(fd, RNDADDENTROPY, &pool) == 0 && ioctl(fd, RNDRESEEDCRNG) == 0;
    if (!good) fail_errno(f, "entropy", "seeding the random generator failed");
    if (fd >= 0) close(fd);
    return good;
}

static void resume(struct bytes message, struct asked asked) {
    struct resume r;
    struct arena arena = {0};
    struct failure f;
    bool good = message_decode(&resume_schema, message, &r, &arena, &f);
    if (good && (r.nonce.size != NONCE_SIZE || r.entropy.size < 32)) good = fail(&f, EINVAL, "message", "the nonce must have 16 bytes, the entropy at least 32");
    if (good && r.machine_id[0] && strspn(r.machine_id, "0123456789abcdef") != 32) good = fail(&f, EINVAL, "message", "the machine id must be 32 hexadecimal digits");
    if (good && session_resumed && memcmp(session_instance, r.nonce.data, NONCE_SIZE)) good = fail(&f, EBUSY, "resume", "this machine was resumed already, with another nonce");
    if (good) skip_kept_random_bytes();
    good = good && add_entropy(r.entropy, &f) && set_clock(r.wall, &f);
    if (good) {
        memcpy(session_instance, r.nonce.data, NONCE_SIZE);
        session_resumed = true;
        pod_resume(r.hostname, r.machine_id);
    }
    arena_free(&arena);
    settle(asked, good, &f, NULL);
}

// The kernel patches its own code when the first cgroup limits devices or processor time, and again when the last one does no longer; copies shall
// find it patched. So one such cgroup stays.
static bool keep_limits(struct failure *f) {
    static const char id[] = ".rehearsal";
    static bool kept;
    struct resources some = {.cpu_quota = 100000, .cpu_period = 100000, .memory = 64 << 20, .pids = 64};
    if (!kept && !(cgroup_make(id, &some, f) && devices_limit(id, &(struct list){0}, f))) return false;
    kept = true;
    return true;
}

static void forget(struct bytes message, struct asked asked) {
    (void)message;
    struct failure f;
    bool good = !containers || fail(&f, EBUSY, "forget", "container %s must be removed first", containers->spec.id);
    good = good && pod_forget(&f) && disks_forget(&f) && keep_limits(&f);
    if (good) {
        memset(session_instance, 0, NONCE_SIZE);
        session_resumed = false;
    }
    settle(asked, good, &f, NULL);
}

static void network(struct bytes message, struct asked asked) {
    struct failure f;
    bool good = network_apply(message, &f);
    if (good) phase_reached("network");
    settle(asked, good, &f, NULL);
}

static bool apply_pod(struct bytes message, struct failure *f) {
    if (!message.data) return true;
    struct pod_spec pod;
    struct arena arena = {0};
    bool good = message_decode(&pod_schema, message, &pod, &arena, f) && pod_apply(&pod, f);
    arena_free(&arena);
    return good;
}

static void plan(struct bytes message, struct asked asked) {
    struct plan p = {0};
    struct arena arena = {0};
    struct failure f;
    struct buffer b = {0};
    bool good = message_decode(&plan_schema, message, &p, &arena, &f) && pod_prepare(&f) && apply_pod(p.pod, &f);
    for (uint32_t i = 0; good && i < p.volumes.count; i++) good = volume_declare((struct volume_spec *)p.volumes.items + i, &f);
    // A start within a plan is asked with request 0: PLAN does not wait for it, its failure shows as EXITED and in LIST.
    for (uint32_t i = 0; good && i < p.containers.count; i++) {
        bool start;
        const char *id;
        good = container_plan(((struct bytes *)p.containers.items)[i], &start, &id, &f);
        if (!good) break;
        size_t mark = add_begin(&b, 1);
        add_text(&b, 1, id);
        add_end(&b, mark);
        if (start) container_start(container_find(id), (struct asked){0});
    }
    if (good) phase_reached("plan");
    arena_free(&arena);
    settle(asked, good, &f, &b);
}

// Requests that name a container and little more.
struct target {
    char *container;
    uint32_t a, b, c;
    bool all;
};

static const struct rule only_rules[] = {NEED(target, 1, container, STR, 128)};
static const struct schema only_schema = {"request", only_rules, 1, sizeof(struct target)};

static struct container *find(const char *id, struct failure *f) {
    struct container *c = container_find(id);
    if (!c) fail(f, ESRCH, "container", "there is no container %s", id);
    return c;
}

static void start(struct bytes message, struct asked asked) {
    struct target t;
    struct arena arena = {0};
    struct failure f;
    struct container *c = NULL;
    if (message_decode(&only_schema, message, &t, &arena, &f)) c = find(t.container, &f);
    arena_free(&arena);
    if (c) container_start(c, asked);
    else answer_failure(asked, &f);
}

static void remove_container(struct bytes message, struct asked asked) {
    struct target t;
    struct arena arena = {0};
    struct failure f;
    bool good = message_decode(&only_schema, message, &t, &arena, &f);
    struct container *c = good ? container_find(t.container) : NULL;
    arena_free(&arena);
    if (c) container_remove(c, asked);
    else settle(asked, good, &f, NULL);
}

static void signal_container(struct bytes message, struct asked asked) {
    static const struct rule rules[] = {NEED(target, 1, container, STR, 128), ONE(target, 2, a, U32, 0), NEED(target, 3, b, U32, 64), ONE(target, 4, all, BOOL, 0)};
    static const struct schema schema = {"signal", rules, 4, sizeof(struct target)};
    struct target t;
    struct arena arena = {0};
    struct failure f;
    struct container *c = NULL;
    if (message_decode(&schema, message, &t, &arena, &f)) c = find(t.container, &f);
    bool good = c != NULL;
    if (good && t.b == 0) good = fail(&f, EINVAL, "message", "0 is no signal");
    if (good) {
        int error = t.a ? exec_signal(c, t.a, (int)t.b) : container_signal(c, (int)t.b, t.all);
        if (error) good = fail(&f, error, "signal", "sending signal %u to container %s failed: %s", t.b, t.container, strerror(error));
    }
    arena_free(&arena);
    settle(asked, good, &f, NULL);
}

static void resize(struct bytes message, struct asked asked) {
    static const struct rule rules[] = {NEED(target, 1, container, STR, 128), ONE(target, 2, a, U32, 0), NEED(target, 3, b, U32, 65535), NEED(target, 4, c, U32, 65535)};
    static const struct schema schema = {"resize", rules, 4, sizeof(struct target)};
    struct target t;
    struct arena arena = {0};
    struct failure f;
    struct container *c = NULL;
    if (message_decode(&schema, message, &t, &arena, &f)) c = find(t.container, &f);
    bool good = c != NULL;
    if (good) {
        int error = t.b == 0 || t.c == 0 ? EINVAL : t.a ? exec_resize(c, t.a, t.b, t.c) : terminal_resize(c->master, t.b, t.c);
        if (error) good = fail(&f, error, "resize", "resizing the terminal of container %s failed: %s", t.container, strerror(error));
    }
    arena_free(&arena);
    settle(asked, good, &f, NULL);
}

static void list(struct bytes message, struct asked asked) {
    (void)message;
    struct buffer b = {0};
    for (struct container *c = containers; c; c = c->next) container_list(c, &b, 1);
    volumes_list(&b, 2);
    answer(asked, &b);
    buffer_free(&b);
}

struct open_stream {
    char *container;
    uint32_t kind, stream;
    uint64_t offset, limit;
};

static void open_stream(struct bytes message, struct asked asked) {
    static const struct rule rules[] = {NEED(open_stream, 1, container, STR, 128), NEED(open_stream, 2, kind, U32, 2), NEED(open_stream, 3, stream, U32, 0),
        ONE(open_stream, 4, offset, U64, 0), ONE(open_stream, 5, limit, U64, 0)};
    static const struct schema schema = SCHEMA(open_stream, rules);
    struct open_stream o;
    struct arena arena = {0};
    struct failure f;
    struct buffer b = {0};
    struct container *c = NULL;
    if (message_decode(&schema, message, &o, &arena, &f)) c = find(o.container, &f);
    bool good = c != NULL;
    if (good) {
        int error = container_open_stream(c, o.kind, o.stream, o.offset, o.limit);
        if (error) good = fail(&f, error, "open", "opening stream %u of container %s failed: %s", o.kind, o.container, strerror(error));
    }
    if (good) {
        const struct ring *ring = o.kind ? &c->output[o.kind - 1].ring : &c->input.ring;
        add_u64(&b, 1, ring->head);
        add_u64(&b, 2, ring->tail);
        add_bool(&b, 3, o.kind ? c->output[o.kind - 1].ended : c->input.ending || c->input.broken);
    }
    arena_free(&arena);
    settle(asked, good, &f, &b);
    if (good && o.kind == 0) stream_grant(o.stream);
}

struct update {
    char *container;
    struct resources resources;
};

static void update(struct bytes message, struct asked asked) {
    static const struct rule rules[] = {ONE(update, 1, container, STR, 128), {.tag = 2, .kind = MSG, .required = true, .offset = offsetof(struct update, resources), .sub = &resources_schema, .name = "resources"}};
    static const struct schema schema = SCHEMA(update, rules);
    struct update u;
    struct arena arena = {0};
    struct failure f;
    struct container *c = NULL;
    bool good = message_decode(&schema, message, &u, &arena, &f);
    if (good && !u.container[0]) good = cgroup_change(".", &u.resources, &f);
    else if (good) good = (c = find(u.container, &f)) && cgroup_change(c->spec.id, &u.resources, &f);
    arena_free(&arena);
    settle(asked, good, &f, NULL);
}

static void statistics(struct bytes message, struct asked asked) {
    struct failure f;
    struct buffer b = {0};
    settle(asked, stats(message, &b, &f), &f, &b);
}

static void write_files(struct bytes message, struct asked asked) {
    struct failure f;
    struct buffer b = {0};
    bool changed, good = files_write(message, &changed, &f);
    if (good) add_bool(&b, 1, changed);
    settle(asked, good, &f, &b);
}

static void read_file(struct bytes message, struct asked asked) {
    struct failure f;
    struct buffer b = {0};
    settle(asked, files_read(message, &b, &f), &f, &b);
}

static void shut_down(struct bytes message, struct asked asked) {
    static const struct rule rules[] = {ONE(target, 1, a, U32, 600000)};
    static const struct schema schema = {"shutdown", rules, 1, sizeof(struct target)};
    struct target t;
    struct arena arena = {0};
    struct failure f;
    if (message_decode(&schema, message, &t, &arena, &f)) shutdown_start(t.a, asked);
    else answer_failure(asked, &f);
    arena_free(&arena);
}

void verbs_handle(struct asked asked, struct bytes message) {
    static void (*const verbs[])(struct bytes, struct asked) = {
        [HELLO] = hello, [RESUME] = resume, [NETWORK] = network, [PLAN] = plan, [START] = start, [SIGNAL] = signal_container, [EXEC] = exec_start,
        [RESIZE_TTY] = resize, [LIST] = list, [OPEN] = open_stream, [REMOVE] = remove_container, [UPDATE] = update, [STATS] = statistics,
        [WRITE_FILES] = write_files, [READ_FILE] = read_file, [CONNECT] = connect_start, [SHUTDOWN] = shut_down, [COPY] = copy_start, [FORGET] = forget, [GROW] = grow_start};
    if (asked.type < sizeof verbs / sizeof *verbs && verbs[asked.type]) verbs[asked.type](message, asked);
    else refuse(asked, EOPNOTSUPP, "request", "this hyperstart does not know that request");
}

void verbs_session_ended(void) { execs_session_ended(); }

void verbs_attached(void) { phase_reached("attached"); }
