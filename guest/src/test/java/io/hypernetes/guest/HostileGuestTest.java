package io.hypernetes.guest;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.fuzz.Fuzzer;
import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/// Throws mutated frames at everything that reads what a guest sends.
class HostileGuestTest {
    private static final List<Consumer<Message>> READERS = List.of(
            Answers::attached, Answers::refusal, Answers::hello, Answers::planned, Answers::started, Answers::pid, Answers::opened,
            Answers::inventory, Answers::stats, Answers::changed, Answers::file, Answers::exited, Answers::outOfMemory);

    @Test
    void mutatedBytesAreReadOrRefusedAndNothingElse() throws IOException {
        Fuzzer.Outcome outcome = new Fuzzer("guest-frames", seeds()).run(20_000, (input, random) -> {
            try {
                feed(input, random);
                return true;
            } catch (GuestException violation) {
                assertThat(violation.kind()).isEqualTo(GuestException.Kind.PROTOCOL);
                return false;
            }
        });
        assertThat(outcome.refused()).isPositive();
        assertThat(outcome.read()).isPositive();
    }

    private static List<byte[]> seeds() throws IOException {
        List<byte[]> seeds = new ArrayList<>();
        for (String file : List.of("answers", "streams", "bad", "requests")) {
            VectorFile.read(file).stream().filter(vector -> vector.preamble().isEmpty()).forEach(vector -> seeds.add(vector.hex()));
        }
        return seeds;
    }

    /// Through the receiver with streams open at both ids of the vectors, and every message through every reader.
    private static void feed(byte[] input, Random random) throws IOException {
        Outgoing outgoing = new Outgoing();
        GuestStream open = new GuestStream(7, "a stream", outgoing, 128 << 10);
        open.beginAt(0);
        Assembly assembly = new Assembly();
        FrameReader frames = new FrameReader(dripping(input, random));
        try {
            while (true) {
                Frame frame = frames.next();
                if (frame.stream() != 0) {
                    switch (frame.type()) {
                        case FrameType.DATA -> open.data(frame.payload());
                        case FrameType.WINDOW -> open.window(frame.payload());
                        case FrameType.END -> open.end(frame.payload());
                        default -> open.closedByGuest();
                    }
                    continue;
                }
                byte[] message = assembly.add(frame);
                if (message != null) {
                    Message parsed = Message.parse(message);
                    READERS.get(random.nextInt(READERS.size())).accept(parsed);
                }
            }
        } catch (EOFException end) {
            // The bytes were used up.
        }
    }

    private static GuestConnection dripping(byte[] bytes, Random random) {
        return new GuestConnection() {
            private int at;

            @Override
            public int read(byte[] into, int offset, int length) {
                if (at == bytes.length) {
                    return -1;
                }
                int part = Math.min(Math.min(length, bytes.length - at), random.nextInt(1, 200));
                System.arraycopy(bytes, at, into, offset, part);
                at += part;
                return part;
            }

            @Override
            public void write(byte[] ignored, int offset, int length) {}

            @Override
            public void close() {}
        };
    }
}
