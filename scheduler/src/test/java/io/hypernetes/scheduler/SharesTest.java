package io.hypernetes.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.client.ObjectKey;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SharesTest {
    private final Shares shares = new Shares();
    private final SchedulingQueue queue = new SchedulingQueue(() -> 0, shares::of);

    private static Demand demand(long cpu, long memory) {
        return new Demand(cpu, memory, 0, 1, Map.of());
    }

    @Test
    void theLargestOfATenantsSharesCountsForItsWeight() {
        shares.node("a", new Demand(4000, 1000, 0, 10, Map.of()));
        shares.node("b", new Demand(4000, 1000, 0, 10, Map.of()));
        shares.placed("red", demand(800, 1000));
        assertThat(shares.of("red")).isEqualTo(0.5);
        shares.weight("red", 5);
        assertThat(shares.of("red")).isEqualTo(0.1);
        shares.node("b", null);
        assertThat(shares.of("red")).isEqualTo(0.2);
        shares.released("red", demand(800, 1000));
        assertThat(shares.of("red")).isZero();
    }

    @Test
    void whatIsScarceIsSharedByWeight() {
        shares.node("a", new Demand(100_000, 100_000, 0, 1000, Map.of()));
        shares.weight("gold", 3);
        for (int n = 0; n < 100; n++) {
            queue.add(new ObjectKey("gold", "default", "p" + n), 0);
            queue.add(new ObjectKey("plain", "default", "p" + n), 1_000_000);
        }
        int gold = 0;
        for (int n = 0; n < 80; n++) {
            String tenant = queue.next().orElseThrow().tenant();
            gold += tenant.equals("gold") ? 1 : 0;
            // One asks for processors and the other for memory: what each has most of is what counts.
            shares.placed(tenant, tenant.equals("gold") ? demand(500, 1) : demand(1, 500));
        }
        assertThat(gold).isBetween(59, 61);
    }

    @Test
    void aNewcomerIsNextHoweverManyWait() {
        shares.node("a", new Demand(100_000, 100_000, 0, 1000, Map.of()));
        for (int n = 0; n < 50; n++) {
            queue.add(new ObjectKey("many", "default", "p" + n), 0);
        }
        shares.placed("many", demand(500, 500));
        queue.add(new ObjectKey("one", "default", "p"), 0);
        assertThat(queue.next().orElseThrow().tenant()).isEqualTo("one");
    }
}
