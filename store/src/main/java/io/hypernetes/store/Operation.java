package io.hypernetes.store;

import java.util.function.LongFunction;

/// One step of a commit. The value is made when the commit's revision is known, because a Kubernetes object carries its own
/// revision (`metadata.resourceVersion`) in its bytes; the function must be quick, pure and must not call the store.
public sealed interface Operation {

    /// The expected revision that asks for no precondition.
    long ANY = -1;

    /// The expected revision of a key that must not exist.
    long ABSENT = 0;

    String key();

    /// Revision that the key must have at commit time, [#ANY] or [#ABSENT].
    long expectedRevision();

    /// Writes a value.
    record Put(String key, long expectedRevision, LongFunction<byte[]> value) implements Operation {}

    /// Removes a key that must exist. `lastState` gives the bytes that watchers receive with the deletion.
    record Delete(String key, long expectedRevision, LongFunction<byte[]> lastState) implements Operation {}

    /// Only asserts the precondition, changes nothing.
    record Check(String key, long expectedRevision) implements Operation {}

    /// Creates `key`; a conflict when it exists.
    static Put create(String key, byte[] value) {
        return new Put(key, ABSENT, revision -> value);
    }

    /// Writes `key` whatever it holds.
    static Put put(String key, byte[] value) {
        return new Put(key, ANY, revision -> value);
    }

    /// Removes `key` whatever it holds; watchers receive an empty last state.
    static Delete delete(String key) {
        return new Delete(key, ANY, revision -> new byte[0]);
    }
}
