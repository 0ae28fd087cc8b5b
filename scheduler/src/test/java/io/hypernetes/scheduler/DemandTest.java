package io.hypernetes.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import org.junit.jupiter.api.Test;

/// Upstream's component-helpers, resource/helpers.go.
class DemandTest {
    private static Pod resized(String asked, String has, String pending) {
        return new PodBuilder()
                .withNewSpec().addNewContainer().withName("main").withNewResources().addToRequests("cpu", new Quantity(asked)).endResources().endContainer().endSpec()
                .withNewStatus()
                .addNewContainerStatus().withName("main").addToAllocatedResources("cpu", new Quantity(has)).endContainerStatus()
                .addNewCondition().withType("PodResizePending").withStatus("True").withReason(pending).endCondition()
                .endStatus().build();
    }

    @Test
    void whatANodeCanNeverGiveDoesNotKeepOthersOffIt() {
        assertThat(Demand.of(resized("800", "80m", "Infeasible")).cpuMillis()).isEqualTo(80);
    }

    @Test
    void whatANodeMayYetGiveAndWhatIsNotGivenBackYetIsCounted() {
        assertThat(Demand.of(resized("2", "80m", "Deferred")).cpuMillis()).isEqualTo(2000);
        assertThat(Demand.of(resized("10m", "80m", "Deferred")).cpuMillis()).isEqualTo(80);
    }
}
