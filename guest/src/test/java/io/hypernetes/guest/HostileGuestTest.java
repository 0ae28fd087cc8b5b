package io.hypernetes.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/// Throws mutated frames at everything that reads what a guest sends. A unit test runs some thousand from a fixed seed; for longer:
///
/// `mvn -pl guest -am test -Dtest=HostileGuestTest -Dfuzz.seconds=600 -Dsurefire.failIfNoSpecifiedTests=false`
///
/// which prints the seed of the run; `-Dfuzz.seed=` runs it again.
class HostileGuestTest {
    private static final List<Consumer<Message>> READERS = List.of(
            Answers::attached, Answers::refusal, Answers::hello, Answers::planned, Answers::started, Answers::pid, Answers::opened,
            Answers::inventory, Answers::stats, Answers::changed, Answers::file, Answers::exited, Answers::outOfMemory);

    @Test
    void mutatedBytesAreReadOrRefusedAndNothingElse() throws IOException {
        long seconds = Long.getLong("fuzz.seconds", 0);
        long seed = Long.getLong("fuzz.seed", seconds == 0 ? 20_261_123 : System.nanoTime());
        List<byte[]> seeds = seeds();
        Random random = new Random(seed);
        long until = System.nanoTime() + seconds * 1_000_000_000;
        int refused = 0;
        int whole = 0;
        long rounds = 0;
        for (; rounds < 20_000 || System.nanoTime() < until; rounds++) {
            byte[] input = mutated(seeds, random);
            try {
                feed(input, random);
                whole++;
            } catch (GuestException violation) {
                assertThat(violation.kind()).isEqualTo(GuestException.Kind.PROTOCOL);
                refused++;
            } catch (RuntimeException | Error failure) {
                throw new AssertionError(
                        "seed " + seed + " round " + rounds + " input " + java.util.HexFormat.of().formatHex(input), failure);
            }
        }
        System.out.println("fuzz seed=" + seed + " rounds=" + rounds + " refused=" + refused + " read=" + whole);
        assertThat(refused).isPositive();
        assertThat(whole).isPositive();
    }

    private static List<byte[]> seeds() throws IOException {
        List<byte[]> seeds = new ArrayList<>();
        for (String file : List.of("answers", "streams", "bad", "requests")) {
            VectorFile.read(file).stream().filter(vector -> vector.preamble().isEmpty()).forEach(vector -> seeds.add(vector.hex()));
        }
        return seeds;
    }

    private static byte[] mutated(List<byte[]> seeds, Random random) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        for (int i = random.nextInt(1, 6); i > 0; i--) {
            byte[] piece = seeds.get(random.nextInt(seeds.size())).clone();
            for (int flips = random.nextInt(4); flips > 0; flips--) {
                int at = random.nextInt(piece.length);
                switch (random.nextInt(4)) {
                    case 0 -> piece[at] ^= (byte) (1 << random.nextInt(8));
                    case 1 -> piece[at] = (byte) random.nextInt();
                    case 2 -> piece[at] = (byte) (random.nextBoolean() ? 0xff : 0);
                    default -> piece = java.util.Arrays.copyOf(piece, Math.max(1, at));
                }
            }
            joined.writeBytes(piece);
        }
        return joined.toByteArray();
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
