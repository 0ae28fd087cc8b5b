package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodConditionBuilder;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConditionsTest {
    private static PodCondition condition(String type, String message) {
        return new PodConditionBuilder().withType(type).withStatus("True").withMessage(message).build();
    }

    /// As when the status of an evicted pod is written a second time, because its containers have ended meanwhile.
    @Test
    void whatWeSayIsThereOnceAndWhatOthersSayStays() {
        PodCondition ready = condition("Ready", "ours");
        PodCondition evicted = condition("DisruptionTarget", "ours");
        PodCondition gate = condition("example.com/gate", "theirs");
        assertThat(Conditions.merge(List.of(ready, evicted), List.of(condition("Ready", "before"), condition("Initialized", "before"), condition("DisruptionTarget", "before"), gate)))
                .containsExactly(ready, evicted, gate);
        assertThat(Conditions.merge(List.of(ready), List.of(evicted, gate))).containsExactly(ready, evicted, gate);
    }

    private static ContainerStatus status(String name, boolean started, ContainerState state) {
        return new ContainerStatusBuilder().withName(name).withStarted(started).withState(state).build();
    }

    /// As upstream's pkg/kubelet/status/generate.go.
    @Test
    void aSidecarThatEndedTakesNothingBackFromAPodThatHasBegun() {
        Pod pod = new PodBuilder()
                .withNewSpec()
                .addNewInitContainer().withName("sidecar").withRestartPolicy("Always").endInitContainer()
                .addNewContainer().withName("main").endContainer()
                .endSpec()
                .build();
        ContainerState running = new ContainerStateBuilder().withNewRunning().endRunning().build();
        ContainerState ended = new ContainerStateBuilder().withNewTerminated().withExitCode(137).endTerminated().build();
        ContainerState waiting = new ContainerStateBuilder().withNewWaiting().withReason("PodInitializing").endWaiting().build();
        ContainerStatus gone = status("sidecar", false, ended);
        assertThat(Conditions.initialized("Failed", List.of(gone), List.of(status("main", false, ended)), pod)).isEqualTo(Conditions.Verdict.TRUE);
        assertThat(Conditions.initialized("Running", List.of(gone), List.of(status("main", true, running)), pod)).isEqualTo(Conditions.Verdict.TRUE);
        assertThat(Conditions.initialized("Pending", List.of(gone), List.of(status("main", false, waiting)), pod))
                .isEqualTo(new Conditions.Verdict(false, "ContainersNotInitialized", "containers with incomplete status: [sidecar]"));
    }

    /// As upstream's `GeneratePodReadyCondition` in pkg/kubelet/status/generate.go.
    @Test
    void eachReadinessGateThatIsShutIsNamed() {
        Pod pod = new PodBuilder()
                .withNewSpec()
                .addNewReadinessGate("example.com/none")
                .addNewReadinessGate("example.com/open")
                .addNewReadinessGate("example.com/shut")
                .endSpec()
                .build();
        PodCondition shut = new PodConditionBuilder().withType("example.com/shut").withStatus("False").build();
        assertThat(Conditions.ready(Conditions.Verdict.TRUE, pod, List.of(condition("example.com/open", ""), shut)))
                .isEqualTo(new Conditions.Verdict(
                        false,
                        "ReadinessGatesNotReady",
                        "corresponding condition of pod readiness gate \"example.com/none\" does not exist., "
                                + "the status of pod readiness gate \"example.com/shut\" is not \"True\", but False"));
    }
}
