package io.hypernetes.proxy;

import java.net.InetAddress;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Places for connections at the doors of all tenants of this node, as many as the process has memory for: it serves all of them, and what any of them makes it hold all would lose.
///
/// When all are taken, whoever has the most makes room for one that has fewer: of tenants first, and within a tenant of pods; of its connections the one goes that has been silent for the longest.
/// So no number of connections keeps another tenant out, nor another pod. Safe for use by many threads.
final class DoorPlaces {
    /// What a connection takes of the heap while bytes go both ways: buffers of the TLS session to the API server, what it knows of that, ours, two threads.
    private static final long CONNECTION_BYTES = 128 << 10;
    private static final int PART_OF_HEAP = 8, MOST_OF_POD = 128;

    /// Of this process, which has one heap.
    static final DoorPlaces ALL = new DoorPlaces(within(Runtime.getRuntime().maxMemory()), MOST_OF_POD, System::nanoTime);

    private final int most;
    private final int mostOfPod;
    private final LongSupplier nanoTime;
    private final Map<String, Map<InetAddress, Set<Place>>> taken = new HashMap<>(); // guarded by this
    private int count; // guarded by this

    /// @param most over all tenants
    /// @param mostOfPod of each address
    DoorPlaces(int most, int mostOfPod, LongSupplier nanoTime) {
        this.most = most;
        this.mostOfPod = mostOfPod;
        this.nanoTime = nanoTime;
    }

    static int within(long heapBytes) {
        return (int) Math.clamp(heapBytes / PART_OF_HEAP / CONNECTION_BYTES, MOST_OF_POD, 1 << 16);
    }

    /// One connection's, until it is closed.
    final class Place implements AutoCloseable {
        private final String tenant;
        private final InetAddress pod;
        private final Runnable leave;
        private volatile long usedNanos = nanoTime.getAsLong();

        private Place(String tenant, InetAddress pod, Runnable leave) {
            this.tenant = tenant;
            this.pod = pod;
            this.leave = leave;
        }

        /// Something went through.
        void use() {
            usedNanos = nanoTime.getAsLong();
        }

        /// For how long nothing went through.
        long silentNanos() {
            return nanoTime.getAsLong() - usedNanos;
        }

        @Override
        public void close() {
            remove(this);
        }
    }

    /// @param leave ends the connection, at once; called at most once, when another gets its place
    /// @return empty when the pod has as many as it may, or nobody has more
    Optional<Place> take(String tenant, InetAddress pod, Runnable leave) {
        Place fresh = new Place(tenant, pod, leave);
        Place last = null;
        synchronized (this) {
            if (of(tenant, pod).size() >= mostOfPod) {
                return Optional.empty();
            }
            if (count >= most) {
                last = whoLeavesFor(tenant, pod);
                if (last == null) {
                    return Optional.empty();
                }
                remove(last);
            }
            taken.computeIfAbsent(tenant, none -> new HashMap<>()).computeIfAbsent(pod, none -> new HashSet<>()).add(fresh);
            count++;
        }
        if (last != null) {
            last.leave.run();
        }
        return Optional.of(fresh);
    }

    /// Whom nobody gets ahead of by it: who has only one more than the other would only change places with it.
    private @Nullable Place whoLeavesFor(String tenant, InetAddress pod) {
        String richest = taken.keySet().stream().max(Comparator.comparingInt(this::of)).orElse(tenant);
        boolean ofAnother = of(richest) > of(tenant) + 1;
        Collection<Set<Place>> pods = taken.getOrDefault(ofAnother ? richest : tenant, Map.of()).values();
        Set<Place> most = pods.stream().max(Comparator.comparingInt(Set::size)).orElse(Set.of());
        if (!ofAnother && most.size() <= of(tenant, pod).size() + 1) {
            return null;
        }
        return most.stream().max(Comparator.comparingLong(Place::silentNanos)).orElse(null);
    }

    private int of(String tenant) {
        return taken.getOrDefault(tenant, Map.of()).values().stream().mapToInt(Set::size).sum();
    }

    private Set<Place> of(String tenant, InetAddress pod) {
        return taken.getOrDefault(tenant, Map.of()).getOrDefault(pod, Set.of());
    }

    private synchronized void remove(Place place) {
        Map<InetAddress, Set<Place>> pods = taken.get(place.tenant);
        Set<Place> places = pods == null ? null : pods.get(place.pod);
        if (pods != null && places != null && places.remove(place)) {
            count--;
            if (places.isEmpty()) {
                pods.remove(place.pod);
            }
            if (pods.isEmpty()) {
                taken.remove(place.tenant);
            }
        }
    }
}
