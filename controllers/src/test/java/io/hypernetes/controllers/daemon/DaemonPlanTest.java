package io.hypernetes.controllers.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.DaemonSetBuilder;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class DaemonPlanTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    private static final DaemonSet SURGING = new DaemonSetBuilder()
            .withNewMetadata().withName("agent").withNamespace("default").endMetadata()
            .withNewSpec()
            .withNewTemplate().withNewSpec().endSpec().endTemplate()
            .withNewUpdateStrategy().withType("RollingUpdate")
            .withNewRollingUpdate().withMaxSurge(new IntOrString(1)).withMaxUnavailable(new IntOrString(0)).endRollingUpdate().endUpdateStrategy()
            .endSpec()
            .build();

    private static final Node NODE = new NodeBuilder().withNewMetadata().withName("n").endMetadata().withNewSpec().endSpec().build();

    private static Pod pod(String name, String hash, int second, boolean ready) {
        return new PodBuilder()
                .withNewMetadata().withName(name).withNamespace("default").withCreationTimestamp("2026-01-01T00:00:0" + second + "Z")
                .addToLabels(DaemonPods.REVISION, hash).endMetadata()
                .withNewSpec().withNodeName("n").endSpec()
                .withNewStatus().withPhase("Running")
                .addNewCondition().withType("Ready").withStatus(ready ? "True" : "False").withLastTransitionTime("2026-01-01T00:00:00Z").endCondition().endStatus()
                .build();
    }

    /// As upstream's `updateDaemonSetStatus` in pkg/controller/daemon/daemon_controller.go: `kubectl rollout status` believes these numbers.
    @Test
    void aNodeIsRenewedWhenItsOldPodIsGone() {
        DaemonPlan plan = DaemonPlan.of(SURGING, "new", List.of(NODE), List.of(pod("b", "old", 1, true), pod("a", "new", 2, false)), NOW);
        assertThat(plan.create()).isEmpty();
        assertThat(plan.delete()).isEmpty();
        assertThat(plan.counts()).isEqualTo(new DaemonPlan.Counts(1, 1, 0, 1, 1, 0));

        plan = DaemonPlan.of(SURGING, "new", List.of(NODE), List.of(pod("a", "new", 2, true)), NOW);
        assertThat(plan.counts()).isEqualTo(new DaemonPlan.Counts(1, 1, 0, 1, 1, 1));
    }
}
