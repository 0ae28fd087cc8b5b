package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.EmptyDirVolumeSourceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodSecurityContextBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MachineAnnotationsTest {
    @Test
    void ofOurOwnAnnotationsOnlyThoseArePassedOnThatAPodMayHave() {
        Pod pod = new PodBuilder()
                .withNewMetadata().withName("p").withNamespace("shop").withUid("u")
                .addToAnnotations("hypernetes.io/tenant", "other")
                .addToAnnotations("hypernetes.io/disk.data", "{}")
                .addToAnnotations("hypernetes.io/kernel", "six")
                .addToAnnotations("hypernetes.io/isolation", "Strict")
                .addToAnnotations("example.org/note", "kept")
                .endMetadata().withNewSpec().endSpec().build();
        assertThat(MachineAnnotations.of("acme", pod)).containsOnly(
                Map.entry("hypernetes.io/tenant", "acme"), Map.entry("hypernetes.io/kernel", "six"),
                Map.entry("hypernetes.io/isolation", "Strict"), Map.entry("example.org/note", "kept"));
    }

    @Test
    void theDiskHoldsSidecarsToo() {
        Pod pod = new PodBuilder().withNewMetadata().endMetadata().withNewSpec()
                .addNewInitContainer().withName("side").withRestartPolicy("Always").withResources(disk("1Gi")).endInitContainer()
                .addNewInitContainer().withName("init").endInitContainer()
                .addNewContainer().withName("main").withResources(disk("2Gi")).endContainer().endSpec().build();
        assertThat(MachineAnnotations.of("acme", pod)).containsEntry("hypernetes.io/ephemeral-storage", String.valueOf(3L << 30));
        Pod unlimited = pod.edit().editSpec().editInitContainer(0).withResources(null).endInitContainer().endSpec().build();
        assertThat(MachineAnnotations.of("acme", unlimited)).doesNotContainKey("hypernetes.io/ephemeral-storage");
    }

    @Test
    void anEmptyDirIsOfThePodsGroup() {
        var source = new EmptyDirVolumeSourceBuilder().withMedium("Memory").withSizeLimit(new Quantity("8Mi")).build();
        assertThat(MachineAnnotations.emptyDir(source, null)).isEqualTo("{\"medium\":\"Memory\",\"sizeLimit\":\"8Mi\"}");
        var group = new PodSecurityContextBuilder().withFsGroup(2000L).build();
        assertThat(MachineAnnotations.emptyDir(source, group)).isEqualTo("{\"medium\":\"Memory\",\"sizeLimit\":\"8Mi\",\"group\":2000}");
    }

    private static ResourceRequirements disk(String amount) {
        return new ResourceRequirementsBuilder().addToLimits("ephemeral-storage", new Quantity(amount)).build();
    }
}
