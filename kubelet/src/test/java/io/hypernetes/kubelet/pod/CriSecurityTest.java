package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.hypernetes.cri.v1.LinuxContainerSecurityContext;
import io.hypernetes.cri.v1.SecurityProfile.ProfileType;
import io.hypernetes.cri.v1.SupplementalGroupsPolicy;
import io.hypernetes.kubelet.KubeletSettings;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class CriSecurityTest {
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
    void profilesLieBelowTheNodesFolder() {
        assertThat(security(profile("audit/web.json")).getSeccomp().getLocalhostRef()).isEqualTo("/state/seccomp/audit/web.json");
        for (String wrong : new String[] {"", "../secret", "a/../../b", "/etc/passwd"}) {
            assertThatThrownBy(() -> security(profile(wrong))).as(wrong).isInstanceOf(ConfigException.class);
        }
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
        return CriSecurity.of(SETTINGS, pod, container);
    }
}
