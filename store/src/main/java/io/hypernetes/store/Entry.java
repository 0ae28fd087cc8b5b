package io.hypernetes.store;

import java.util.Objects;
import java.util.function.Supplier;

/// One stored value. Immutable as seen from outside, and thread-safe: a value may be had for the first time when it is first asked for, and may be
/// held in another form than it is given.
public final class Entry {
    private final String key;
    private final long createRevision;
    private final long revision;
    /// The bytes, a `Supplier` of them that nobody has asked yet, or their [Packed] form.
    private volatile Object value;

    /// How bytes may be held that are not needed as an array at present. Immutable.
    public interface Packed {
        /// How many bytes they are.
        int length();

        /// Writes all of them into `to`, from position `at` on.
        void copyInto(byte[] to, int at);

        /// The last of them, which must be known without the others; undefined when there are none.
        byte last();
    }

    /// Bytes that are made when they are first asked for, and of which it is known before how many they are.
    ///
    /// @param bytes makes them
    /// @param length how many there will be
    public record Unopened(Supplier<byte[]> bytes, int length) implements Supplier<byte[]> {
        @Override
        public byte[] get() {
            return bytes.get();
        }
    }

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

    /// The bytes, shared and never to be modified by anyone; not always the same array.
    ///
    /// @throws StoreUnavailableException when they cannot be had, which then is so for good
    public byte[] value() {
        return bytes(known());
    }

    /// How many bytes the value has.
    ///
    /// @throws StoreUnavailableException as of [#value]
    public int length() {
        Object known = known();
        return known instanceof Packed packed ? packed.length() : ((byte[]) known).length;
    }

    /// As [#length], without making the value for it where that is known before.
    ///
    /// @throws StoreUnavailableException as of [#value], where it is not
    public int knownLength() {
        return value instanceof Unopened unopened ? unopened.length() : length();
    }

    /// Whether the value's last byte is this one, which takes no array either.
    ///
    /// @throws StoreUnavailableException as of [#value]
    public boolean endsWith(byte last) {
        Object known = known();
        if (known instanceof Packed packed) {
            return packed.length() > 0 && packed.last() == last;
        }
        byte[] bytes = (byte[]) known;
        return bytes.length > 0 && bytes[bytes.length - 1] == last;
    }

    /// Writes the value into `to`, from position `at` on, which takes no array of its own.
    ///
    /// @throws StoreUnavailableException as of [#value]
    public void copyInto(byte[] to, int at) {
        Object known = known();
        if (known instanceof Packed packed) {
            packed.copyInto(to, at);
        } else {
            byte[] bytes = (byte[]) known;
            System.arraycopy(bytes, 0, to, at, bytes.length);
        }
    }

    /// Holds the value in another form from now on. For one thread at a time, and for a value that was had.
    ///
    /// @param packed the very bytes of [#value]
    public void pack(Packed packed) {
        if (value instanceof Supplier<?>) {
            throw new IllegalStateException("the value of " + key + " was not opened yet");
        }
        value = packed;
    }

    /// Whether the value is held in another form.
    public boolean isPacked() {
        return value instanceof Packed;
    }

    /// The bytes or their packed form.
    private Object known() {
        Object held = value;
        return held instanceof Supplier<?> ? made() : held;
    }

    private synchronized Object made() {
        if (value instanceof Supplier<?> supplier) {
            value = supplier.get();
        }
        return value;
    }

    private static byte[] bytes(Object known) {
        if (known instanceof Packed packed) {
            byte[] bytes = new byte[packed.length()];
            packed.copyInto(bytes, 0);
            return bytes;
        }
        return (byte[]) known;
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
