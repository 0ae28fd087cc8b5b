package io.hypernetes.guest;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/// Writes the fields of one message. The methods that end in `Unless…` leave out what the other end takes for granted.
final class MessageWriter {
    private byte[] bytes = new byte[64];
    private int size;

    MessageWriter bool(int tag, boolean value) {
        field(tag, 1);
        bytes[size++] = (byte) (value ? 1 : 0);
        return this;
    }

    MessageWriter boolIfTrue(int tag, boolean value) {
        return value ? bool(tag, true) : this;
    }

    MessageWriter u32(int tag, long value) {
        if (value < 0 || value > 0xffff_ffffL) {
            throw new IllegalArgumentException("field " + tag + ": " + value + " is no 32-bit unsigned number");
        }
        field(tag, 4);
        Bytes.putU32(bytes, size, (int) value);
        size += 4;
        return this;
    }

    MessageWriter u32UnlessZero(int tag, long value) {
        return value == 0 ? this : u32(tag, value);
    }

    /// All 64 bits of the value, so that -1 is all ones.
    MessageWriter u64(int tag, long value) {
        field(tag, 8);
        Bytes.putU64(bytes, size, value);
        size += 8;
        return this;
    }

    MessageWriter u64UnlessZero(int tag, long value) {
        return value == 0 ? this : u64(tag, value);
    }

    MessageWriter str(int tag, String value) {
        return bytes(tag, value.getBytes(StandardCharsets.UTF_8));
    }

    MessageWriter strUnlessEmpty(int tag, String value) {
        return value.isEmpty() ? this : str(tag, value);
    }

    MessageWriter strs(int tag, List<String> values) {
        values.forEach(value -> str(tag, value));
        return this;
    }

    MessageWriter bytes(int tag, byte[] value) {
        field(tag, value.length);
        System.arraycopy(value, 0, bytes, size, value.length);
        size += value.length;
        return this;
    }

    MessageWriter bytesUnlessEmpty(int tag, byte[] value) {
        return value.length == 0 ? this : bytes(tag, value);
    }

    MessageWriter message(int tag, Consumer<MessageWriter> fields) {
        MessageWriter nested = new MessageWriter();
        fields.accept(nested);
        return bytes(tag, nested.toBytes());
    }

    byte[] toBytes() {
        return Arrays.copyOf(bytes, size);
    }

    private void field(int tag, int length) {
        long needed = (long) size + 6 + length;
        if (needed > Frame.MAX_MESSAGE) {
            throw GuestException.refused(
                    "encoding a request", Errno.EMSGSIZE, "encode", "it would be longer than " + Frame.MAX_MESSAGE + " bytes");
        }
        if (needed > bytes.length) {
            bytes = Arrays.copyOf(bytes, (int) Math.min(Math.max(needed, bytes.length * 2L), Frame.MAX_MESSAGE));
        }
        Bytes.putU16(bytes, size, tag);
        Bytes.putU32(bytes, size + 2, length);
        size += 6;
    }
}
