package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Event;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A guest that takes signals and never tells that something ended of them.
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class UnkillableContainerTest extends KubeletHarness {
    private static final Duration SOON = Duration.ofSeconds(20);

    @BeforeEach
    void aContainerCannotBeKilled() {
        cri.deathless = true;
        create(pod("web").build());
        running("web");
    }

    private long stopsAsked() {
        return cri.calls().stream().filter(call -> call.startsWith("stop main ")).count();
    }

    /// Time goes on until the container is asked to end once more, and until that cannot help any more.
    private void timePasses() {
        long before = stopsAsked();
        ahead = ahead.plusHours(1);
        lookAgain("web");
        await().atMost(SOON).until(() -> stopsAsked() > before);
        assertThat(cri.calls()).as("it still has a little time").doesNotContain("stop-sandbox");
        ahead = ahead.plusMinutes(1);
        kubelet.pods().tellAgain(read("web").getMetadata().getUid());
    }

    @Test
    void aPodThatIsDeletedEndsWithItsMachine() {
        client.of(Kind.POD).delete(key("web"), Deletion.ordinary());
        await().atMost(SOON).until(() -> stopsAsked() == 1);
        timePasses();
        await().atMost(SOON).until(() -> client.of(Kind.POD).find(key("web")).isEmpty());
        assertThat(cri.sandboxesReady()).isZero();
        assertThat(events()).extracting(Event::getReason).contains("ExceededGracePeriod");
    }

    @Test
    void aPodThatIsEvictedEndsWithItsMachine() {
        // Else the second that it is given passes before time is said to go on, or it does not.
        stopClock();
        kubelet.pods().evict(read("web").getMetadata().getUid(), "the node is short of memory");
        await().atMost(SOON).until(() -> stopsAsked() == 1);
        timePasses();
        eventually("web", pod -> {
            assertThat(pod.getStatus().getReason()).isEqualTo("Evicted");
            assertThat(main(pod).getState().getTerminated()).isNotNull();
        });
        assertThat(cri.sandboxesReady()).isZero();
    }

    @Test
    void aPodOfASuspendedTenantEndsWithItsMachine() {
        cri.podCalls.cannotCheckpoint = true;
        suspend("web");
        await().atMost(SOON).until(() -> stopsAsked() == 1);
        timePasses();
        eventually("web", pod -> assertThat(main(pod).getState().getWaiting().getReason()).isEqualTo("TenantSuspended"));
        assertThat(cri.sandboxesReady()).isZero();
    }

    @Test
    void itIsAskedToEndLessOftenEachTime() {
        long begin = System.nanoTime();
        client.of(Kind.POD).delete(key("web"), new Deletion(3600L, null));
        await().atMost(SOON).until(() -> stopsAsked() > 0);
        for (int look = 0; look < 10; look++) {
            lookAgain("web");
        }
        long seconds = Duration.ofNanos(System.nanoTime() - begin).toSeconds() + 1;
        // Pauses of 1, 2, 4 seconds and so on.
        assertThat(stopsAsked()).isLessThanOrEqualTo(2 + Long.numberOfTrailingZeros(Long.highestOneBit(seconds + 1)));
    }
}
