package io.hypernetes.apiserver.http;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// What those who connect take together of the server's connections and of its memory for request bodies, before anybody knows who they are.
///
/// An origin gets more while it has less than a quarter of what is free: one alone has a fifth, ten that take all they get leave a tenth in the worst
/// order of coming and more as what they hold ends. So nobody shuts others out, and nobody needs a share laid by. The machine's own addresses, from which
/// all come where everything is on one machine, get more while they have less than what is free. Thread-safe.
final class Origins {
    private static final int PART = 4;

    private final int mostConnections;
    private final long mostBytes;
    private final AtomicLong connections = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Object, Origin> origins = new HashMap<>();

    /// @param mostConnections of all origins
    /// @param mostBytes of the bodies of all origins
    Origins(int mostConnections, long mostBytes) {
        this.mostConnections = mostConnections;
        this.mostBytes = mostBytes;
    }

    /// Those who count as one: the connections from one place.
    final class Origin {
        private final Object key;
        private final int part;
        private final AtomicLong bytesTaken = new AtomicLong();
        private int connectionsTaken;

        private Origin(Object key) {
            this.key = key;
            this.part = partOf(key);
        }

        /// Takes memory; false, and nothing is taken, when there is not so much left for this origin.
        boolean take(long count) {
            long own = bytesTaken.addAndGet(count);
            long all = bytes.addAndGet(count);
            if (part * own <= mostBytes - all + count) {
                return true;
            }
            giveBack(count);
            return false;
        }

        void giveBack(long count) {
            bytes.addAndGet(-count);
            bytesTaken.addAndGet(-count);
        }

        /// A connection is gone.
        void leave() {
            lock.lock();
            try {
                connections.decrementAndGet();
                if (--connectionsTaken == 0) {
                    origins.remove(key);
                }
            } finally {
                lock.unlock();
            }
        }
    }

    /// Whose a connection is before it says so: a tenant's, by whose door it comes, else the machine's; a machine has a whole prefix of IPv6.
    ///
    /// @param door empty for none
    static Object placeOf(SocketAddress remote, String door) {
        if (!door.isEmpty()) {
            return new Door(door);
        }
        if (!(remote instanceof InetSocketAddress internet) || internet.getAddress() == null) {
            return "";
        }
        var octets = internet.getAddress().getAddress();
        if (internet.getAddress().isLoopbackAddress()) {
            return new Here(ByteBuffer.wrap(octets));
        }
        return ByteBuffer.wrap(octets.length == 16 ? Arrays.copyOf(octets, 8) : octets);
    }

    private static int partOf(Object key) {
        return key instanceof Here ? 1 : PART;
    }

    private record Door(String tenant) {}

    private record Here(ByteBuffer address) {}

    /// A connection comes; null when there is no room for it.
    ///
    /// @param key equal for what comes from one place, see [#placeOf]
    @Nullable Origin enter(Object key) {
        lock.lock();
        try {
            var origin = origins.get(key);
            int own = origin == null ? 0 : origin.connectionsTaken;
            if (partOf(key) * own >= mostConnections - connections.get()) {
                return null;
            }
            connections.incrementAndGet();
            if (origin == null) {
                origin = new Origin(key);
                origins.put(key, origin);
            }
            origin.connectionsTaken++;
            return origin;
        } finally {
            lock.unlock();
        }
    }

    long takenBytes() {
        return bytes.get();
    }
}
