package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.EphemeralContainerBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Containers that end as their tenant is suspended have not ended for good, and what was before is not forgotten.
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SuspendedEndsTest extends KubeletHarness {

    @BeforeEach
    void memoryIsNotKept() {
        cri.podCalls.cannotCheckpoint = true;
        cri.podCidr = "10.88.0.0/24";
    }

    private void standsStill() {
        eventually("web", pod -> {
            assertThat(waits(main(pod))).isEqualTo("TenantSuspended");
            assertThat(pod.getStatus().getReason()).isEqualTo("TenantSuspended");
        });
    }

    private static String waits(ContainerStatus status) {
        return status.getState().getWaiting() == null ? "" : status.getState().getWaiting().getReason();
    }

    private static ContainerState debug(Pod pod) {
        return pod.getStatus().getEphemeralContainerStatuses().getFirst().getState();
    }

    private long started(String container) {
        return cri.calls().stream().filter(("start " + container)::equals).count();
    }

    /// The second look begins when the first is over.
    private void looksAgain() {
        int before = cri.looks.get();
        kubelet.pods().tellAgain(read("web").getMetadata().getUid());
        await().atMost(Duration.ofSeconds(20)).until(() -> cri.looks.get() > before);
    }

    /// The mark says since when by the clock of the machine that set it.
    @Test
    void whatEndsForItIsNotOverThoughTheNodesClockIsBehind() {
        create(pod("web").editSpec().withRestartPolicy("Never").endSpec().build());
        running("web");
        String mark = Instant.now().plus(Duration.ofMinutes(5)).truncatedTo(ChronoUnit.SECONDS).toString();
        change("web", pod -> pod.edit().editMetadata().addToAnnotations("hypernetes.io/suspended", mark).endMetadata().build());
        standsStill();
        resume("web");
        running("web");
        assertThat(started("main")).isEqualTo(2);
    }

    @Test
    void whatRunsIsEndedAsItsPodIsThoughAnEarlierRunEndedAfterTheMark() {
        create(pod("web").editSpec().editContainer(0).withNewLifecycle().withNewPreStop().withNewSleep(2L).endPreStop().endLifecycle().endContainer().endSpec().build());
        running("web");
        cri.exit("main", 1);
        eventually("web", pod -> {
            assertThat(main(pod).getRestartCount()).isEqualTo(1);
            assertThat(main(pod).getState().getRunning()).isNotNull();
        });
        String mark = Instant.now().minus(Duration.ofMinutes(5)).truncatedTo(ChronoUnit.SECONDS).toString();
        change("web", pod -> pod.edit().editMetadata().addToAnnotations("hypernetes.io/suspended", mark).endMetadata().build());
        standsStill();
        assertThat(cri.calls()).anyMatch(call -> call.startsWith("stop main "));
    }

    @Test
    void restartsGoOnFromWhatTheyWere() {
        create(pod("web").build());
        running("web");
        cri.exit("main", 1);
        eventually("web", pod -> {
            assertThat(main(pod).getRestartCount()).isEqualTo(1);
            assertThat(main(pod).getState().getRunning()).isNotNull();
        });
        suspend("web");
        standsStill();
        looksAgain();
        looksAgain();
        assertThat(waits(main(read("web")))).isEqualTo("TenantSuspended");
        assertThat(main(read("web")).getRestartCount()).isEqualTo(1);
        resume("web");
        running("web");
        assertThat(main(read("web")).getRestartCount()).isEqualTo(2);
        synchronized (cri) {
            assertThat(cri.runs.values()).extracting(run -> run.config.getLogPath()).containsExactly("main/2.log");
        }
    }

    /// One that looks at a pod while it runs is started once.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatWasAddedWhileThePodRanDoesNotBeginAgain(boolean memoryIsKept) {
        cri.podCalls.cannotCheckpoint = !memoryIsKept;
        create(pod("web").editSpec()
                .addToEphemeralContainers(new EphemeralContainerBuilder().withName("debug").withImage("app:1").withImagePullPolicy("IfNotPresent").build())
                .endSpec().build());
        running("web");
        eventually("web", pod -> assertThat(debug(pod).getRunning()).isNotNull());
        suspend("web");
        standsStill();
        assertThat(debug(read("web")).getTerminated()).isNull();
        resume("web");
        running("web");
        eventually("web", pod -> assertThat(memoryIsKept ? debug(pod).getRunning() : debug(pod).getTerminated()).isNotNull());
        assertThat(started("debug")).isEqualTo(1);
    }
}
