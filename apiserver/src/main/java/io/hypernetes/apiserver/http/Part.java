package io.hypernetes.apiserver.http;

/// A part of an answer whose length is known, which is copied when it is sent and not before. Immutable.
public interface Part {
    /// How many bytes it has.
    int length();

    /// Writes all of them into `to`, from position `at` on.
    void copyInto(byte[] to, int at);

    /// Its bytes, which must not change.
    byte[] array();

    /// One of bytes that do not change.
    static Part of(byte[] bytes) {
        return new Part() {
            @Override
            public int length() {
                return bytes.length;
            }

            @Override
            public void copyInto(byte[] to, int at) {
                System.arraycopy(bytes, 0, to, at, bytes.length);
            }

            @Override
            public byte[] array() {
                return bytes;
            }
        };
    }
}
