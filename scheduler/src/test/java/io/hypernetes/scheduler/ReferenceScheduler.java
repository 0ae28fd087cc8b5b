package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodAffinityTerm;
import io.fabric8.kubernetes.api.model.TopologySpreadConstraint;
import io.hypernetes.client.ObjectKey;
import java.math.BigDecimal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/// Which nodes can take a pod, decided slowly and obviously from nothing but the objects, for comparison: no counts are kept, no index is
/// asked, everything is looked at for every node.
final class ReferenceScheduler {
    /// A pod and the node that it is on.
    record At(ObjectKey key, Pod pod, String node) {}

    private final List<Node> nodes;
    private final List<At> placed;

    ReferenceScheduler(List<Node> nodes, List<At> placed) {
        this.nodes = nodes;
        this.placed = placed;
    }

    TreeSet<String> fitting(ObjectKey key, Pod pod) {
        TreeSet<String> names = new TreeSet<>();
        for (Node node : nodes) {
            if (hasRoom(pod, node) && isFarFromOthers(key, pod, node) && isNearEnough(key, pod, node) && isEven(key, pod, node)) {
                names.add(node.getMetadata().getName());
            }
        }
        return names;
    }

    private boolean hasRoom(Pod pod, Node node) {
        for (String resource : List.of("cpu", "memory")) {
            BigDecimal left = node.getStatus().getAllocatable().get(resource).getNumericalAmount();
            for (At at : placed) {
                if (at.node.equals(node.getMetadata().getName())) {
                    left = left.subtract(asked(at.pod, resource));
                }
            }
            if (asked(pod, resource).compareTo(left) > 0) {
                return false;
            }
        }
        return placed.stream().filter(at -> at.node.equals(node.getMetadata().getName())).count()
                < node.getStatus().getAllocatable().get("pods").getNumericalAmount().longValue();
    }

    private static BigDecimal asked(Pod pod, String resource) {
        return pod.getSpec().getContainers().getFirst().getResources().getRequests().get(resource).getNumericalAmount();
    }

    private boolean isFarFromOthers(ObjectKey key, Pod pod, Node node) {
        for (At at : placed) {
            boolean together = key.tenant().equals(at.key.tenant()) && key.namespace().equals(at.key.namespace());
            if (!together) {
                continue;
            }
            for (PodAffinityTerm term : apart(pod)) {
                if (samePart(term.getTopologyKey(), node, at.node) && matches(term, at.pod)) {
                    return false;
                }
            }
            for (PodAffinityTerm term : apart(at.pod)) {
                if (samePart(term.getTopologyKey(), node, at.node) && matches(term, pod)) {
                    return false;
                }
            }
        }
        return true;
    }

    private boolean isNearEnough(ObjectKey key, Pod pod, Node node) {
        for (PodAffinityTerm term : near(pod)) {
            boolean anywhere = false;
            boolean here = false;
            for (At at : placed) {
                boolean meant = key.tenant().equals(at.key.tenant()) && key.namespace().equals(at.key.namespace()) && matches(term, at.pod);
                anywhere |= meant && part(term.getTopologyKey(), at.node) != null;
                here |= meant && samePart(term.getTopologyKey(), node, at.node);
            }
            boolean first = !anywhere && matches(term, pod) && part(term.getTopologyKey(), node.getMetadata().getName()) != null;
            if (!here && !first) {
                return false;
            }
        }
        return true;
    }

    private boolean isEven(ObjectKey key, Pod pod, Node node) {
        for (TopologySpreadConstraint rule : pod.getSpec().getTopologySpreadConstraints()) {
            Map<String, Integer> counts = new HashMap<>();
            for (Node other : nodes) {
                String part = part(rule.getTopologyKey(), other.getMetadata().getName());
                if (part != null && isLabelledForAll(pod, other.getMetadata().getName())) {
                    counts.putIfAbsent(part, 0);
                }
            }
            for (At at : placed) {
                String part = part(rule.getTopologyKey(), at.node);
                boolean counts_ = key.tenant().equals(at.key.tenant()) && key.namespace().equals(at.key.namespace())
                        && labels(rule.getLabelSelector().getMatchLabels(), at.pod);
                if (part != null && counts_ && isLabelledForAll(pod, at.node)) {
                    counts.merge(part, 1, Integer::sum);
                }
            }
            String part = part(rule.getTopologyKey(), node.getMetadata().getName());
            if (part == null || !isLabelledForAll(pod, node.getMetadata().getName())) {
                return false;
            }
            int least = counts.values().stream().mapToInt(Integer::intValue).min().orElse(0);
            int itself = labels(rule.getLabelSelector().getMatchLabels(), pod) ? 1 : 0;
            if (counts.get(part) + itself - least > rule.getMaxSkew()) {
                return false;
            }
        }
        return true;
    }

    private boolean isLabelledForAll(Pod pod, String node) {
        return pod.getSpec().getTopologySpreadConstraints().stream().allMatch(rule -> part(rule.getTopologyKey(), node) != null);
    }

    private String part(String topologyKey, String node) {
        return nodes.stream().filter(each -> each.getMetadata().getName().equals(node)).findFirst().orElseThrow()
                .getMetadata().getLabels().get(topologyKey);
    }

    private boolean samePart(String topologyKey, Node node, String other) {
        String part = part(topologyKey, node.getMetadata().getName());
        return part != null && part.equals(part(topologyKey, other));
    }

    private static List<PodAffinityTerm> apart(Pod pod) {
        return pod.getSpec().getAffinity() == null || pod.getSpec().getAffinity().getPodAntiAffinity() == null
                ? List.of() : pod.getSpec().getAffinity().getPodAntiAffinity().getRequiredDuringSchedulingIgnoredDuringExecution();
    }

    private static List<PodAffinityTerm> near(Pod pod) {
        return pod.getSpec().getAffinity() == null || pod.getSpec().getAffinity().getPodAffinity() == null
                ? List.of() : pod.getSpec().getAffinity().getPodAffinity().getRequiredDuringSchedulingIgnoredDuringExecution();
    }

    private static boolean matches(PodAffinityTerm term, Pod pod) {
        return labels(term.getLabelSelector().getMatchLabels(), pod);
    }

    private static boolean labels(Map<String, String> wanted, Pod pod) {
        return pod.getMetadata().getLabels().entrySet().containsAll(wanted.entrySet());
    }
}
