package io.hypernetes.identity.local;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Slows down whoever guesses passwords: after a few wrong ones each further try waits twice as long as the one before, at most a quarter of an hour.
/// Thread-safe.
///
/// Counted are the tries for a user from one source, those of a source for all users, and those for a user from everywhere. The last has the
/// largest allowance, so that a stranger cannot keep somebody out who logs in from elsewhere until thousands of sources take part.
public final class Guesses {
    private static final Duration LONGEST = Duration.ofMinutes(15);
    private static final int MOST_COUNTS = 10_000;
    private static final int FREE_OF_PAIR = 5;
    private static final int FREE_OF_SOURCE = 30;
    private static final int FREE_OF_USER = 100;

    private final InstantSource clock;
    private final Map<String, Count> counts = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Count> eldest) {
            return size() > MOST_COUNTS;
        }
    };

    private record Count(int wrong, Instant last) {}

    private record Key(String text, int free) {}

    public Guesses(InstantSource clock) {
        this.clock = clock;
    }

    /// How long a try has to wait; zero when it may be made. A try that may be made counts as wrong until [#right] is called, so that many at
    /// once do not slip through.
    ///
    /// @param source where it comes from, such as an address
    public synchronized Duration begin(String user, String source) {
        var now = clock.instant();
        var longest = Duration.ZERO;
        for (var key : keys(user, source)) {
            var count = counts.get(key.text);
            if (count != null && count.wrong >= key.free) {
                var until = count.last.plus(pause(count.wrong - key.free));
                if (until.isAfter(now) && Duration.between(now, until).compareTo(longest) > 0) {
                    longest = Duration.between(now, until);
                }
            }
        }
        if (longest.isZero()) {
            for (var key : keys(user, source)) {
                var count = counts.get(key.text);
                boolean old = count == null || count.last.plus(LONGEST.multipliedBy(2)).isBefore(now);
                counts.put(key.text, new Count(old || count == null ? 1 : count.wrong + 1, now));
            }
        }
        return longest;
    }

    /// The try was right: the pair's count begins anew, the others lose this try.
    public synchronized void right(String user, String source) {
        for (var key : keys(user, source)) {
            var count = counts.get(key.text);
            if (count == null || key.free == FREE_OF_PAIR || count.wrong <= 1) {
                counts.remove(key.text);
            } else {
                counts.put(key.text, new Count(count.wrong - 1, count.last));
            }
        }
    }

    private static List<Key> keys(String user, String source) {
        return List.of(
                new Key("pair " + source + " " + user, FREE_OF_PAIR),
                new Key("source " + source, FREE_OF_SOURCE),
                new Key("user " + user, FREE_OF_USER));
    }

    private static Duration pause(int beyond) {
        return beyond >= 10 ? LONGEST : Duration.ofSeconds(1L << beyond);
    }
}
