package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodDNSConfig;
import io.hypernetes.cri.v1.DNSConfig;
import io.hypernetes.kubelet.KubeletSettings;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/// Where the names are looked up that a pod asks for.
final class PodDns {
    private static final int MOST_NAMESERVERS = 3, MOST_SEARCHES = 32;

    private PodDns() {}

    /// Empty servers mean those of the network.
    static DNSConfig of(KubeletSettings settings, Pod pod) {
        Set<String> servers = new LinkedHashSet<>();
        Set<String> searches = new LinkedHashSet<>();
        // What a pod says of an option takes the place of what is usual.
        Map<String, String> options = new LinkedHashMap<>();
        String policy = Objects.requireNonNullElse(pod.getSpec().getDnsPolicy(), "");
        if (!settings.clusterDns().isEmpty() && (policy.isEmpty() || policy.startsWith("ClusterFirst"))) {
            String domain = settings.clusterDomain();
            servers.addAll(settings.clusterDns());
            searches.addAll(List.of(pod.getMetadata().getNamespace() + ".svc." + domain, "svc." + domain, domain));
            options.put("ndots", "ndots:5");
        }
        PodDNSConfig own = pod.getSpec().getDnsConfig();
        if (own != null) {
            servers.addAll(own.getNameservers());
            searches.addAll(own.getSearches());
            own.getOptions().forEach(option -> options.put(
                    option.getName(), option.getValue() == null ? option.getName() : option.getName() + ":" + option.getValue()));
        }
        return DNSConfig.newBuilder()
                .addAllServers(servers.stream().limit(MOST_NAMESERVERS).toList())
                .addAllSearches(searches.stream().limit(MOST_SEARCHES).toList())
                .addAllOptions(options.values())
                .build();
    }
}
