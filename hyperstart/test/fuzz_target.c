// One entry for every fuzzer: bytes as they may come from the host go through the channel and every table of fields.
#include <stdlib.h>
#include <string.h>

#include "channel.h"
#include "fuzz_target.h"
#include "spec.h"
#include "streams.h"

static struct buffer out;
static struct source source;
static struct sink sink;

static bool attached(void *context, const struct frame *f) {
    (void)context;
    return f->size % 7 != 6;
}

static void decode(const struct schema *schema, struct bytes row) {
    _Alignas(16) uint8_t to[1024];
    struct arena arena = {0};
    struct failure f;
    if (schema->size > sizeof to) abort();
    message_decode(schema, row, to, &arena, &f);
    arena_free(&arena);
}

static void received(void *context, const struct frame *f, int error) {
    (void)context;
    (void)error;
    if (f->stream) {
        streams_received(&out, f);
        streams_pump(&out, 1 << 20);
        out.size = 0;
        return;
    }
    struct bytes row = {f->payload, f->size};
    static const struct schema *const schemas[] = {&plan_schema, &pod_schema, &container_schema, &resources_schema, &exec_schema};
    for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++) decode(schemas[i], row);
    struct plan plan;
    struct arena arena = {0};
    struct failure failure;
    if (message_decode(&plan_schema, row, &plan, &arena, &failure)) {
        for (uint32_t i = 0; i < plan.containers.count; i++) {
            struct container_spec c;
            if (message_decode(&container_schema, ((struct bytes *)plan.containers.items)[i], &c, &arena, &failure)) container_spec_check(&c, &failure);
        }
        if (plan.pod.data) decode(&pod_schema, plan.pod);
    }
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct channel channel;
    memset(&channel, 0, sizeof channel);
    channel.attached = attached;
    channel.received = received;
    streams_output(&out);
    source_open(&source, 4096, true);
    sink_open(&sink);
    sink_attach(&sink, -1);
    stream_open(7, &source, &sink, NULL, NULL);
    ring_put(&source.ring, (const uint8_t *)"0123456789", 10);
    // In pieces of changing sizes, the first byte saying how; half of the time the magic comes first, or nothing would ever be found.
    size_t piece = size ? 1 + data[0] * 3u : 1;
    if (size && data[0] & 1) channel_feed(&channel, host_magic, MAGIC_SIZE);
    for (size_t at = size ? 1 : 0; at < size; at += piece) channel_feed(&channel, data + at, size - at < piece ? size - at : piece);
    streams_end_all();
    source_free(&source);
    sink_free(&sink);
    buffer_free(&channel.joined);
    out.size = 0;
    return 0;
}
