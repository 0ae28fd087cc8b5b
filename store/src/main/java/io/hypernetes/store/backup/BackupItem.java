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

    /// A part of a disk. What of a disk is in no part is zeros; the parts of one come one after the other, and behind them its [DiskEnd].
    ///
    /// @param disk relative, with slashes; whoever writes it somewhere checks it first
    /// @param offset where it begins, in bytes
    record DiskPart(String disk, long offset, byte[] content) implements BackupItem {}

    /// The end of a disk.
    ///
    /// @param bytes how long it is
    /// @param digest of its content, by whoever read it from its file
    record DiskEnd(String disk, long bytes, byte[] digest) implements BackupItem {}
}
