package io.hypernetes.controllers.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class JobPodsTest {
    private static final String MADE = "2026-01-01T00:00:00Z";
    private static final String EARLY = "2026-01-01T00:01:00Z";
    private static final String LATE = "2026-01-01T00:02:00Z";
    private static final Instant NOW = Instant.parse("2026-01-01T01:00:00Z");

    private static PodBuilder pod() {
        return new PodBuilder().withNewMetadata().withCreationTimestamp(MADE).endMetadata().withNewSpec().endSpec().withNewStatus().withPhase("Failed").endStatus();
    }

    private static PodBuilder ended(PodBuilder pod, String container, String at) {
        return pod.editStatus().addNewContainerStatus().withName(container).withNewState().withNewTerminated().withFinishedAt(at).endTerminated().endState().endContainerStatus().endStatus();
    }

    private static void finished(PodBuilder pod, String at) {
        Pod built = pod.build();
        assertThat(JobPods.finished(built, NOW)).isEqualTo(at);
    }

    @Test
    void aPodEndsWithItsLastContainer() {
        finished(ended(ended(pod(), "a", LATE), "b", EARLY), LATE);
        finished(ended(pod(), "a", EARLY)
                .editSpec().addNewInitContainer().withName("sidecar").withRestartPolicy("Always").endInitContainer().addNewInitContainer().withName("first").endInitContainer().endSpec()
                .editStatus()
                .addNewInitContainerStatus().withName("sidecar").withNewState().withNewTerminated().withFinishedAt(LATE).endTerminated().endState().endInitContainerStatus()
                .addNewInitContainerStatus().withName("first").endInitContainerStatus()
                .endStatus(), LATE);
    }

    /// As TestGetFinishedTime in upstream's `pkg/controller/job/backoff_utils_test.go`.
    @Test
    void aPodOfWhichNobodySaysHowItEndedStillHasOneTimeForIt() {
        var running = ended(pod(), "a", EARLY).editStatus().addNewContainerStatus().withName("b").withNewState().withNewRunning().endRunning().endState().endContainerStatus().endStatus();
        finished(pod(), MADE);
        finished(running, MADE);
        var leaving = running.editMetadata().withDeletionTimestamp(LATE).withDeletionGracePeriodSeconds(60L).endMetadata();
        finished(leaving, EARLY);
        finished(leaving.editStatus().addNewCondition().withType("Ready").withStatus("False").withLastTransitionTime(LATE).endCondition().endStatus(), LATE);
    }
}
