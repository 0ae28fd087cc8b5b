package io.hypernetes.store.embedded;

import io.hypernetes.store.Change;
import io.hypernetes.store.Entry;
import io.hypernetes.store.StoreUnavailableException;
import java.util.List;
import java.util.Map;

/// Where changes become durable. Used by the sequencer thread alone.
interface DurableLog extends AutoCloseable {

    /// What the log held when it was opened.
    ///
    /// @param entries in key order
    /// @param lastCommit revision of the last commit
    /// @param ceiling no revision given so far is greater
    /// @param lastChanges the revision of the last change of each part of the keys (see [RevisionClock#part]), as far as that is known
    /// @param others no other part was changed after this
    record Content(List<Entry> entries, long lastCommit, long ceiling, Map<String, Long> lastChanges, long others) {
        /// Of a log that does not know what was changed when.
        Content(List<Entry> entries, long lastCommit, long ceiling) {
            this(entries, lastCommit, ceiling, Map.of(), lastCommit);
        }
    }

    /// Writes all changes or none; when it returns they survive the loss of power.
    ///
    /// @param lastCommit revision of the last of them
    /// @param ceiling no revision given before the next write is greater
    /// @throws StoreUnavailableException when the medium fails; whether the changes were written is then unknown
    void write(List<Change> changes, long lastCommit, long ceiling);

    /// Why nothing should be written now although the medium works, as when space runs short; empty when all is well.
    String refusal();

    /// Whether [#forget] does anything.
    default boolean forgets() {
        return false;
    }

    /// Makes sure that nothing written for an owner of whom no entry is left can be read again; called after the write that removed the last.
    ///
    /// @throws StoreUnavailableException when that fails
    default void forget(String owner) {}

    @Override
    void close();
}
