package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class IndexTest {
    private static ObjectKey key(int name) {
        return new ObjectKey("red", "default", "n" + name);
    }

    /// Against one that looks at everything.
    @Test
    void objectsAreFoundByAllTheirKeysThroughAnyHistory() {
        Random random = new Random(7);
        Index<List<Integer>> index = new Index<>(object -> object);
        Map<Integer, List<Integer>> objects = new HashMap<>();
        for (int step = 0; step < 20_000; step++) {
            int name = random.nextInt(6);
            List<Integer> before = objects.get(name);
            if (before != null && random.nextInt(3) == 0) {
                index.remove(key(name), before);
                objects.remove(name);
            } else {
                // The last tells objects apart.
                List<Integer> now = random.ints(random.nextInt(random.nextInt(20) == 0 ? 40 : 3), 0, 5).boxed().collect(java.util.stream.Collectors.toList());
                now.add(1000 + step);
                index.replace(key(name), before, now);
                objects.put(name, now);
            }
            for (int wanted = 0; wanted < 5; wanted++) {
                Set<List<Integer>> found = new HashSet<>(index.get(wanted));
                Integer each = wanted;
                assertThat(found).isEqualTo(new HashSet<>(objects.values().stream().filter(object -> object.contains(each)).toList()));
            }
        }
    }

    /// A tenant makes such objects and changes them as often as it likes, and all wait for the one thread.
    @Test
    void anObjectOfManyKeysIsReplacedInTimeThatFollowsFromTheirNumber() {
        Index<List<Integer>> index = new Index<>(object -> object);
        List<Integer> before = IntStream.range(0, 100_000).boxed().toList();
        List<Integer> now = IntStream.range(1, 100_001).boxed().toList();
        index.replace(key(0), null, before);
        assertThatCode(() -> org.junit.jupiter.api.Assertions.assertTimeout(Duration.ofSeconds(5), () -> {
            for (int i = 0; i < 3; i++) {
                index.replace(key(0), before, now);
                index.replace(key(0), now, before);
            }
        })).doesNotThrowAnyException();
        assertThat(index.get(0)).hasSize(1);
        assertThat(index.get(100_000)).isEmpty();
    }
}
