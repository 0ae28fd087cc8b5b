package io.hypernetes.apiserver.storage;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// One reader's place among changes. For one thread, except [#wake].
public interface ChangeCursor extends AutoCloseable {

    /// The next change, waiting at most `timeout`; null when there was none or the reading ended.
    ///
    /// @throws io.hypernetes.store.CompactedException when changes were lost: list again
    @Nullable ObjectChange next(Duration timeout) throws InterruptedException;

    /// Whether no more changes will come.
    boolean ended();

    /// A revision up to which every change was given.
    long progress();

    /// Ends the reading from any thread.
    void wake();

    @Override
    void close();
}
