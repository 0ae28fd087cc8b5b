package io.hypernetes.kubelet.pod;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;

/// Pauses between tries of the same thing: 10 s doubling up to 5 min, forgotten when 10 min passed since the last try.
///
/// One per pod, used by the pod's own thread.
final class BackOff {
    static final Duration FIRST = Duration.ofSeconds(10);
    static final Duration LONGEST = Duration.ofMinutes(5);
    private static final Duration FORGET = LONGEST.multipliedBy(2);

    private record Entry(Duration pause, Instant at) {}

    private final InstantSource clock;
    private final Map<String, Entry> entries = new HashMap<>();

    BackOff(InstantSource clock) {
        this.clock = clock;
    }

    /// How long the next try must still wait when the last one ended at `since`; zero when it may go ahead.
    Duration remaining(String key, Instant since) {
        Entry entry = entries.get(key);
        if (entry == null || expired(entry, since)) {
            return Duration.ZERO;
        }
        Duration left = Duration.between(clock.instant(), since.plus(entry.pause));
        return left.isNegative() ? Duration.ZERO : left;
    }

    /// How long the next try must still wait, counted from when the last pause was set.
    Duration remaining(String key) {
        Entry entry = entries.get(key);
        return entry == null ? Duration.ZERO : remaining(key, entry.at);
    }

    /// The pause that applies now; zero when none does.
    Duration pause(String key) {
        Entry entry = entries.get(key);
        return entry == null ? Duration.ZERO : entry.pause;
    }

    /// A try is made: sets the pause that the next one must keep.
    void next(String key, Instant since) {
        Entry entry = entries.get(key);
        Duration pause = FIRST;
        if (entry != null && !expired(entry, since)) {
            Duration doubled = entry.pause.multipliedBy(2);
            pause = doubled.compareTo(LONGEST) > 0 ? LONGEST : doubled;
        }
        entries.put(key, new Entry(pause, clock.instant()));
    }

    void reset(String key) {
        entries.remove(key);
    }

    private static boolean expired(Entry entry, Instant since) {
        return Duration.between(entry.at, since).compareTo(FORGET) > 0;
    }
}
