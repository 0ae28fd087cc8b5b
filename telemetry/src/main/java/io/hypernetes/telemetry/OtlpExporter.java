package io.hypernetes.telemetry;

import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Sends steps as spans to a collector by OTLP over HTTP (OpenTelemetry Protocol 1.x, protobuf bodies). What the collector does not take in
/// time is dropped and counted: nobody ever waits for it. Safe for use by many threads.
public final class OtlpExporter implements StepSink, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(OtlpExporter.class);
    private static final int MOST_WAITING = 2048;
    private static final int MOST_AT_ONCE = 512;
    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final long COLLECTED_MILLIS = 500;

    private final String endpoint;
    private final BlockingQueue<Step> waiting = new ArrayBlockingQueue<>(MOST_WAITING);
    private final AtomicLong dropped = new AtomicLong();
    private final AtomicLong sent = new AtomicLong();
    private final Map<String, String> resource;
    private final Thread sender;
    private volatile boolean closed;
    private boolean failing;

    /// @param endpoint base address of the collector, as `http://127.0.0.1:4318`, or the whole address of its traces
    /// @param resource what all spans have in common, as `host.name`
    public OtlpExporter(String endpoint, Map<String, String> resource) {
        this.endpoint = endpoint.endsWith("/v1/traces") ? endpoint : endpoint.replaceAll("/+$", "") + "/v1/traces";
        this.resource = Map.copyOf(resource);
        this.sender = Thread.ofVirtual().name("otlp-export").start(this::run);
    }

    @Override
    public void accept(Step step) {
        if (closed || !waiting.offer(step)) {
            dropped.incrementAndGet();
        }
    }

    /// Steps that nobody will see: the queue was full, or the collector refused or did not answer.
    public long dropped() {
        return dropped.get();
    }

    /// Steps that the collector has taken.
    public long sent() {
        return sent.get();
    }

    /// Sends what waits, for two seconds at most.
    @Override
    public void close() {
        closed = true;
        sender.interrupt();
        try {
            sender.join(Duration.ofSeconds(2));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        // Made here: the first start of a pod need not wait for the library's classes.
        try (SpanExporter exporter = OtlpHttpSpanExporter.builder().setEndpoint(endpoint).setTimeout(TIMEOUT).setConnectTimeout(TIMEOUT).build()) {
            ExportedSpans spans = new ExportedSpans(resource);
            List<Step> batch = new ArrayList<>();
            while (!closed) {
                batch.clear();
                try {
                    batch.add(waiting.take());
                    collect(batch);
                } catch (InterruptedException closing) {
                    LOG.debug("event=otlp-closing waiting={}", waiting.size());
                }
                send(exporter, spans, batch);
            }
            batch.clear();
            waiting.drainTo(batch, MOST_AT_ONCE);
            // The last batch is waited for as the others are; whoever closes does not wait as long.
            Thread.interrupted();
            send(exporter, spans, batch);
        } catch (RuntimeException broken) {
            closed = true;
            LOG.error("event=otlp-stopped endpoint={} effect=\"no spans are sent any more\"", endpoint, broken);
        }
    }

    private void collect(List<Step> batch) throws InterruptedException {
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(COLLECTED_MILLIS);
        while (batch.size() < MOST_AT_ONCE) {
            Step next = waiting.poll(until - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (next == null) {
                return;
            }
            batch.add(next);
        }
    }

    private void send(SpanExporter exporter, ExportedSpans spans, List<Step> batch) {
        if (batch.isEmpty()) {
            return;
        }
        List<SpanData> data = batch.stream().map(spans::of).toList();
        CompletableResultCode result = exporter.export(data).join(TIMEOUT.toSeconds() * 2, TimeUnit.SECONDS);
        if (result.isSuccess()) {
            sent.addAndGet(batch.size());
            failing = false;
            return;
        }
        dropped.addAndGet(batch.size());
        if (!failing) {
            LOG.warn("event=spans-not-sent endpoint={} spans={} effect=\"they are dropped; more of that is not logged until it works again\"",
                    endpoint, batch.size());
        }
        failing = true;
    }
}
