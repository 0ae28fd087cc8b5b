package io.hypernetes.client;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;

/// Texts one behind the other in one array: each by its length in UTF-8 and its bytes. Of a letter that is a text of its own Java makes sixty bytes, and tenants
/// may name as many as they like.
final class PackedTexts {
    private PackedTexts() {}

    static byte[] of(Collection<String> texts) {
        var out = new ByteArrayOutputStream();
        texts.forEach(text -> add(out, text));
        return out.toByteArray();
    }

    static void add(ByteArrayOutputStream out, String text) {
        add(out, text.getBytes(StandardCharsets.UTF_8));
    }

    static void add(ByteArrayOutputStream out, byte[] bytes) {
        int length = bytes.length;
        while (length > 0x7f) {
            out.write(length & 0x7f | 0x80);
            length >>>= 7;
        }
        out.write(length);
        out.writeBytes(bytes);
    }

    /// Goes through them. For one thread.
    static final class Reader {
        private final byte[] packed;
        private int at;

        Reader(byte[] packed) {
            this(packed, 0);
        }

        /// @param at where one begins
        Reader(byte[] packed, int at) {
            this.packed = packed;
            this.at = at;
        }

        boolean hasNext() {
            return at < packed.length;
        }

        String next() {
            int length = length();
            String text = new String(packed, at, length, StandardCharsets.UTF_8);
            at += length;
            return text;
        }

        /// Passes the next.
        ///
        /// @return less than 0 when it is before this one in the order of their bytes, 0 when it is the same
        int compareNext(byte[] text) {
            int length = length();
            int begin = at;
            at += length;
            return Arrays.compareUnsigned(packed, begin, at, text, 0, text.length);
        }

        void skip() {
            int length = length();
            at += length;
        }

        int nextByte() {
            return packed[at++];
        }

        private int length() {
            int length = 0;
            for (int shift = 0; ; shift += 7) {
                int part = packed[at++];
                length |= (part & 0x7f) << shift;
                if (part >= 0) {
                    return length;
                }
            }
        }
    }
}
