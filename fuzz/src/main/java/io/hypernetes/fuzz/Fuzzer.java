package io.hypernetes.fuzz;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/// Mutates seeds and throws them at a reader of bytes. As a unit test it makes a fixed number of rounds from a fixed seed; with
/// `-Dfuzz.seconds=600` it goes on for so long from a seed that it prints, and `-Dfuzz.seed=` makes the same inputs again. The inputs in
/// `fuzz/corpus/NAME` of the project come first, whole: what was found once stays found.
///
/// For one thread.
public final class Fuzzer {
    private static final long FIRST_SEED = 20_261_123;
    private static final int MOST_SEEDS = 5;
    private static final int MOST_CHANGES = 6;
    private static final int LARGEST = 1 << 20;
    /// Where arithmetic tends to be wrong.
    private static final int[] EDGES = {0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff};

    private final String name;
    private final List<byte[]> seeds;

    /// @param name names the corpus, and the run in messages
    /// @param seeds inputs that the reader understands, to be changed; not empty, none of them empty
    public Fuzzer(String name, List<byte[]> seeds) {
        this.name = name;
        this.seeds = List.copyOf(seeds);
        if (seeds.isEmpty() || seeds.stream().anyMatch(seed -> seed.length == 0)) {
            throw new IllegalArgumentException("fuzzing " + name + " needs seeds, none of them empty");
        }
    }

    /// What is fuzzed.
    @FunctionalInterface
    public interface Reader {
        /// Reads one input. Whatever it throws is a finding.
        ///
        /// @param chance for whatever else varies, as the sizes of the pieces in which the bytes arrive
        /// @return true when the input was read, false when it was refused in the way that the reader refuses
        boolean read(byte[] input, Random chance) throws Exception;
    }

    /// How a run ended.
    ///
    /// @param rounds inputs tried
    /// @param read those understood
    /// @param refused those refused
    public record Outcome(long rounds, long read, long refused) {}

    /// @param least rounds of a short run
    /// @throws AssertionError with the input in it, when the reader throws
    public Outcome run(int least, Reader reader) {
        long seconds = Long.getLong("fuzz.seconds", 0);
        long seed = Long.getLong("fuzz.seed", seconds == 0 ? FIRST_SEED : System.nanoTime());
        Random random = new Random(seed);
        long until = System.nanoTime() + seconds * 1_000_000_000;
        long rounds = 0;
        long read = 0;
        for (byte[] kept : corpus()) {
            rounds++;
            read += attempt(kept, reader, random, "kept in the corpus") ? 1 : 0;
        }
        for (long i = 0; i < least || seconds > 0 && System.nanoTime() < until; i++) {
            rounds++;
            read += attempt(mutated(random), reader, random, "seed " + seed + " round " + i) ? 1 : 0;
        }
        System.out.printf("fuzz name=%s seed=%d rounds=%d read=%d refused=%d%n", name, seed, rounds, read, rounds - read);
        return new Outcome(rounds, read, rounds - read);
    }

    private boolean attempt(byte[] input, Reader reader, Random random, String which) {
        try {
            return reader.read(input, random);
        } catch (Exception | Error failure) {
            throw new AssertionError("fuzzing " + name + ", " + which + ": the reader threw " + failure + " at the input "
                    + HexFormat.of().formatHex(input) + "; once mended, keep it as a file in fuzz/corpus/" + name, failure);
        }
    }

    private List<byte[]> corpus() {
        Path folder = Path.of("../fuzz/corpus", name);
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            List<byte[]> kept = new ArrayList<>();
            for (Path file : files.sorted().toList()) {
                kept.add(Files.readAllBytes(file));
            }
            return kept;
        } catch (IOException failure) {
            throw new UncheckedIOException("reading the corpus " + folder, failure);
        }
    }

    private byte[] mutated(Random random) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        for (int i = random.nextInt(1, MOST_SEEDS + 1); i > 0 && joined.size() < LARGEST; i--) {
            byte[] piece = seeds.get(random.nextInt(seeds.size())).clone();
            for (int changes = random.nextInt(MOST_CHANGES); changes > 0; changes--) {
                piece = changed(piece, random);
            }
            joined.writeBytes(piece);
        }
        return joined.toByteArray();
    }

    private byte[] changed(byte[] piece, Random random) {
        if (piece.length == 0) {
            return new byte[] {(byte) random.nextInt()};
        }
        int at = random.nextInt(piece.length);
        switch (random.nextInt(8)) {
            case 0 -> piece[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> piece[at] = (byte) random.nextInt();
            case 2 -> piece[at] = (byte) EDGES[random.nextInt(EDGES.length)];
            case 3 -> {
                int edge = EDGES[random.nextInt(EDGES.length)];
                int width = 1 << random.nextInt(3);
                for (int i = 0; i < width && at + i < piece.length; i++) {
                    piece[at + i] = (byte) (edge >>> 8 * (width - 1 - i));
                }
            }
            case 4 -> {
                return Arrays.copyOf(piece, at);
            }
            case 5 -> {
                return spliced(piece, at, at + random.nextInt(piece.length - at + 1), new byte[0]);
            }
            case 6 -> {
                byte[] more = new byte[random.nextInt(1, 64)];
                random.nextBytes(more);
                return spliced(piece, at, at, more);
            }
            default -> {
                // A part of the piece again: nesting and repetition.
                byte[] again = Arrays.copyOfRange(piece, at, at + random.nextInt(piece.length - at + 1));
                return spliced(piece, at, at, again);
            }
        }
        return piece;
    }

    private static byte[] spliced(byte[] piece, int from, int to, byte[] between) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(piece.length + between.length);
        out.write(piece, 0, from);
        out.writeBytes(between);
        out.write(piece, to, piece.length - to);
        return out.toByteArray();
    }
}
