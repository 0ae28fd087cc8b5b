package io.hypernetes.store;

import java.util.List;
import java.util.Optional;

/// A revisioned, ordered key-value store.
///
/// **Revisions** are a strictly increasing hybrid clock in microseconds: at least the wall clock, always greater than
/// every revision given before, on this start or an earlier one. A revision tells nothing of how many writes there were.
///
/// **Durability**: when [#commit] returns, the change survives the loss of power. Many concurrent writers share one flush.
///
/// **Order**: all watchers see all changes in the order of their revisions; a commit of several operations is one
/// revision and is never seen in part.
///
/// Implementations are safe for use by many threads. Methods block the calling (virtual) thread.
public interface Store extends AutoCloseable {

    /// A fresh revision: greater than that of every change visible to a read made before the call, not greater than that of
    /// any change committed after it returns.
    long tick();

    /// As [#tick()], but only with regard to keys that start with `prefix`, and comparable only with revisions of what lies under the same first part of
    /// the keys (`/name/`). It is the clock's even while others' changes are being written, so it does not show that there are any. Reads, watches and
    /// their progress are by prefix like this; who compares or continues them under a wider prefix asks for [#tick()] before.
    long tick(String prefix);

    /// The value under `key` now.
    Optional<Entry> get(String key);

    /// The entries whose keys start with `prefix` and sort strictly after `afterKey` (empty: from the first), ascending by
    /// key in UTF-8 order, at most `limit` (0: all), all as of one instant whose revision the page carries.
    Page list(String prefix, String afterKey, int limit);

    /// How many bytes the entries have, keys and values, whose keys begin with the same first part (`/name/`) as `prefix`; all entries when that has none. What is
    /// being committed may be in it or not; what was, is.
    default long bytes(String prefix) {
        return list(prefix.substring(0, prefix.indexOf('/', 1) + 1), "", 0).entries().stream()
                .mapToLong(entry -> entry.key().length() + (long) entry.knownLength())
                .sum();
    }

    /// Applies all operations or none, durably.
    ///
    /// @throws ConflictException when a precondition does not hold; nothing was changed
    /// @throws StoreException when the medium fails; whether the change was made is then unknown
    Commit commit(List<Operation> operations);

    /// Follows the changes of keys that start with `prefix` whose revision is greater than `afterRevision`.
    ///
    /// @throws CompactedException when history since `afterRevision` is no longer kept
    Watch watch(String prefix, long afterRevision);

    /// Stops accepting work, flushes, releases the files. Open watches end.
    @Override
    void close();
}
