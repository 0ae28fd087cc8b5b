package io.hypernetes.store.backup;

import io.hypernetes.store.Entry;

/// One thing in a backup.
public sealed interface BackupItem {

    /// An entry of the store with the revisions that it had.
    record Stored(Entry entry) implements BackupItem {}

    /// A small file.
    ///
    /// @param name relative, with slashes; whoever writes it somewhere checks it first
    record SmallFile(String name, byte[] content) implements BackupItem {}
}
