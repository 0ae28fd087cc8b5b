package io.hypernetes.store.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class PackedValueTest {
    private static final String POD = """
            {"apiVersion":"v1","kind":"Pod","metadata":{"resourceVersion":"%d","name":"web-%s","uid":"%s","creationTimestamp":"2026-11-29T12:00:%02dZ",
            "labels":{"app":"web","pod-template-hash":"6d4b75cb6d"}},"spec":{"containers":[{"name":"web","image":"nginx:1.27","ports":[{"containerPort":80}],
            "resources":{"requests":{"cpu":"100m","memory":"64Mi"}}}],"nodeName":"node-%d"}}""";

    @Property
    void whatIsPackedComesBackAsItWas(@ForAll @Size(max = 3_000) byte[] base, @ForAll @Size(max = 3_000) byte[] value) {
        assertComesBack(base, value);
    }

    @Property(tries = 3_000)
    void soDoesWhatWasMadeOfTheBase(@ForAll long seed) {
        var random = new Random(seed);
        // Few different bytes make many places that look alike.
        byte[] base = bytes(random, random.nextInt(2_000), 1 + random.nextInt(8));
        byte[] value = base;
        for (int edits = random.nextInt(12); edits > 0; edits--) {
            int from = random.nextInt(value.length + 1);
            int to = from + random.nextInt(value.length - from + 1);
            value = switch (random.nextInt(4)) {
                case 0 -> joined(Arrays.copyOf(value, from), Arrays.copyOfRange(value, to, value.length));
                case 1 -> joined(value, Arrays.copyOfRange(value, from, to));
                case 2 -> joined(Arrays.copyOfRange(value, from, value.length), Arrays.copyOf(value, from));
                default -> joined(Arrays.copyOf(value, from), joined(bytes(random, random.nextInt(40), 256), Arrays.copyOfRange(value, from, value.length)));
            };
            value = Arrays.copyOf(value, Math.min(value.length, 4_000));
        }
        assertComesBack(base, value);
    }

    @Test
    void longestBasesAndLongValues() {
        var random = new Random(3);
        byte[] base = bytes(random, PackedValue.Base.LONGEST, 256);
        assertThat(assertComesBack(base, base).packedLength()).isLessThan(20);
        byte[] twice = joined(base, base);
        assertThat(assertComesBack(base, twice).packedLength()).isLessThan(40);
        assertComesBack(new byte[0], base);
        assertComesBack(base, new byte[0]);
    }

    @Test
    void aReplicaTakesLittle() {
        byte[] first = POD.formatted(1_732_880_000_000_000L, "hwfn8", "0c5b2e6a-7f38-4f0e-9a0b-3d4f7d3a1b22", 1, 17).getBytes(UTF_8);
        byte[] second = POD.formatted(1_732_880_123_456_789L, "2vqzk", "9e8d7c6b-1a2b-4c3d-8e9f-102938475601", 42, 4_711).getBytes(UTF_8);
        var packed = assertComesBack(first, second);
        assertThat(packed.packedLength()).isLessThan(100);
    }

    @Test
    void whatHasNoRoomIsNotPacked() {
        var random = new Random(5);
        byte[] base = bytes(random, 500, 256);
        byte[] other = bytes(random, 500, 256);
        assertThat(PackedValue.of(other, new PackedValue.Base(base), 500)).isNull();
        assertThat(PackedValue.of(base, new PackedValue.Base(base), 8)).isNull();
    }

    private static PackedValue assertComesBack(byte[] base, byte[] value) {
        var packed = PackedValue.of(value, new PackedValue.Base(base), 2 * value.length + 64);
        assertThat(packed).isNotNull();
        assertThat(packed.length()).isEqualTo(value.length);
        if (value.length > 0) {
            assertThat(packed.last()).isEqualTo(value[value.length - 1]);
        }
        byte[] out = new byte[value.length + 7];
        packed.copyInto(out, 5);
        assertThat(Arrays.copyOfRange(out, 5, 5 + value.length)).isEqualTo(value);
        assertThat(out).startsWith(0, 0, 0, 0, 0).endsWith(0, 0);
        return packed;
    }

    private static byte[] bytes(Random random, int length, int different) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) random.nextInt(different);
        }
        return bytes;
    }

    private static byte[] joined(byte[] left, byte[] right) {
        byte[] both = Arrays.copyOf(left, left.length + right.length);
        System.arraycopy(right, 0, both, left.length, right.length);
        return both;
    }
}
