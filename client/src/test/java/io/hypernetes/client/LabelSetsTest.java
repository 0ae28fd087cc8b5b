package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LabelSetsTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /// Bits for each value of each label would be the square: 750 MB here.
    @Test
    void labelsThatAreDifferentForEachThingTakeMemoryInProportion() {
        Set<String> keys = IntStream.range(0, 30).mapToObj(i -> "key-" + i).collect(Collectors.toSet());
        List<Map<String, String>> labels = IntStream.range(0, 20_000)
                .mapToObj(thing -> keys.stream().collect(Collectors.toMap(key -> key, key -> key + "-" + thing)))
                .toList();
        long before = THREADS.getCurrentThreadAllocatedBytes();
        LabelSets all = new LabelSets(labels, keys);
        long ofAll = THREADS.getCurrentThreadAllocatedBytes();
        LabelSets none = new LabelSets(labels, Set.of("other"));
        long ofNone = THREADS.getCurrentThreadAllocatedBytes();
        assertThat(ofAll - before).isLessThan(200L * 30 * 20_000);
        assertThat(ofNone - ofAll).as("labels that nobody asks for").isLessThan(10_000_000);
        assertThat(all.in("key-7", List.of("key-7-19999", "key-7-3"))).hasToString("{3, 19999}");
        assertThat(none.having("key-7").isEmpty()).isTrue();
    }

    /// As the sets of all that are above or below each of the numbers would be.
    @Test
    void numbersThatAreDifferentForEachThingTakeMemoryInProportion() {
        List<Map<String, String>> labels = IntStream.range(0, 20_000).mapToObj(thing -> Map.of("number", "" + thing)).toList();
        LabelSets sets = new LabelSets(labels, Set.of("number"));
        long before = THREADS.getCurrentThreadAllocatedBytes();
        assertThat(sets.above("number", 19_900).cardinality()).isEqualTo(99);
        assertThat(THREADS.getCurrentThreadAllocatedBytes() - before).isLessThan(300L * 20_000);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5, 63, 64, 65, 500, 3000})
    void whatItSaysIsWhatEachThingSays(int size) {
        Random random = new Random(size);
        List<Map<String, String>> labels = IntStream.range(0, size).mapToObj(thing -> {
            Map<String, String> ofThing = new HashMap<>();
            ofThing.put("unique", "" + thing);
            if (random.nextInt(4) > 0) {
                ofThing.put("zone", "z" + random.nextInt(3));
            }
            if (random.nextInt(100) == 0) {
                ofThing.put("rare", "it");
            }
            if (random.nextInt(3) > 0) {
                ofThing.put("number", random.nextInt(9) == 0 ? "none" : "" + (random.nextInt(400) - 200));
            }
            return ofThing;
        }).toList();
        LabelSets sets = new LabelSets(labels, Set.of("unique", "zone", "rare", "number", "nobody"));
        for (String key : List.of("unique", "zone", "rare", "number", "nobody")) {
            assertThat(sets.having(key)).isEqualTo(those(labels, of -> of.containsKey(key)));
            assertThat(sets.values(key)).isEqualTo(labels.stream().map(of -> of.get(key)).filter(value -> value != null).collect(Collectors.toSet()));
        }
        assertThat(sets.in("zone", List.of("z0", "z2", "z9"))).isEqualTo(those(labels, of -> Set.of("z0", "z2").contains(of.getOrDefault("zone", ""))));
        assertThat(sets.in("unique", List.of("0", "62", "2999"))).isEqualTo(those(labels, of -> Set.of("0", "62", "2999").contains(of.get("unique"))));
        for (long number : new long[] {Long.MIN_VALUE, -201, -200, -17, 0, 1, 77, 198, 199, 200, Long.MAX_VALUE}) {
            assertThat(sets.above("number", number)).isEqualTo(those(labels, of -> number(of) != null && number(of) > number));
            assertThat(sets.below("number", number)).isEqualTo(those(labels, of -> number(of) != null && number(of) < number));
        }
        assertThat(sets.without(sets.having("zone"))).isEqualTo(those(labels, of -> !of.containsKey("zone")));
    }

    private static @Nullable Long number(Map<String, String> labels) {
        return LabelSets.number(labels.get("number"));
    }

    private static BitSet those(List<Map<String, String>> labels, Predicate<Map<String, String>> wanted) {
        BitSet found = new BitSet();
        IntStream.range(0, labels.size()).filter(thing -> wanted.test(labels.get(thing))).forEach(found::set);
        return found;
    }
}
