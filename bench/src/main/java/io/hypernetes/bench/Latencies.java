package io.hypernetes.bench;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/// Times of many like things, in nanoseconds. Thread-safe.
final class Latencies {
    private final Queue<Long> nanos = new ConcurrentLinkedQueue<>();

    void add(long taken) {
        nanos.add(taken);
    }

    int count() {
        return nanos.size();
    }

    /// The time that `percent` of all are within, in milliseconds.
    double millis(double percent) {
        List<Long> sorted = nanos.stream().sorted().toList();
        return sorted.isEmpty()
                ? Double.NaN
                : sorted.get(Math.clamp((long) Math.ceil(sorted.size() * percent / 100) - 1, 0, sorted.size() - 1)) / 1e6;
    }
}
