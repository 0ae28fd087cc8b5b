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
