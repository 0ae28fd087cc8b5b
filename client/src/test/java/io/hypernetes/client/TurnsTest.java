package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class TurnsTest {
    private final Turns<ObjectKey> turns = new Turns<>(ObjectKey::tenant);

    private static ObjectKey key(String tenant, int number) {
        return new ObjectKey(tenant, "default", "key-" + number);
    }

    private void add(String tenant, int count) {
        for (int i = 0; i < count; i++) {
            turns.add(key(tenant, i));
        }
    }

    private List<String> takeAll() {
        List<String> taken = new ArrayList<>();
        for (ObjectKey next = turns.take(); next != null; next = turns.take()) {
            taken.add(next.tenant());
        }
        return taken;
    }

    @Test
    void tenantsTakeTurnsAndTheirKeysKeepTheirOrder() {
        add("red", 3);
        add("blue", 2);
        add("green", 1);
        assertThat(List.of(turns.take(), turns.take(), turns.take(), turns.take(), turns.take(), turns.take()))
                .containsExactly(key("red", 0), key("blue", 0), key("green", 0), key("red", 1), key("blue", 1), key("red", 2));
        assertThat(turns.take()).isNull();
    }

    @Test
    void oneTenantHasHalfAndTheNextHalfOfTheRest() {
        turns.workers(16);
        add("red", 100);
        assertThat(takeAll()).hasSize(8);
        add("blue", 100);
        assertThat(takeAll()).containsOnly("blue").hasSize(4);
        add("green", 1);
        assertThat(takeAll()).containsExactly("green");
        for (int i = 0; i < 6; i++) {
            turns.done(key("red", i));
        }
        // Two, four and one are in hand, nine workers free.
        assertThat(takeAll()).containsExactlyInAnyOrder("red", "red", "red", "blue");
    }

    @Test
    void theOperatorIsNotHeldToHalf() {
        turns.workers(4);
        add(ObjectKey.ROOT, 10);
        assertThat(List.of(turns.take(), turns.take(), turns.take(), turns.take())).extracting(ObjectKey::tenant).containsOnly(ObjectKey.ROOT);
    }

    @Test
    void theOnlyWorkerServesEveryTenant() {
        turns.workers(1);
        add("red", 1);
        add("blue", 1);
        assertThat(turns.take()).isEqualTo(key("red", 0));
        turns.done(key("red", 0));
        assertThat(turns.take()).isEqualTo(key("blue", 0));
    }

    /// @param steps what is done: a key of one of six tenants is added, one is taken if a worker is free, or the one that was longest in hand is done
    @Property(tries = 300)
    void whoHasNoneGetsOneAndNobodyMoreThanHalf(@ForAll @IntRange(min = 1, max = 17) int workers, @ForAll @Size(max = 300) List<@IntRange(max = 17) Integer> steps) {
        Turns<ObjectKey> some = new Turns<>(ObjectKey::tenant);
        some.workers(workers);
        Map<String, Deque<ObjectKey>> waiting = new HashMap<>();
        Deque<ObjectKey> inHand = new ArrayDeque<>();
        int number = 0;
        for (int step : steps) {
            if (step < 6) {
                ObjectKey added = key("tenant-" + step, number++);
                some.add(added);
                waiting.computeIfAbsent(added.tenant(), tenant -> new ArrayDeque<>()).add(added);
            } else if (step < 14 && inHand.size() < workers) {
                ObjectKey taken = some.take();
                if (taken == null) {
                    waiting.forEach((tenant, keys) -> assertThat(keys.isEmpty() || held(inHand, tenant) > 0).as("none of %s is in hand, and a worker is free", tenant).isTrue());
                } else {
                    assertThat(taken).isEqualTo(waiting.get(taken.tenant()).poll());
                    inHand.add(taken);
                    assertThat(held(inHand, taken.tenant())).isLessThanOrEqualTo(Math.max(1, workers / 2));
                }
            } else if (!inHand.isEmpty()) {
                some.done(inHand.remove());
            }
            assertThat(some.size()).isEqualTo(waiting.values().stream().mapToInt(Deque::size).sum());
        }
    }

    private static long held(Deque<ObjectKey> inHand, String tenant) {
        return inHand.stream().filter(key -> key.tenant().equals(tenant)).count();
    }

    /// However many keys the others have, a tenant with keys gets as many as each of them.
    @Property(tries = 100)
    void nobodyWithKeysIsBehind(@ForAll @Size(min = 1, max = 6) List<@IntRange(min = 1, max = 40) Integer> keys) {
        Turns<ObjectKey> some = new Turns<>(ObjectKey::tenant);
        some.workers(2);
        int[] had = new int[keys.size()];
        for (int tenant = 0; tenant < had.length; tenant++) {
            for (int i = 0; i < keys.get(tenant); i++) {
                some.add(key(String.valueOf(tenant), i));
            }
        }
        for (ObjectKey taken = some.take(); taken != null; taken = some.take()) {
            some.done(taken);
            int most = ++had[Integer.parseInt(taken.tenant())];
            for (int tenant = 0; tenant < had.length; tenant++) {
                assertThat(had[tenant]).isGreaterThanOrEqualTo(Math.min(most - 1, keys.get(tenant)));
            }
        }
        assertThat(had).containsExactly(keys.stream().mapToInt(Integer::intValue).toArray());
    }
}
