package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.PodBuilder;
import io.hypernetes.kubelet.KubeletSettings;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class PodDnsTest {
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
        var dns = PodDns.of(settings, pod.build());
        assertThat(dns.getServersList()).containsExactly("10.96.0.10", "192.0.2.53");
        assertThat(dns.getSearchesList()).containsExactly("shop.svc.cluster.local", "svc.cluster.local", "cluster.local", "example.org");
        assertThat(dns.getOptionsList()).containsExactly("ndots:2", "edns0");
        var none = PodDns.of(settings, pod.editSpec().withDnsPolicy("None").endSpec().build());
        assertThat(none.getServersList()).containsExactly("192.0.2.53", "10.96.0.10");
        assertThat(none.getSearchesList()).containsExactly("svc.cluster.local", "example.org");
        var host = PodDns.of(settings, pod.editSpec().withDnsPolicy("Default").withDnsConfig(null).endSpec().build());
        assertThat(host.getServersList()).as("the network's").isEmpty();
    }
}
