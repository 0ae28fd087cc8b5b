package io.hypernetes.apiserver.storage;

import java.util.function.LongFunction;

/// The bytes of an object for a revision still to come. Immutable.
public final class Encoded implements LongFunction<byte[]> {
    private static final int REVISION_DIGITS = 16;

    private final byte[] template;
    private final boolean ending;

    /// @param template the bytes without a revision
    /// @param ending whether they only tell that the object is going
    Encoded(byte[] template, boolean ending) {
        this.template = template;
        this.ending = ending;
    }

    @Override
    public byte[] apply(long revision) {
        return StoredForm.withRevision(template, revision);
    }

    /// How many bytes they are with a revision of this time.
    int length() {
        return template.length + REVISION_DIGITS;
    }

    /// Whether they are stored however little room there is, as this makes room in the end.
    boolean isEnding() {
        return ending;
    }
}
