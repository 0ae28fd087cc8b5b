package io.hypernetes.kubelet.usage;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;

/// What the whole node uses, from `/proc`: processors since the last time somebody asked (since boot at first), memory in use now.
/// Safe for use by many threads.
public final class NodeUsage {
    private static final Duration SHORTEST_WINDOW = Duration.ofSeconds(2);
    /// `/proc/stat` counts hundredths of a second on every Linux that Java knows.
    private static final long NANOS_PER_TICK = 10_000_000L;

    private final Path proc;
    private final InstantSource clock;
    private Reading last = new Reading(Instant.EPOCH, 0);

    private record Reading(Instant at, long busyNanos) {}

    public NodeUsage(InstantSource clock) {
        this(Path.of("/proc"), clock);
    }

    NodeUsage(Path proc, InstantSource clock) {
        this.proc = proc;
        this.clock = clock;
    }

    /// `timestamp`, `window` and `usage` of a NodeMetrics.
    public synchronized byte[] now() {
        Reading reading = new Reading(clock.instant(), busyNanos());
        Reading start = last.at.equals(Instant.EPOCH) ? new Reading(reading.at.minus(uptime()), 0) : last;
        Duration window = Duration.between(start.at, reading.at);
        if (window.compareTo(SHORTEST_WINDOW) >= 0) {
            last = reading;
        }
        long rate = window.isPositive() ? (long) ((double) (reading.busyNanos - start.busyNanos) * 1_000_000_000 / window.toNanos()) : 0;
        return JsonMapper.shared().writeValueAsBytes(JsonMapper.shared().createObjectNode()
                .put("timestamp", reading.at.toString())
                .put("window", PodUsage.seconds(window))
                .set("usage", PodUsage.usage(Math.max(0, rate), kib("MemTotal:") * 1024 - kib("MemAvailable:") * 1024)));
    }

    /// Of the first line: user, nice, system, idle, iowait, irq, softirq, steal. Waiting for a disk is not work; stolen time is
    /// somebody else's.
    private long busyNanos() {
        String[] fields = lines("stat").getFirst().split("\\s+");
        long ticks = 0;
        for (int i : new int[] {1, 2, 3, 6, 7}) {
            ticks += i < fields.length ? Long.parseLong(fields[i]) : 0;
        }
        return ticks * NANOS_PER_TICK;
    }

    private Duration uptime() {
        return Duration.ofMillis((long) (Double.parseDouble(lines("uptime").getFirst().split(" ")[0]) * 1000));
    }

    private long kib(String field) {
        return lines("meminfo").stream()
                .filter(line -> line.startsWith(field))
                .mapToLong(line -> Long.parseLong(line.substring(field.length()).strip().split(" ")[0]))
                .findFirst().orElse(0);
    }

    private List<String> lines(String file) {
        try {
            return Files.readAllLines(proc.resolve(file));
        } catch (IOException absent) {
            throw new UncheckedIOException("what the node uses cannot be read from " + proc.resolve(file), absent);
        }
    }
}
