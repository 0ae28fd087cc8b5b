package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A pod whose memory cannot be kept and whose containers are not started again once they are told to have ended, which the API lets nobody take back.
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SuspensionWithoutMemoryTest extends KubeletHarness {
    private static final Duration SOON = Duration.ofSeconds(20);

    @BeforeEach
    void aPodOfTwoContainersThatDoNotEndByThemselves() {
        cri.podCalls.cannotCheckpoint = true;
        cri.ignoreTerm = true;
        cri.podCidr = "10.88.0.0/24";
        create(pod("web").editSpec().withRestartPolicy("Never").withTerminationGracePeriodSeconds(600L)
                .addToContainers(new ContainerBuilder().withName("slow").withImage("app:1").withImagePullPolicy("IfNotPresent").build())
                .endSpec().build());
        running("web");
    }

    private void suspendUntilBothAreAsked() {
        suspend("web");
        await().atMost(SOON).until(() -> asked("main") && asked("slow"));
    }

    private boolean asked(String container) {
        return cri.calls().stream().anyMatch(call -> call.startsWith("stop " + container + " "));
    }

    private static ContainerStatus slow(Pod pod) {
        return pod.getStatus().getContainerStatuses().getLast();
    }

    private long started(String container) {
        return cri.calls().stream().filter(("start " + container)::equals).count();
    }

    private static String waits(ContainerStatus status) {
        return status.getState().getWaiting() == null ? "" : status.getState().getWaiting().getReason();
    }

    @Test
    void aContainerThatEndsBeforeTheOthersHasNotEndedForGood() {
        suspendUntilBothAreAsked();
        cri.exit("main", 0);
        eventually("web", pod -> {
            assertThat(waits(main(pod))).isEqualTo("TenantSuspended");
            assertThat(main(pod).getLastState().getTerminated()).isNull();
            assertThat(slow(pod).getState().getRunning()).isNotNull();
        });
        cri.exit("slow", 0);
        eventually("web", pod -> {
            assertThat(waits(main(pod))).isEqualTo("TenantSuspended");
            assertThat(waits(slow(pod))).isEqualTo("TenantSuspended");
            assertThat(pod.getStatus().getReason()).isEqualTo("TenantSuspended");
        });
        cri.ignoreTerm = false;
        resume("web");
        running("web");
        assertThat(started("main")).isEqualTo(2);
        assertThat(started("slow")).isEqualTo(2);
    }

    @Test
    void oneThatEndedForASuspensionThatIsTakenBackBeginsAgainBesideTheOthers() {
        suspendUntilBothAreAsked();
        cri.exit("main", 0);
        eventually("web", pod -> assertThat(waits(main(pod))).isEqualTo("TenantSuspended"));
        resume("web");
        running("web");
        assertThat(started("main")).isEqualTo(2);
        assertThat(started("slow")).isEqualTo(1);
    }

    /// The mark says since when in whole seconds.
    @Test
    void oneThatEndedInTheSameSecondButWasToldBeforeStaysEnded() {
        cri.exit("main", 0);
        eventually("web", pod -> assertThat(main(pod).getState().getTerminated()).isNotNull());
        Instant ended = Instant.parse(main(read("web")).getState().getTerminated().getFinishedAt());
        change("web", pod -> pod.edit().editMetadata().addToAnnotations("hypernetes.io/suspended", ended.toString()).endMetadata().build());
        await().atMost(SOON).until(() -> asked("slow"));
        cri.exit("slow", 0);
        eventually("web", pod -> {
            assertThat(waits(slow(pod))).isEqualTo("TenantSuspended");
            assertThat(main(pod).getState().getTerminated().getExitCode()).isZero();
        });
        resume("web");
        eventually("web", pod -> assertThat(slow(pod).getState().getRunning()).isNotNull());
        assertThat(started("main")).isEqualTo(1);
    }
}
