package io.hypernetes.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import net.jqwik.api.constraints.UniqueElements;

class CodecPropertiesTest {

    @Property(tries = 300)
    void aFrameComesBackAsItWent(
            @ForAll int stream, @ForAll @IntRange(max = 0xffff) int type, @ForAll boolean more, @ForAll int request,
            @ForAll @Size(max = 2_000) byte[] payload) throws IOException {
        Frame read = reader(new Frame(stream, type, more, request, payload).encode()).next();
        assertThat(List.of(read.stream(), read.type(), read.more(), read.request())).isEqualTo(List.of(stream, type, more, request));
        assertThat(read.payload()).isEqualTo(payload);
    }

    @Property(tries = 300)
    void aMessageComesBackAsItWent(
            @ForAll @LongRange(max = 0xffff_ffffL) long u32, @ForAll @LongRange(min = 0) long u64, @ForAll boolean bool,
            @ForAll @StringLength(max = 500) String text, @ForAll @Size(max = 100) byte[] bytes,
            @ForAll List<@LongRange(max = 0xffff_ffffL) Long> numbers) {
        String valid = new String(text.replace("\0", "").getBytes(java.nio.charset.StandardCharsets.UTF_8), java.nio.charset.StandardCharsets.UTF_8);
        MessageWriter writer = new MessageWriter().u32(1, u32).u64(2, u64).bool(3, bool).str(4, valid).bytes(5, bytes);
        numbers.forEach(number -> writer.u32(6, number));
        writer.message(7, it -> it.u64(1, u64));
        Message message = Message.parse(writer.toBytes());
        assertThat(message.u32(1)).isEqualTo(u32);
        assertThat(message.u64(2)).isEqualTo(u64);
        assertThat(message.bool(3)).isEqualTo(bool);
        assertThat(message.str(4)).isEqualTo(valid);
        assertThat(message.bytes(5, 100)).isEqualTo(bytes);
        assertThat(message.u32s(6, Integer.MAX_VALUE)).isEqualTo(numbers);
        assertThat(message.message(7).u64(1)).isEqualTo(u64);
    }

    @Property(tries = 300)
    void aRingIsAQueueOfBytes(@ForAll @Size(max = 60) List<@IntRange(min = -3_000, max = 3_000) Integer> steps) {
        ByteRing ring = new ByteRing();
        Deque<Byte> model = new ArrayDeque<>();
        int next = 0;
        for (int step : steps) {
            byte[] bytes = new byte[Math.abs(step)];
            if (step >= 0) {
                for (int i = 0; i < step; i++) {
                    bytes[i] = (byte) next++;
                    model.add(bytes[i]);
                }
                ring.add(bytes, 0, step);
            } else {
                int taken = ring.take(bytes, 0, bytes.length);
                assertThat(taken).isEqualTo(Math.min(bytes.length, model.size()));
                for (int i = 0; i < taken; i++) {
                    assertThat(bytes[i]).isEqualTo(model.remove());
                }
            }
            assertThat(ring.size()).isEqualTo(model.size());
        }
    }

    @Property(tries = 500)
    void theMarkIsFoundBehindWhateverIsAlikeIt(
            @ForAll @Size(max = 40) List<@IntRange(max = 32) Integer> prefixes, @ForAll @Size(value = 16) @UniqueElements byte[] nonce)
            throws IOException {
        // A cut mark followed by the first byte of the next would be the whole mark of a nonce that ends with that byte.
        Assume.that(IntStream.range(0, 16).noneMatch(i -> nonce[i] == (byte) 0xF5));
        byte[] mark = Handshake.mark(nonce);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        prefixes.stream().filter(length -> length < 32).forEach(length -> bytes.write(mark, 0, length));
        bytes.writeBytes(mark);
        bytes.writeBytes(new Frame(0, 1, false, 2, new byte[3]).encode());
        FrameReader reader = reader(bytes.toByteArray());
        reader.skipPast(mark);
        assertThat(reader.next().payload()).hasSize(3);
    }

    private static FrameReader reader(byte[] bytes) {
        return new FrameReader(GuestConnection.of(new ByteArrayInputStream(bytes), OutputStream.nullOutputStream()));
    }
}
