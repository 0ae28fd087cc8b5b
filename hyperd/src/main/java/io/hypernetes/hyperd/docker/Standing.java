package io.hypernetes.hyperd.docker;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/// How a container stands: its record, in the journal before anybody sees it, and those who wait for it to change. Safe for use by many threads.
final class Standing {
    private final DockerJournal journal;
    // Replaced under this.
    private volatile DockerRecord record;
    private volatile boolean gone;
    // Guarded by this.
    private int ends;

    Standing(DockerRecord record, DockerJournal journal) {
        this.record = record;
        this.journal = journal;
    }

    DockerRecord record() {
        return record;
    }

    /// Whether it was removed.
    boolean isGone() {
        return gone;
    }

    synchronized void update(DockerRecord next) {
        journal.write(next);
        record = next;
        notifyAll();
    }

    /// A run has ended.
    synchronized void ended() {
        ends++;
        notifyAll();
    }

    /// How many runs have ended in this process.
    synchronized int ends() {
        return ends;
    }

    /// Forgets it for ever.
    synchronized void gone() {
        journal.remove(record.id());
        gone = true;
        notifyAll();
    }

    /// Lets those who wait ask again what they wait for.
    synchronized void wake() {
        notifyAll();
    }

    /// Waits until it is gone, or what is asked at each change is so.
    synchronized void await(BooleanSupplier met) throws InterruptedException {
        while (!gone && !met.getAsBoolean()) {
            wait();
        }
    }

    /// Waits while the record is so, but no longer than that.
    synchronized void awaitWhile(Predicate<DockerRecord> so, Duration most) throws InterruptedException {
        long until = System.nanoTime() + most.toNanos();
        for (long left = most.toNanos(); left > 0 && !gone && so.test(record); left = until - System.nanoTime()) {
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
    }
}
