package io.hypernetes.streams;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/// How many streams may be open at once: logs, commands, forwarded ports, or watches, each of which holds connections, threads and memory for as long as its client likes. A tenant has at most so many,
/// and takes another one only while it has less than half of those that are free: the more is taken, the less any one may have, and who comes late finds places. Nobody waits. Thread-safe.
public final class StreamPlaces {
    /// What a stream may take: two connections over TLS, and what is under way between them.
    private static final long BYTES = 256 << 10;
    /// What a watch may: its request, a thread, and its part of a connection.
    private static final long WATCH_BYTES = 16 << 10;
    /// What a tenant with some operators of its own has open.
    private static final int LEAST_WATCHES = 200;
    private static final int LEAST_STREAMS = 4;

    private final int total;
    private final int ofTenant;
    private final int least;
    private final Map<String, Integer> open = new HashMap<>();
    private int taken;

    /// @param total of all tenants
    /// @param ofTenant of one, also when it is alone
    /// @param least what a tenant may have however few are free, as long as there is one
    public StreamPlaces(int total, int ofTenant, int least) {
        this.total = total;
        this.ofTenant = ofTenant;
        this.least = least;
    }

    /// As many as fit into a part of this process's memory.
    ///
    /// @param most of all tenants, however much memory there is
    /// @param mostOfTenant of one
    public static StreamPlaces within(int most, int mostOfTenant) {
        return within(BYTES, most, mostOfTenant, LEAST_STREAMS);
    }

    /// As many watches as fit into a part of this process's memory.
    ///
    /// @param most of all tenants, however much memory there is
    /// @param mostOfTenant of one
    public static StreamPlaces ofWatches(int most, int mostOfTenant) {
        return within(WATCH_BYTES, most, mostOfTenant, LEAST_WATCHES);
    }

    private static StreamPlaces within(long bytes, int most, int mostOfTenant, int least) {
        int total = (int) Math.clamp(Runtime.getRuntime().maxMemory() / 4 / bytes, 256, most);
        return new StreamPlaces(total, Math.min(mostOfTenant, total / 3), least);
    }

    /// A stream that may begin; closing gives the place back, once however often.
    public interface Place extends AutoCloseable {
        @Override
        void close();
    }

    /// @return empty when the tenant has its share, or nobody may have any more
    public synchronized Optional<Place> take(String tenant) {
        int mine = open.getOrDefault(tenant, 0);
        int free = total - taken;
        if (free <= 0 || mine >= Math.min(ofTenant, Math.max(least, free / 2))) {
            return Optional.empty();
        }
        open.put(tenant, mine + 1);
        taken++;
        AtomicBoolean held = new AtomicBoolean(true);
        return Optional.of(() -> {
            if (held.compareAndSet(true, false)) {
                giveBack(tenant);
            }
        });
    }

    private synchronized void giveBack(String tenant) {
        taken--;
        open.computeIfPresent(tenant, (_, count) -> count == 1 ? null : count - 1);
    }

    /// For whoever is refused.
    public static String refusal(String tenant, String where) {
        return "tenant " + tenant + " has too many streams open " + where + " (logs, commands, attached terminals, forwarded ports and proxied requests); end some of them, or try again later";
    }
}
