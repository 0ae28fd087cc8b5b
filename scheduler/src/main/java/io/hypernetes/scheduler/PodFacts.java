package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.NodeAffinity;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodAffinityTerm;
import io.fabric8.kubernetes.api.model.PreferredSchedulingTerm;
import io.fabric8.kubernetes.api.model.WeightedPodAffinityTerm;
import io.hypernetes.client.NodeRule;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Selectors;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What counts of a pod when nodes are chosen, read once. Immutable.
///
/// @param usualCpuMillis what it asks for, or what a pod that asks for nothing is taken to use
/// @param controller the uid of its controller; empty when it has none
/// @param nodes those it may be on by their labels and names
record PodFacts(
        ObjectKey key,
        Pod pod,
        Demand demand,
        long usualCpuMillis,
        long usualMemory,
        int priority,
        Map<String, String> labels,
        String controller,
        boolean terminating,
        Set<HostPort> ports,
        List<PodTerm> affinity,
        List<PodTerm> antiAffinity,
        List<PodTerm> preferred,
        List<SpreadRule> spread,
        NodeRule nodes,
        List<LikedNodes> likedNodes) {
    private static final long USUAL_CPU_MILLIS = 100;
    private static final long USUAL_MEMORY = 200L << 20;

    /// A port of the node itself.
    ///
    /// @param address empty for all
    record HostPort(String address, String protocol, int port) {
        boolean collides(HostPort other) {
            return port == other.port && protocol.equals(other.protocol)
                    && (address.isEmpty() || other.address.isEmpty() || address.equals(other.address));
        }
    }

    /// Nodes it would rather be on.
    record LikedNodes(int weight, NodeRule nodes) {}

    static PodFacts of(ObjectKey key, Pod pod) {
        Demand demand = Demand.of(pod);
        Affinity affinity = pod.getSpec().getAffinity();
        Map<String, String> labels = Selectors.labelsOf(pod);
        List<PodTerm> preferred = new ArrayList<>();
        List<PodTerm> near = List.of();
        List<PodTerm> apart = List.of();
        if (affinity != null && affinity.getPodAffinity() != null) {
            near = terms(affinity.getPodAffinity().getRequiredDuringSchedulingIgnoredDuringExecution(), key, labels);
            preferred.addAll(weighted(affinity.getPodAffinity().getPreferredDuringSchedulingIgnoredDuringExecution(), key, labels, 1));
        }
        if (affinity != null && affinity.getPodAntiAffinity() != null) {
            apart = terms(affinity.getPodAntiAffinity().getRequiredDuringSchedulingIgnoredDuringExecution(), key, labels);
            preferred.addAll(weighted(affinity.getPodAntiAffinity().getPreferredDuringSchedulingIgnoredDuringExecution(), key, labels, -1));
        }
        return new PodFacts(
                key,
                pod,
                demand,
                demand.cpuMillis() == 0 ? USUAL_CPU_MILLIS : demand.cpuMillis(),
                demand.memory() == 0 ? USUAL_MEMORY : demand.memory(),
                pod.getSpec().getPriority() == null ? 0 : pod.getSpec().getPriority(),
                labels,
                controller(pod),
                pod.getMetadata().getDeletionTimestamp() != null,
                ports(pod),
                near,
                apart,
                List.copyOf(preferred),
                SpreadRule.of(pod),
                NodeRule.of(pod.getSpec()),
                likedNodes(affinity == null ? null : affinity.getNodeAffinity()));
    }

    boolean hasRules() {
        return !affinity.isEmpty() || !antiAffinity.isEmpty() || !spread.isEmpty();
    }

    /// Whether room that is kept for it, while others make way, is not for that one, of its own tenant.
    boolean keepsRoomFrom(PodFacts other) {
        return priority >= other.priority && !key.equals(other.key);
    }

    /// The terms by which it is drawn to others; what it needs counts as a wish of weight 1.
    List<PodTerm> liking() {
        if (affinity.isEmpty()) {
            return preferred;
        }
        List<PodTerm> all = new ArrayList<>(preferred);
        affinity.forEach(term -> all.add(new PodTerm(term.topologyKey(), term.selector(), term.namespaces(), term.namespaceSelector(), 1)));
        return all;
    }

    private static String controller(Pod pod) {
        List<OwnerReference> owners = pod.getMetadata().getOwnerReferences();
        if (owners != null) {
            for (OwnerReference owner : owners) {
                if (Boolean.TRUE.equals(owner.getController())) {
                    return owner.getUid();
                }
            }
        }
        return "";
    }

    private static Set<HostPort> ports(Pod pod) {
        Set<HostPort> ports = new HashSet<>();
        for (Container container : pod.getSpec().getContainers() == null ? List.<Container>of() : pod.getSpec().getContainers()) {
            for (ContainerPort port : container.getPorts() == null ? List.<ContainerPort>of() : container.getPorts()) {
                if (port.getHostPort() != null && port.getHostPort() > 0) {
                    String address = port.getHostIP() == null || port.getHostIP().equals("0.0.0.0") ? "" : port.getHostIP();
                    ports.add(new HostPort(address, port.getProtocol() == null ? "TCP" : port.getProtocol(), port.getHostPort()));
                }
            }
        }
        return ports.isEmpty() ? Set.of() : ports;
    }

    private static List<LikedNodes> likedNodes(@Nullable NodeAffinity affinity) {
        List<PreferredSchedulingTerm> preferred = affinity == null ? null : affinity.getPreferredDuringSchedulingIgnoredDuringExecution();
        return preferred == null || preferred.isEmpty()
                ? List.of()
                : preferred.stream()
                        .filter(term -> term.getPreference() != null)
                        .map(term -> new LikedNodes(term.getWeight() == null ? 1 : term.getWeight(), NodeRule.of(term.getPreference())))
                        .toList();
    }

    private static List<PodTerm> terms(@Nullable List<PodAffinityTerm> terms, ObjectKey key, Map<String, String> labels) {
        return terms == null || terms.isEmpty() ? List.of() : terms.stream().map(term -> PodTerm.of(term, key.namespace(), labels, 0)).toList();
    }

    private static List<PodTerm> weighted(@Nullable List<WeightedPodAffinityTerm> terms, ObjectKey key, Map<String, String> labels, int sign) {
        return terms == null || terms.isEmpty()
                ? List.of()
                : terms.stream()
                        .map(term -> PodTerm.of(term.getPodAffinityTerm(), key.namespace(), labels, sign * (term.getWeight() == null ? 1 : term.getWeight())))
                        .toList();
    }
}
