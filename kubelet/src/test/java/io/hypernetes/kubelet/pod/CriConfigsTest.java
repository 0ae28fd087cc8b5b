package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.EmptyDirVolumeSourceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodSecurityContextBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import io.hypernetes.cri.v1.LinuxContainerResources;
import io.hypernetes.cri.v1.LinuxContainerSecurityContext;
import io.hypernetes.cri.v1.SecurityProfile.ProfileType;
import io.hypernetes.cri.v1.SupplementalGroupsPolicy;
import io.hypernetes.kubelet.KubeletSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CriConfigsTest {
    private static final KubeletSettings SETTINGS =
            KubeletSettings.ordinary("node", "10.0.0.1", Path.of("/run/cri.sock"), Path.of("/state"), Path.of("/logs"));

    @Test
    void anOrdinaryContainerIsMaskedAndUnconfined() {
        LinuxContainerSecurityContext security = security(new ContainerBuilder().withName("c").withImage("i").build());
        assertThat(security.getMaskedPathsList()).contains("/proc/kcore");
        assertThat(security.getReadonlyPathsList()).contains("/proc/sys");
        assertThat(security.getSeccomp().getProfileType()).isEqualTo(ProfileType.Unconfined);
        assertThat(security.getSupplementalGroupsPolicy()).isEqualTo(SupplementalGroupsPolicy.Strict);
    }

    @Test
    void unmaskedAndPrivilegedOnesSeeAll() {
        for (Container container : List.of(
                new ContainerBuilder().withName("c").withNewSecurityContext().withProcMount("Unmasked").endSecurityContext().build(),
                new ContainerBuilder().withName("c").withNewSecurityContext().withPrivileged(true).endSecurityContext().build())) {
            assertThat(security(container).getMaskedPathsList()).isEmpty();
            assertThat(security(container).getReadonlyPathsList()).isEmpty();
        }
    }

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
        assertThat(CriConfigs.annotations("acme", pod)).containsOnly(
                Map.entry("hypernetes.io/tenant", "acme"), Map.entry("hypernetes.io/kernel", "six"),
                Map.entry("hypernetes.io/isolation", "Strict"), Map.entry("example.org/note", "kept"));
    }

    /// As upstream's kubelet limits the group of a pod (cm/helpers_linux.go).
    @Test
    void aMachineHoldsSidecarsAndTheHungriestInitContainerToo() {
        Pod pod = withInit(limited("100m", "64Mi"), "Always", "200m", "32Mi");
        assertThat(CriConfigs.sum(pod).getMemoryLimitInBytes()).isEqualTo(96L << 20);
        assertThat(CriConfigs.sum(pod).getCpuQuota()).isEqualTo(30_000);
        assertThat(CriConfigs.sum(pod).getCpuShares()).isEqualTo(300 * 1024 / 1000);
        assertThat(CriConfigs.sum(withInit(pod, null, "100m", "256Mi")).getMemoryLimitInBytes()).isEqualTo((256L + 32) << 20);
        assertThat(CriConfigs.sum(withInit(pod, null, "100m", "16Mi")).getMemoryLimitInBytes()).isEqualTo(96L << 20);
    }

    @Test
    void aMachineOfWhichOneContainerHasNoLimitHoldsWhatIsKnownAtLeast() {
        Pod pod = limited("100m", "64Mi").edit().editSpec().addNewInitContainer().withName("init").endInitContainer().endSpec().build();
        assertThat(CriConfigs.sum(pod).getMemoryLimitInBytes()).isZero();
        assertThat(CriConfigs.sum(pod).getCpuQuota()).isZero();
        assertThat(CriConfigs.annotations("acme", pod)).containsEntry("hypernetes.io/least-memory", String.valueOf(64L << 20));
        assertThat(CriConfigs.annotations("acme", limited("100m", "64Mi"))).doesNotContainKey("hypernetes.io/least-memory");
        Pod asking = limited("100m", "64Mi").edit().editSpec().addNewContainer().withName("b").withNewResources().addToRequests("memory", new Quantity("4Gi")).endResources()
                .endContainer().endSpec().build();
        assertThat(CriConfigs.annotations("acme", asking)).containsEntry("hypernetes.io/least-memory", String.valueOf((4L << 30) + (64L << 20)));
    }

    @Test
    void theDiskHoldsSidecarsToo() {
        Pod pod = new PodBuilder().withNewMetadata().endMetadata().withNewSpec()
                .addNewInitContainer().withName("side").withRestartPolicy("Always").withResources(disk("1Gi")).endInitContainer()
                .addNewInitContainer().withName("init").endInitContainer()
                .addNewContainer().withName("main").withResources(disk("2Gi")).endContainer().endSpec().build();
        assertThat(CriConfigs.annotations("acme", pod)).containsEntry("hypernetes.io/ephemeral-storage", String.valueOf(3L << 30));
        Pod unlimited = pod.edit().editSpec().editInitContainer(0).withResources(null).endInitContainer().endSpec().build();
        assertThat(CriConfigs.annotations("acme", unlimited)).doesNotContainKey("hypernetes.io/ephemeral-storage");
    }

    private static ResourceRequirements disk(String amount) {
        return new ResourceRequirementsBuilder().addToLimits("ephemeral-storage", new Quantity(amount)).build();
    }

    @Test
    void whatAPodIsLimitedToAsAWholeIsWhatItsMachineHolds() {
        Pod pod = limited("100m", "64Mi").edit().editSpec().addNewContainer().withName("free").endContainer()
                .withNewResources().addToLimits("memory", new Quantity("128Mi")).addToRequests("cpu", new Quantity("500m")).endResources().endSpec().build();
        assertThat(CriConfigs.sum(pod).getMemoryLimitInBytes()).isEqualTo(128L << 20);
        assertThat(CriConfigs.sum(pod).getCpuQuota()).isZero();
        assertThat(CriConfigs.sum(pod).getCpuShares()).isEqualTo(512);
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

    @Test
    void anEmptyDirIsOfThePodsGroup() {
        var source = new EmptyDirVolumeSourceBuilder().withMedium("Memory").withSizeLimit(new Quantity("8Mi")).build();
        assertThat(CriConfigs.emptyDir(source, null)).isEqualTo("{\"medium\":\"Memory\",\"sizeLimit\":\"8Mi\"}");
        var group = new PodSecurityContextBuilder().withFsGroup(2000L).build();
        assertThat(CriConfigs.emptyDir(source, group)).isEqualTo("{\"medium\":\"Memory\",\"sizeLimit\":\"8Mi\",\"group\":2000}");
    }

    @Test
    void profilesLieBelowTheNodesFolder() {
        assertThat(security(profile("audit/web.json")).getSeccomp().getLocalhostRef()).isEqualTo("/state/seccomp/audit/web.json");
        for (String wrong : new String[] {"", "../secret", "a/../../b", "/etc/passwd"}) {
            assertThatThrownBy(() -> security(profile(wrong))).as(wrong).isInstanceOf(ConfigException.class);
        }
    }

    @Test
    void namesAreLookedUpAsThePodsPolicySays() {
        KubeletSettings settings = new KubeletSettings(
                "node", "10.0.0.1", 10250, Path.of("/run/cri.sock"), Path.of("/state"), Path.of("/logs"), 110, 0, 0, java.util.Map.of(),
                List.of("10.96.0.10"), "cluster.local");
        PodBuilder pod = new PodBuilder()
                .withNewMetadata().withName("p").withNamespace("shop").withUid("u").endMetadata()
                .withNewSpec().withDnsPolicy("ClusterFirst")
                .withNewDnsConfig().addToNameservers("192.0.2.53", "10.96.0.10").addToSearches("svc.cluster.local", "example.org")
                .addNewOption("ndots", "2").addNewOption("edns0", null).endDnsConfig().endSpec();
        var dns = CriConfigs.dns(settings, pod.build());
        assertThat(dns.getServersList()).containsExactly("10.96.0.10", "192.0.2.53");
        assertThat(dns.getSearchesList()).containsExactly("shop.svc.cluster.local", "svc.cluster.local", "cluster.local", "example.org");
        assertThat(dns.getOptionsList()).containsExactly("ndots:2", "edns0");
        var none = CriConfigs.dns(settings, pod.editSpec().withDnsPolicy("None").endSpec().build());
        assertThat(none.getServersList()).containsExactly("192.0.2.53", "10.96.0.10");
        assertThat(none.getSearchesList()).containsExactly("svc.cluster.local", "example.org");
        var host = CriConfigs.dns(settings, pod.editSpec().withDnsPolicy("Default").withDnsConfig(null).endSpec().build());
        assertThat(host.getServersList()).as("the network's").isEmpty();
    }

    private static Container profile(String file) {
        return new ContainerBuilder()
                .withName("c")
                .withNewSecurityContext()
                .withNewSeccompProfile(file, "Localhost")
                .endSecurityContext()
                .build();
    }

    private static LinuxContainerSecurityContext security(Container container) {
        Pod pod = new PodBuilder()
                .withNewMetadata().withName("p").withNamespace("default").withUid("u").endMetadata()
                .withNewSpec()
                .withNewSecurityContext().withSupplementalGroupsPolicy("Strict").endSecurityContext()
                .withContainers(container)
                .endSpec()
                .build();
        return CriConfigs.security(SETTINGS, pod, container);
    }
}
