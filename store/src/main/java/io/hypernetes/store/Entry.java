package io.hypernetes.store;

/// One stored value.
///
/// @param key the whole key
/// @param value the bytes; shared and never to be modified by anyone
/// @param createRevision revision of the commit that created the key
/// @param revision revision of the commit that last wrote it
public record Entry(String key, byte[] value, long createRevision, long revision) {}
