package io.hypernetes.store.embedded;

import java.time.Duration;
import java.util.function.Supplier;
import org.rocksdb.FlushOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Gives back the memory in which RocksDB collects what its next table will hold (its memtable) when little is written any more. Nobody reads it there, as
/// all entries are in memory in another form; and what is in a table need not be read from the log at the next start.
///
/// Thread-safe. After [#close] the database is not touched any more.
final class RestingBuffer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RestingBuffer.class);
    private static final Duration LOOK = Duration.ofSeconds(10);
    /// A smaller one is left alone: a table costs a file, and a part of a compaction.
    static final long SMALLEST_BYTES = 4L << 20;
    /// What may come between two looks at one that rests: where as much comes all the time, a table is made in five minutes.
    static final long LITTLE_BYTES = 128L << 10;

    private final RocksDB db;
    private final Supplier<String> refusal;
    private final Thread thread;
    // Guarded by this.
    private boolean closed;
    private long before;

    /// @param refusal why nothing should be written now; empty when all is well
    RestingBuffer(RocksDB db, Supplier<String> refusal) {
        this.db = db;
        this.refusal = refusal;
        this.thread = Thread.ofVirtual().name("store-resting-buffer").unstarted(this::run);
    }

    /// Looks from time to time, until it is closed.
    RestingBuffer start() {
        thread.start();
        return this;
    }

    private void run() {
        try {
            while (true) {
                Thread.sleep(LOOK);
                look();
            }
        } catch (InterruptedException over) {
            // It is closed.
        }
    }

    /// One look, which flushes what has hardly grown since the one before.
    synchronized void look() {
        if (closed) {
            return;
        }
        try {
            long now = bytes();
            boolean rests = now >= SMALLEST_BYTES && now >= before && now - before <= LITTLE_BYTES;
            before = now;
            // A table that finds no room on the disk would end all writing.
            if (rests && refusal.get().isEmpty()) {
                try (FlushOptions flush = new FlushOptions().setWaitForFlush(false)) {
                    db.flush(flush);
                }
            }
        } catch (RocksDBException failed) {
            // The log has it all; whoever writes next hears of a disk that fails.
            LOG.warn("event=resting-buffer-not-flushed reason=\"{}\"", failed.getMessage());
        }
    }

    /// The memory of what is in no table yet.
    synchronized long bytes() throws RocksDBException {
        return closed ? 0 : db.getLongProperty("rocksdb.cur-size-active-mem-table");
    }

    @Override
    public void close() {
        thread.interrupt();
        synchronized (this) {
            closed = true;
        }
    }
}
