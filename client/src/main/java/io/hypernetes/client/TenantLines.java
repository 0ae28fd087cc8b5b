package io.hypernetes.client;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Work of many tenants, done in the background: that of each in its order, and nobody's waits for another's. Thread-safe.
///
/// A tenant has a virtual thread as long as some of its work waits, so there are no more of them than tenants with work, and however many tenants keep theirs for as
/// long as they like. As much waits as was said at first: whoever comes then takes the last place of the tenant that has most waiting, unless that is itself, which
/// goes without.
final class TenantLines<T> implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TenantLines.class);

    private static final class Line<T> {
        final ArrayDeque<T> waiting = new ArrayDeque<>();
        @Nullable Thread worker;
    }

    private final String name;
    private final int most;
    private final BiConsumer<String, T> work;
    // Guarded by this: tenants with work, in a hand or waiting.
    private final Map<String, Line<T>> lines = new HashMap<>();
    private int size;
    private boolean closed;

    /// @param name of the threads
    /// @param most how many may wait, of all tenants together
    /// @param work does one piece of a tenant's; what it throws is told in the log, and the next one is done
    TenantLines(String name, int most, BiConsumer<String, T> work) {
        this.name = name;
        this.most = most;
        this.work = work;
    }

    /// Puts work behind that of its tenant; never blocks.
    ///
    /// @return what had to make way; null when nothing had to
    @Nullable T offer(String tenant, T item) {
        Line<T> line;
        T dropped = null;
        Thread worker = null;
        synchronized (this) {
            if (closed) {
                return item;
            }
            line = lines.get(tenant);
            if (size >= most) {
                Line<T> longest = longest();
                if (longest == null || longest.waiting.size() <= (line == null ? 0 : line.waiting.size()) + 1) {
                    return item;
                }
                dropped = longest.waiting.removeLast();
                size--;
            }
            if (line == null) {
                Line<T> made = new Line<>();
                line = made;
                worker = Thread.ofVirtual().name(name + "-" + tenant).unstarted(() -> run(tenant, made));
                made.worker = worker;
                lines.put(tenant, made);
            }
            line.waiting.add(item);
            size++;
        }
        if (worker != null) {
            worker.start();
        }
        return dropped;
    }

    /// Ends what is being done, and does no more.
    @Override
    public synchronized void close() {
        closed = true;
        for (Line<T> line : lines.values()) {
            line.waiting.clear();
            if (line.worker != null) {
                line.worker.interrupt();
            }
        }
        size = 0;
    }

    private void run(String tenant, Line<T> line) {
        for (T next = next(tenant, line); next != null; next = next(tenant, line)) {
            try {
                work.accept(tenant, next);
            } catch (Throwable fault) {
                // Also an error: the others of the tenant's line would keep their places for ever.
                LOG.error("event=work-fault lines={} tenant={}", name, tenant, fault);
            }
        }
    }

    private synchronized @Nullable T next(String tenant, Line<T> line) {
        T next = line.waiting.poll();
        if (next == null) {
            lines.remove(tenant);
        } else {
            size--;
        }
        return next;
    }

    private @Nullable Line<T> longest() {
        Line<T> longest = null;
        for (Line<T> each : lines.values()) {
            if (longest == null || each.waiting.size() > longest.waiting.size()) {
                longest = each;
            }
        }
        return longest;
    }
}
