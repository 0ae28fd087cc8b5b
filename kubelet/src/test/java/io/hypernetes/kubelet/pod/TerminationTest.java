package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.kubelet.HostPaths;
import io.hypernetes.kubelet.cri.CriRuntime;
import io.hypernetes.kubelet.cri.ObservedContainer;
import io.hypernetes.kubelet.cri.ObservedPod;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// When the worker is to look again at a pod that ends. Its clock stands still unless it is set.
@Timeout(60)
class TerminationTest {
    private static final Duration LONG = Duration.ofMinutes(10);

    @TempDir
    private Path folder;

    private CriRuntime absent;
    private Instant now = Instant.parse("2026-01-02T03:04:05Z");
    private final Semaphore stops = new Semaphore(0);
    private Termination termination;

    @BeforeEach
    void noRuntimeAnswers() {
        absent = new CriRuntime(folder.resolve("cri.sock"), Thread::startVirtualThread, HostPaths.below());
        PodServices services = new PodServices(null, absent, null, null, null, null, null, null, null, null, null, () -> now, Map::of, afresh -> Optional.empty(), null, null);
        termination = new Termination(services, new Hooks("acme", absent, null), stops::release);
    }

    @AfterEach
    void close() {
        absent.close();
    }

    private static ObservedPod running() {
        return new ObservedPod(List.of(), List.of(new ObservedContainer("c1", "s1", "main", 0, ObservedContainer.State.RUNNING,
                Instant.EPOCH, Instant.EPOCH, null, 0, "", "", "app:1", Map.of(), "", null, "")));
    }

    private void look(Instant deadline) {
        assertThat(termination.advance(Optional.empty(), running(), deadline)).isFalse();
    }

    @Test
    void aDeadlineThatPassesBehindTheLookIsNotMissed() {
        Instant deadline = now.plusSeconds(10);
        look(deadline);
        assertThat(termination.pause(LONG)).isEqualTo(Duration.ofSeconds(10));
        look(deadline);
        now = deadline.plusMillis(1);
        assertThat(termination.pause(LONG)).isZero();
    }

    @Test
    void theLastMomentOfPatienceThatPassesBehindTheLookIsNotMissed() {
        Instant deadline = now;
        look(deadline);
        now = now.plusSeconds(3600);
        assertThat(termination.pause(LONG)).isZero();
    }

    /// The runtime may have ended a moment ago what kept it from killing.
    @Test
    void whatRunsInAMachineThatMayStandStillHasAMomentToBeKilled() throws InterruptedException {
        Instant deadline = now;
        look(deadline);
        stops.acquire();
        assertThat(termination.isOverdue(() -> true)).isFalse();
        assertThat(termination.pause(LONG)).isEqualTo(Duration.ofSeconds(3));
        now = now.plusSeconds(3);
        look(deadline);
        assertThat(termination.isOverdue(() -> false)).as("the machine goes on").isFalse();
        assertThat(termination.isOverdue(() -> true)).isTrue();
        stops.acquire();
    }

    @Test
    void aRefusedStopIsTriedAgainInTimeAndThenOnlyOnce() throws InterruptedException {
        Instant deadline = now.plusSeconds(300);
        look(deadline);
        stops.acquire();
        look(deadline);
        assertThat(termination.pause(LONG)).as("it waits for its turn, and not for the deadline as what was asked does").isEqualTo(Duration.ofSeconds(1));
        look(deadline);
        now = now.plusSeconds(1);
        assertThat(termination.pause(LONG)).as("the turn came behind the look").isZero();
        look(deadline);
        assertThat(termination.pause(LONG)).as("it was taken").isPositive();
        stops.acquire();
    }
}
