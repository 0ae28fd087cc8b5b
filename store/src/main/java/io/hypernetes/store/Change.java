package io.hypernetes.store;

import org.jspecify.annotations.Nullable;

/// One change of one key as a watcher sees it.
///
/// @param entry the entry as written; for a deletion its key, the last state's bytes and the revision of the deletion
/// @param previous the entry before the change; null when the key did not exist
/// @param deleted whether the key is gone
public record Change(Entry entry, @Nullable Entry previous, boolean deleted) {}
