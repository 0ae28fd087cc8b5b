package io.hypernetes.apiserver.storage;

import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/// One reader's place among changes. For one thread, except [#wake].
public interface ChangeCursor extends AutoCloseable {

    /// The next change, waiting at most `timeout`; null when there was none or the reading ended.
    ///
    /// @throws io.hypernetes.store.CompactedException when changes were lost: list again
    @Nullable ObjectChange next(Duration timeout) throws InterruptedException;

    /// Takes changes on one thread of its own, an event loop, without waiting.
    interface Taker {
        /// Runs what it is given on that thread, in order; what is scheduled comes behind all other work that waits.
        ScheduledExecutorService loop();

        /// Takes a change, on the loop; false when it cannot without waiting, so that the reader gets it.
        boolean take(ObjectChange change);

        /// Sends what was taken, on the loop: after the last of some changes.
        void taken();
    }

    /// As the other; while the caller waits, changes are given to `taker`, and only one that it does not take is returned. When this returns the loop does
    /// nothing more for this reader.
    @Nullable ObjectChange next(Duration timeout, Taker taker) throws InterruptedException;

    /// Whether no more changes will come.
    boolean ended();

    /// A revision up to which every change was given.
    long progress();

    /// Ends the reading from any thread.
    void wake();

    @Override
    void close();
}
