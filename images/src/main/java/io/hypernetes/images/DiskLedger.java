package io.hypernetes.images;

import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import java.util.function.LongSupplier;

/// What of the disk is free beside what stays reserved and what is still to come of all that is being stored: many that each looked at the disk alone would count on the same room.
/// Safe for use by many threads.
final class DiskLedger {
    private final DiskSpace space;
    private final long reservedBytes;
    private final Set<Entry> entries = new HashSet<>(); // guarded by itself

    /// Something that is being stored, until it is closed.
    final class Entry implements AutoCloseable {
        private final LongSupplier missing;

        private Entry(LongSupplier missing) {
            this.missing = missing;
        }

        @Override
        public void close() {
            synchronized (entries) {
                entries.remove(this);
            }
        }
    }

    DiskLedger(DiskSpace space, long reservedBytes) {
        this.space = space;
        this.reservedBytes = reservedBytes;
    }

    /// Enters what is about to be stored, if there is room for it; else it has to be tried again.
    boolean enter(Entry entry) throws IOException {
        synchronized (entries) {
            return free() >= bytes(entry) && entries.add(entry);
        }
    }

    /// @param missing how many bytes of it may still come on the disk beside those that are there, at any time; asked on any thread
    Entry entry(LongSupplier missing) {
        return new Entry(missing);
    }

    /// Below zero when there is too little for all that has been entered.
    long free() throws IOException {
        synchronized (entries) {
            return space.room().usableBytes() - reservedBytes - promised();
        }
    }

    /// What is still to come.
    long promised() {
        synchronized (entries) {
            return entries.stream().mapToLong(DiskLedger::bytes).sum();
        }
    }

    private static long bytes(Entry entry) {
        return Math.max(entry.missing.getAsLong(), 0);
    }
}
