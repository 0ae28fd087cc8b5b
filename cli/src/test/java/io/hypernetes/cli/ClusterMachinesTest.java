package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ClusterMachinesTest {
    private final InetAddress machine = InetAddress.ofLiteral("198.51.100.7");
    private final InetAddress registry = InetAddress.ofLiteral("198.51.100.8");

    @Test
    void aQuestionWaitsUntilTheMachinesAreKnown() throws Exception {
        var machines = new ClusterMachines(Duration.ofMinutes(1));
        var asked = new CompletableFuture<Thread>();
        var answer = CompletableFuture.supplyAsync(() -> {
            asked.complete(Thread.currentThread());
            return machines.test(registry);
        });
        Thread asking = asked.get(10, TimeUnit.SECONDS);
        while (asking.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
        assertThat(answer).isNotDone();
        machines.are(machine::equals);
        assertThat(answer.get(10, TimeUnit.SECONDS)).isFalse();
        assertThat(machines.test(machine)).isTrue();
    }

    @Test
    void whileNobodyTellsAnyAddressMayBeOne() {
        var machines = new ClusterMachines(Duration.ofMillis(10));
        assertThat(machines.test(registry)).isTrue();
        assertThat(machines.isKnown(registry)).isFalse();
        machines.are(machine::equals);
        assertThat(machines.test(registry)).isFalse();
    }
}
