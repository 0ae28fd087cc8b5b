package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CriResourcesTest {
    /// As upstream's kubelet limits the group of a pod (cm/helpers_linux.go).
    @Test
    void aMachineHoldsSidecarsAndTheHungriestInitContainerToo() {
        Pod pod = withInit(limited("100m", "64Mi"), "Always", "200m", "32Mi");
        assertThat(CriResources.sum(pod).getMemoryLimitInBytes()).isEqualTo(96L << 20);
        assertThat(CriResources.sum(pod).getCpuQuota()).isEqualTo(30_000);
        assertThat(CriResources.sum(pod).getCpuShares()).isEqualTo(300 * 1024 / 1000);
        assertThat(CriResources.sum(withInit(pod, null, "100m", "256Mi")).getMemoryLimitInBytes()).isEqualTo((256L + 32) << 20);
        assertThat(CriResources.sum(withInit(pod, null, "100m", "16Mi")).getMemoryLimitInBytes()).isEqualTo(96L << 20);
    }

    @Test
    void aMachineOfWhichOneContainerHasNoLimitHoldsWhatIsKnownAtLeast() {
        Pod pod = limited("100m", "64Mi").edit().editSpec().addNewInitContainer().withName("init").endInitContainer().endSpec().build();
        assertThat(CriResources.sum(pod).getMemoryLimitInBytes()).isZero();
        assertThat(CriResources.sum(pod).getCpuQuota()).isZero();
        assertThat(MachineAnnotations.of("acme", pod)).containsEntry("hypernetes.io/least-memory", String.valueOf(64L << 20));
        assertThat(MachineAnnotations.of("acme", limited("100m", "64Mi"))).doesNotContainKey("hypernetes.io/least-memory");
        Pod asking = limited("100m", "64Mi").edit().editSpec().addNewContainer().withName("b").withNewResources().addToRequests("memory", new Quantity("4Gi")).endResources()
                .endContainer().endSpec().build();
        assertThat(MachineAnnotations.of("acme", asking)).containsEntry("hypernetes.io/least-memory", String.valueOf((4L << 30) + (64L << 20)));
    }

    @Test
    void whatAPodIsLimitedToAsAWholeIsWhatItsMachineHolds() {
        Pod pod = limited("100m", "64Mi").edit().editSpec().addNewContainer().withName("free").endContainer()
                .withNewResources().addToLimits("memory", new Quantity("128Mi")).addToRequests("cpu", new Quantity("500m")).endResources().endSpec().build();
        assertThat(CriResources.sum(pod).getMemoryLimitInBytes()).isEqualTo(128L << 20);
        assertThat(CriResources.sum(pod).getCpuQuota()).isZero();
        assertThat(CriResources.sum(pod).getCpuShares()).isEqualTo(512);
    }

    private static Pod limited(String cpu, String memory) {
        return new PodBuilder().withNewMetadata().withName("p").withNamespace("shop").withUid("u").endMetadata()
                .withNewSpec().addNewContainer().withName("main").withResources(amounts(cpu, memory)).endContainer().endSpec().build();
    }

    private static Pod withInit(Pod pod, String policy, String cpu, String memory) {
        return pod.edit().editSpec().addNewInitContainer().withName("init-" + policy).withRestartPolicy(policy).withResources(amounts(cpu, memory)).endInitContainer().endSpec().build();
    }

    private static ResourceRequirements amounts(String cpu, String memory) {
        Map<String, Quantity> amounts = Map.of("cpu", new Quantity(cpu), "memory", new Quantity(memory));
        return new ResourceRequirementsBuilder().withRequests(amounts).withLimits(amounts).build();
    }
}
