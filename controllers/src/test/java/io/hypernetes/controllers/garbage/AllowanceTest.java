package io.hypernetes.controllers.garbage;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.client.ManualClock;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AllowanceTest {
    private final ManualClock clock = new ManualClock(Instant.parse("2026-01-01T00:00:00Z"));
    private final Allowance allowance = new Allowance(clock);

    private long taken(String tenant, int asked) {
        return IntStream.range(0, asked).filter(_ -> allowance.take(tenant)).count();
    }

    @Test
    void nobodyTakesWhatIsAnothers() {
        assertThat(taken("greedy", 1000)).isEqualTo(Allowance.OF_TENANT);
        assertThat(taken("modest", 1)).isEqualTo(1);
    }

    @Test
    void allTogetherHaveABoundToo() {
        assertThat(IntStream.range(0, 1000).mapToLong(tenant -> taken("t" + tenant, 1)).sum()).isEqualTo(Allowance.OF_ALL);
    }

    @Test
    void timeBringsMore() {
        taken("greedy", 1000);
        clock.advance(Duration.ofMinutes(1));
        assertThat(taken("greedy", 1000)).isEqualTo(Allowance.OF_TENANT);
    }
}
