package io.hypernetes.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import org.junit.jupiter.api.Test;

/// Upstream's component-helpers, resource/helpers.go.
class DemandTest {
    private static Pod resized(String asked, String has, String pending) {
        return new PodBuilder().withNewMetadata().endMetadata()
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

    /// No node grants anything to a pod that ends, nor says so.
    @Test
    void aPodThatEndsCountsForWhatItHas() {
        Pod ends = resized("800", "80m", "Deferred").edit().editMetadata().withDeletionTimestamp("2026-01-01T00:00:00Z").endMetadata().build();
        assertThat(Demand.of(ends).cpuMillis()).isEqualTo(80);
        Pod unknown = ends.edit().withNewStatus().endStatus().build();
        assertThat(Demand.of(unknown).cpuMillis()).isEqualTo(800_000);
    }

    @Test
    void noPodsTogetherWrapAroundToRoomForEverybody() {
        PodBuilder greedy = new PodBuilder().withNewSpec().endSpec();
        for (int i = 0; i < 5; i++) {
            greedy.editSpec().addNewContainer().withName("c" + i).withNewResources().addToRequests("memory", new Quantity("8Ei")).addToRequests("cpu", new Quantity("9223372036854775807"))
                    .endResources().endContainer().endSpec();
        }
        Demand demand = Demand.of(greedy.build());
        assertThat(demand.memory()).isGreaterThan(1L << 49);
        assertThat(demand.cpuMillis()).isGreaterThan(1L << 49);
        assertThat(Math.multiplyExact(demand.memory(), 4096L)).as("all pods of a node").isPositive();
    }

    @Test
    void aSidecarIsCountedByWhatItHasToo() {
        Pod pod = new PodBuilder()
                .withNewSpec()
                .addNewInitContainer().withName("proxy").withRestartPolicy("Always").withNewResources().addToRequests("cpu", new Quantity("800")).endResources().endInitContainer()
                .addNewContainer().withName("main").withNewResources().addToRequests("cpu", new Quantity("10m")).endResources().endContainer().endSpec()
                .withNewStatus()
                .addNewInitContainerStatus().withName("proxy").addToAllocatedResources("cpu", new Quantity("80m")).endInitContainerStatus()
                .addNewCondition().withType("PodResizePending").withStatus("True").withReason("Infeasible").endCondition()
                .endStatus().build();
        assertThat(Demand.of(pod).cpuMillis()).isEqualTo(90);
    }

    @Test
    void whatIsGivenBackIsLess() {
        Demand large = Demand.of(resized("2", "80m", "Deferred"));
        Demand small = Demand.of(resized("10m", "80m", "Deferred"));
        assertThat(small.isLessThan(large)).isTrue();
        assertThat(large.isLessThan(small)).isFalse();
        assertThat(large.isLessThan(large)).isFalse();
    }

    @Test
    void aContainerThatWasGrantedNothingIsNotOneOfWhichNothingIsKnown() {
        Pod asking = resized("800", "80m", "Infeasible");
        Pod nothing = asking.edit().editStatus().editContainerStatus(0).withAllocatedResources(null).withNewResources().endResources().endContainerStatus().endStatus().build();
        Pod unknown = asking.edit().editStatus().editContainerStatus(0).withAllocatedResources(null).endContainerStatus().endStatus().build();
        assertThat(Demand.of(nothing).cpuMillis()).isZero();
        assertThat(Demand.of(unknown).cpuMillis()).isEqualTo(800_000);
    }

    /// A machine that was made for more, and gives back no memory.
    @Test
    void whatANodeKeepsForAPodAsAWholeIsCounted() {
        Pod pod = resized("10m", "10m", "Deferred").edit()
                .editSpec().editContainer(0).editResources().addToRequests("memory", new Quantity("64Mi")).endResources().endContainer().addToOverhead("memory", new Quantity("1Mi")).endSpec()
                .editStatus().withConditions().addToAllocatedResources("memory", new Quantity("4Gi")).endStatus().build();
        assertThat(Demand.of(pod).memory()).isEqualTo((4L << 30) + (1 << 20));
        assertThat(Demand.of(pod).cpuMillis()).isEqualTo(10);
        assertThat(Demand.isResized(pod)).as("others may have it once it has another machine").isTrue();
        Pod another = pod.edit().editStatus().withAllocatedResources(null).endStatus().build();
        assertThat(Demand.of(another).memory()).isEqualTo(65 << 20);
        assertThat(Demand.of(pod.edit().editStatus().addToAllocatedResources("memory", new Quantity("1Mi")).endStatus().build()).memory()).isEqualTo(65 << 20);
    }
}
