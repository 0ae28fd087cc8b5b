package io.hypernetes.apiserver.storage;

import java.util.Comparator;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/// How much all feeds together may keep, and each of them. When together they have too much, the one that has most gives up its oldest: so whoever writes large
/// objects, again and again, shortens what is kept of these, and of those of others only where they keep more than he. Thread-safe.
final class FeedRoom {
    /// About what is kept of a store's history; most of it is the same objects.
    static final long MOST_BYTES = 96L << 20;
    /// Of twenty thousand objects of two kilobytes each the last changes are there.
    static final long MOST_BYTES_OF_ONE = 48L << 20;

    private final long mostBytes;
    private final long mostBytesOfOne;
    private final ReentrantLock lock = new ReentrantLock();
    private final AtomicLong shares = new AtomicLong();
    /// Those that keep something; the last keeps most.
    private final TreeSet<Share> bySize = new TreeSet<>(Comparator.<Share>comparingLong(share -> share.bytes).thenComparing(share -> share.number));
    private long bytes;

    FeedRoom() {
        this(MOST_BYTES, MOST_BYTES_OF_ONE);
    }

    FeedRoom(long mostBytes, long mostBytesOfOne) {
        this.mostBytes = mostBytes;
        this.mostBytesOfOne = mostBytesOfOne;
    }

    /// What gives up its oldest.
    interface Keeper {
        /// Lets go of the oldest change and tells how many bytes it had; 0 when none is kept. Takes no lock under which this room is asked for anything.
        long dropOldest();
    }

    /// The part that one feed has of it.
    final class Share {
        private final Keeper keeper;
        private final long number;
        private long bytes;

        private Share(Keeper keeper, long number) {
            this.keeper = keeper;
            this.number = number;
        }

        /// One more change is kept.
        void grown(long more) {
            lock.lock();
            try {
                weigh(this, more);
                while (bytes > mostBytesOfOne && drop(this)) {
                    // Until it is within its bound.
                }
                while (FeedRoom.this.bytes > mostBytes && drop(bySize.last())) {
                    // Until all are.
                }
            } finally {
                lock.unlock();
            }
        }

        /// A change is kept no more that nobody asked to be dropped.
        void shrunk(long less) {
            lock.lock();
            try {
                weigh(this, -less);
            } finally {
                lock.unlock();
            }
        }
    }

    /// A share for one more, which has nothing yet.
    Share share(Keeper keeper) {
        return new Share(keeper, shares.incrementAndGet());
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

    private void weigh(Share share, long more) {
        bySize.remove(share);
        share.bytes += more;
        bytes += more;
        if (share.bytes > 0) {
            bySize.add(share);
        }
    }
}
