package io.hypernetes.store;

import java.time.Duration;
import java.util.Optional;

/// An ordered stream of changes. For use by one thread at a time, except [#close], which any thread may call.
public interface Watch extends AutoCloseable {

    /// The next change, waiting at most `timeout` for it; empty when the time is over.
    ///
    /// @throws CompactedException when this watcher fell so far behind that history it has not read was dropped; list again
    /// @throws StoreException when the store or this watch was closed
    Optional<Change> next(Duration timeout) throws InterruptedException;

    /// A revision up to which this watch has delivered every change: what a bookmark may carry.
    long progress();

    @Override
    void close();
}
