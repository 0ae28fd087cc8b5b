package io.hypernetes.store;

import java.util.Objects;
import java.util.function.Supplier;

/// One stored value. Immutable as seen from outside, and thread-safe: a value may be had for the first time when it is first asked for.
public final class Entry {
    private final String key;
    private final long createRevision;
    private final long revision;
    /// The bytes, or a `Supplier` of them that nobody has asked yet.
    private volatile Object value;

    /// @param key the whole key
    /// @param value the bytes; shared and never to be modified by anyone
    /// @param createRevision revision of the commit that created the key
    /// @param revision revision of the commit that last wrote it
    public Entry(String key, byte[] value, long createRevision, long revision) {
        this.key = key;
        this.value = value;
        this.createRevision = createRevision;
        this.revision = revision;
    }

    private Entry(String key, Supplier<byte[]> value, long createRevision, long revision) {
        this.key = key;
        this.value = value;
        this.createRevision = createRevision;
        this.revision = revision;
    }

    /// An entry whose value is made when it is first asked for.
    ///
    /// @param value asked until it has given the bytes once
    public static Entry later(String key, Supplier<byte[]> value, long createRevision, long revision) {
        return new Entry(key, value, createRevision, revision);
    }

    /// The whole key.
    public String key() {
        return key;
    }

    /// The bytes; the same array each time, shared and never to be modified by anyone.
    ///
    /// @throws StoreUnavailableException when they cannot be had, which then is so for good
    public byte[] value() {
        return value instanceof byte[] known ? known : made();
    }

    private synchronized byte[] made() {
        byte[] bytes = value instanceof Supplier<?> supplier ? (byte[]) supplier.get() : (byte[]) value;
        value = bytes;
        return bytes;
    }

    /// Revision of the commit that created the key.
    public long createRevision() {
        return createRevision;
    }

    /// Revision of the commit that last wrote it.
    public long revision() {
        return revision;
    }

    /// Whether both are the same write of the same key.
    @Override
    public boolean equals(Object other) {
        return other instanceof Entry entry && entry.revision == revision && entry.createRevision == createRevision && entry.key.equals(key);
    }

    @Override
    public int hashCode() {
        return Objects.hash(key, revision);
    }

    @Override
    public String toString() {
        return "Entry[" + key + " at " + revision + "]";
    }
}
