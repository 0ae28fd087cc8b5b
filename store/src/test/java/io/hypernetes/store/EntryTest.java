package io.hypernetes.store;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class EntryTest {
    @Test
    void theLastByteOfAValueIsKnownInEveryForm() {
        assertThat(entry(1, 2).endsWith((byte) 2)).isTrue();
        assertThat(entry(1, 2).endsWith((byte) 1)).isFalse();
        assertThat(entry().endsWith((byte) 0)).isFalse();
        assertThat(Entry.later("/a", () -> new byte[] {3}, 1, 1).endsWith((byte) 3)).isTrue();
    }

    @Test
    void ofAPackedValueItIsToldWithoutTheOthers() {
        Entry entry = entry(1, 2);
        entry.pack(new LastOnly(2));
        assertThat(entry.endsWith((byte) 7)).isTrue();
        assertThat(entry.endsWith((byte) 2)).isFalse();
        entry.pack(new LastOnly(0));
        assertThat(entry.endsWith((byte) 7)).isFalse();
    }

    private static Entry entry(int... bytes) {
        byte[] value = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            value[i] = (byte) bytes[i];
        }
        return new Entry("/a", value, 1, 1);
    }

    private record LastOnly(int length) implements Entry.Packed {
        @Override
        public void copyInto(byte[] to, int at) {
            throw new AssertionError("unpacked");
        }

        @Override
        public byte last() {
            return 7;
        }
    }
}
