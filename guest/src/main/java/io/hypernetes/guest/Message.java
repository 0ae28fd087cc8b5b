package io.hypernetes.guest;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The fields of one message from the guest. Whatever is wrong with them is a [GuestException] of kind PROTOCOL: a value of the wrong
/// length or out of range, a field that occurs twice, more fields than any message has, an unknown tag that must be understood.
final class Message {
    static final int MAX_FIELDS = 16_384;
    /// Unknown tags from here on refuse a message; below they are skipped. No known tag is as high.
    private static final int MUST_UNDERSTAND = 0x8000;
    private static final int MAX_STRING = 4_096;

    private final byte[] bytes;
    private final int[] tags;
    private final int[] starts;
    private final int[] ends;
    private final int count;

    private Message(byte[] bytes, int[] tags, int[] starts, int[] ends, int count) {
        this.bytes = bytes;
        this.tags = tags;
        this.starts = starts;
        this.ends = ends;
        this.count = count;
    }

    static Message parse(byte[] bytes) {
        return parse(bytes, 0, bytes.length);
    }

    private static Message parse(byte[] bytes, int from, int to) {
        int[] tags = new int[16];
        int[] starts = new int[16];
        int[] ends = new int[16];
        int count = 0;
        int at = from;
        while (at < to) {
            if (to - at < 6) {
                throw GuestException.protocol("a field header cut short");
            }
            int tag = Bytes.u16(bytes, at);
            int length = Bytes.u32(bytes, at + 2);
            at += 6;
            if (length < 0 || length > to - at) {
                throw GuestException.protocol("field " + tag + " is longer than its message");
            }
            if (tag >= MUST_UNDERSTAND) {
                throw GuestException.protocol("unknown field " + tag + ", which must be understood");
            }
            if (count == MAX_FIELDS) {
                throw GuestException.protocol("a message of more than " + MAX_FIELDS + " fields");
            }
            if (count == tags.length) {
                tags = Arrays.copyOf(tags, count * 2);
                starts = Arrays.copyOf(starts, count * 2);
                ends = Arrays.copyOf(ends, count * 2);
            }
            tags[count] = tag;
            starts[count] = at;
            at += length;
            ends[count++] = at;
        }
        return new Message(bytes, tags, starts, ends, count);
    }

    boolean has(int tag) {
        return single(tag) >= 0;
    }

    boolean bool(int tag) {
        int field = single(tag);
        if (field < 0) {
            return false;
        }
        byte value = bytes[fixed(field, 1)];
        if (value != 0 && value != 1) {
            throw GuestException.protocol("field " + tag + " is no bool");
        }
        return value == 1;
    }

    long u32(int tag) {
        int field = single(tag);
        return field < 0 ? 0 : Bytes.u32(bytes, fixed(field, 4)) & 0xffff_ffffL;
    }

    /// A 32-bit number that must be within a range; a missing one is 0.
    int u32(int tag, int min, int max) {
        long value = u32(tag);
        if (value < min || value > max) {
            throw GuestException.protocol("field " + tag + " is " + value + ", not within " + min + " and " + max);
        }
        return (int) value;
    }

    /// A 64-bit number, of which the upper half of the range means nothing that we count.
    long u64(int tag) {
        int field = single(tag);
        long value = field < 0 ? 0 : Bytes.u64(bytes, fixed(field, 8));
        if (value < 0) {
            throw GuestException.protocol("field " + tag + " is " + Long.toUnsignedString(value) + ", beyond any count");
        }
        return value;
    }

    String str(int tag) {
        return str(tag, MAX_STRING);
    }

    String str(int tag, int maxBytes) {
        int field = single(tag);
        return field < 0 ? "" : text(field, maxBytes);
    }

    byte[] bytes(int tag, int maxBytes) {
        int field = single(tag);
        if (field < 0) {
            return new byte[0];
        }
        if (ends[field] - starts[field] > maxBytes) {
            throw GuestException.protocol("field " + tag + " is longer than " + maxBytes + " bytes");
        }
        return Arrays.copyOfRange(bytes, starts[field], ends[field]);
    }

    List<String> strs(int tag, int maxCount) {
        List<String> values = new ArrayList<>();
        for (int field : all(tag, maxCount)) {
            values.add(text(field, MAX_STRING));
        }
        return values;
    }

    List<Long> u32s(int tag, int maxCount) {
        List<Long> values = new ArrayList<>();
        for (int field : all(tag, maxCount)) {
            values.add(Bytes.u32(bytes, fixed(field, 4)) & 0xffff_ffffL);
        }
        return values;
    }

    /// The nested message of a field; an empty one when it is missing.
    Message message(int tag) {
        int field = single(tag);
        return field < 0 ? parse(bytes, 0, 0) : parse(bytes, starts[field], ends[field]);
    }

    List<Message> messages(int tag, int maxCount) {
        List<Message> values = new ArrayList<>();
        for (int field : all(tag, maxCount)) {
            values.add(parse(bytes, starts[field], ends[field]));
        }
        return values;
    }

    private int single(int tag) {
        int found = -1;
        for (int field = 0; field < count; field++) {
            if (tags[field] == tag) {
                if (found >= 0) {
                    throw GuestException.protocol("field " + tag + " occurs twice");
                }
                found = field;
            }
        }
        return found;
    }

    private List<Integer> all(int tag, int maxCount) {
        List<Integer> found = new ArrayList<>();
        for (int field = 0; field < count; field++) {
            if (tags[field] == tag) {
                if (found.size() == maxCount) {
                    throw GuestException.protocol("field " + tag + " occurs more than " + maxCount + " times");
                }
                found.add(field);
            }
        }
        return found;
    }

    private int fixed(int field, int length) {
        if (ends[field] - starts[field] != length) {
            throw GuestException.protocol("field " + tags[field] + " has not " + length + " bytes");
        }
        return starts[field];
    }

    private String text(int field, int maxBytes) {
        int length = ends[field] - starts[field];
        if (length > maxBytes) {
            throw GuestException.protocol("field " + tags[field] + " is longer than " + maxBytes + " bytes");
        }
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, starts[field], length)).toString();
        } catch (CharacterCodingException malformed) {
            throw GuestException.protocol("field " + tags[field] + " is no UTF-8");
        }
        if (text.indexOf('\0') >= 0) {
            throw GuestException.protocol("field " + tags[field] + " holds a NUL");
        }
        return text;
    }
}
