package io.hypernetes.apiserver.storage;

import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/// How much many feeds together may keep. When they have too much, the owner whose feeds together have most gives up the oldest of its largest: so whoever writes
/// large objects again and again, or opens many feeds, shortens what is kept of its own, and of what others have only where they have more. Thread-safe.
final class FeedRoom {
    /// Of each of the two rooms that there are, about half of what is kept of a store's history; most of it is the same objects. Of ten thousand objects of two
    /// kilobytes each the last changes are there.
    static final long MOST_BYTES = 48L << 20;

    private final long mostBytes;
    private final ReentrantLock lock = new ReentrantLock();
    private final AtomicLong shares = new AtomicLong();
    private final Map<String, Owner> owners = new HashMap<>();
    /// Those that keep something; the last keeps most.
    private final TreeSet<Owner> bySize = new TreeSet<>(Comparator.<Owner>comparingLong(owner -> owner.bytes).thenComparing(owner -> owner.name));
    private long bytes;

    FeedRoom() {
        this(MOST_BYTES);
    }

    FeedRoom(long mostBytes) {
        this.mostBytes = mostBytes;
    }

    /// What gives up its oldest.
    interface Keeper {
        /// Lets go of the oldest change and tells how many bytes it had; 0 when none is kept. Takes no lock under which this room is asked for anything.
        long dropOldest();
    }

    /// All feeds that count as one.
    private static final class Owner {
        private final String name;
        /// Those that keep something; the last keeps most.
        private final TreeSet<Share> bySize = new TreeSet<>(Comparator.<Share>comparingLong(share -> share.bytes).thenComparing(share -> share.number));
        private long bytes;

        Owner(String name) {
            this.name = name;
        }
    }

    /// The part that one feed has of it.
    final class Share {
        private final String owner;
        private final Keeper keeper;
        private final long number;
        private long bytes;

        private Share(String owner, Keeper keeper, long number) {
            this.owner = owner;
            this.keeper = keeper;
            this.number = number;
        }

        /// One more change is kept.
        void grown(long more) {
            lock.lock();
            try {
                weigh(this, more);
                while (FeedRoom.this.bytes > mostBytes && drop(bySize.last().bySize.last())) {
                    // Until there is room.
                }
            } finally {
                lock.unlock();
            }
        }

        /// Changes are kept no more that nobody asked to be dropped.
        void shrunk(long less) {
            lock.lock();
            try {
                weigh(this, -less);
            } finally {
                lock.unlock();
            }
        }
    }

    /// A share for one more feed, which has nothing yet.
    ///
    /// @param owner with whose other feeds it counts as one
    Share share(String owner, Keeper keeper) {
        return new Share(owner, keeper, shares.incrementAndGet());
    }

    /// How much all keep.
    long bytes() {
        lock.lock();
        try {
            return bytes;
        } finally {
            lock.unlock();
        }
    }

    private boolean drop(Share share) {
        long freed = share.keeper.dropOldest();
        if (freed > 0) {
            weigh(share, -freed);
        }
        return freed > 0;
    }

    /// What was dropped before it was counted makes a share less than nothing, for a moment.
    private void weigh(Share share, long more) {
        var owner = owners.computeIfAbsent(share.owner, Owner::new);
        bySize.remove(owner);
        owner.bySize.remove(share);
        share.bytes += more;
        owner.bytes += more;
        bytes += more;
        if (share.bytes > 0) {
            owner.bySize.add(share);
        }
        if (!owner.bySize.isEmpty()) {
            bySize.add(owner);
        } else if (owner.bytes == 0) {
            owners.remove(owner.name);
        }
    }
}
