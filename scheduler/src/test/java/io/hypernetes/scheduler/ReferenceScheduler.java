package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorRequirement;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodAffinityTerm;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.TopologySpreadConstraint;
import io.hypernetes.client.ObjectKey;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Which nodes can take a pod, decided slowly and obviously from nothing but the objects, for comparison: no counts are kept, no index is
/// asked, everything is looked at for every node.
final class ReferenceScheduler {
    /// A pod and the node that it is on.
    record At(ObjectKey key, Pod pod, String node) {
        int priority() {
            return pod.getSpec().getPriority();
        }
    }

    private final List<Node> nodes;
    private final List<At> placed;
    private final PodTerm.Namespaces namespaces;

    ReferenceScheduler(List<Node> nodes, List<At> placed, PodTerm.Namespaces namespaces) {
        this.nodes = nodes;
        this.placed = placed;
        this.namespaces = namespaces;
    }

    TreeSet<String> fitting(ObjectKey key, Pod pod) {
        TreeSet<String> names = new TreeSet<>();
        for (Node node : nodes) {
            if (fits(key, pod, node)) {
                names.add(name(node));
            }
        }
        return names;
    }

    boolean fits(ObjectKey key, Pod pod, Node node) {
        return isOpen(pod, node) && isTolerated(pod, node) && isSelected(pod, node) && hasPorts(pod, node) && hasRoom(pod, node)
                && isFarFromOthers(key, pod, node) && isNearEnough(key, pod, node) && isEven(key, pod, node);
    }

    private static boolean isOpen(Pod pod, Node node) {
        Taint cordon = new Taint("NoSchedule", "node.kubernetes.io/unschedulable", null, null);
        return !Boolean.TRUE.equals(node.getSpec().getUnschedulable()) || isTolerated(pod, cordon);
    }

    private static boolean isTolerated(Pod pod, Node node) {
        return node.getSpec().getTaints().stream().allMatch(taint -> taint.getEffect().equals("PreferNoSchedule") || isTolerated(pod, taint));
    }

    private static boolean isTolerated(Pod pod, Taint taint) {
        return pod.getSpec().getTolerations().stream().anyMatch(each -> {
            boolean effect = each.getEffect() == null || each.getEffect().equals(taint.getEffect());
            boolean key = each.getKey() == null || each.getKey().equals(taint.getKey());
            boolean value = each.getOperator().equals("Exists") || String.valueOf(each.getValue()).equals(String.valueOf(taint.getValue()));
            return effect && key && value;
        });
    }

    private static boolean isSelected(Pod pod, Node node) {
        if (!node.getMetadata().getLabels().entrySet().containsAll(pod.getSpec().getNodeSelector().entrySet())) {
            return false;
        }
        Affinity affinity = pod.getSpec().getAffinity();
        if (affinity == null || affinity.getNodeAffinity() == null) {
            return true;
        }
        return affinity.getNodeAffinity().getRequiredDuringSchedulingIgnoredDuringExecution().getNodeSelectorTerms().stream().anyMatch(term ->
                !(term.getMatchExpressions().isEmpty() && term.getMatchFields().isEmpty())
                        && term.getMatchExpressions().stream().allMatch(each -> holds(each, node.getMetadata().getLabels().get(each.getKey())))
                        && term.getMatchFields().stream().allMatch(each -> holds(each, name(node))));
    }

    private static boolean holds(NodeSelectorRequirement want, @Nullable String value) {
        return switch (want.getOperator()) {
            case "In" -> value != null && want.getValues().contains(value);
            case "NotIn" -> value == null || !want.getValues().contains(value);
            case "Exists" -> value != null;
            case "DoesNotExist" -> value == null;
            case "Gt" -> value != null && Integer.parseInt(value) > Integer.parseInt(want.getValues().getFirst());
            case "Lt" -> value != null && Integer.parseInt(value) < Integer.parseInt(want.getValues().getFirst());
            default -> throw new IllegalArgumentException(want.getOperator());
        };
    }

    private boolean hasPorts(Pod pod, Node node) {
        for (ContainerPort wanted : hostPorts(pod)) {
            for (At at : on(node)) {
                for (ContainerPort taken : hostPorts(at.pod)) {
                    boolean sameAddress = List.of(wanted.getHostIP(), taken.getHostIP()).contains("0.0.0.0") || wanted.getHostIP().equals(taken.getHostIP());
                    if (sameAddress && wanted.getProtocol().equals(taken.getProtocol()) && wanted.getHostPort().equals(taken.getHostPort())) {
                        return false;
                    }
                }
            }
        }
        return true;
    }

    private static List<ContainerPort> hostPorts(Pod pod) {
        return pod.getSpec().getContainers().stream().flatMap(container -> container.getPorts().stream()).toList();
    }

    private boolean hasRoom(Pod pod, Node node) {
        for (String resource : List.of("cpu", "memory", "example.com/slots")) {
            BigDecimal left = amount(node.getStatus().getAllocatable(), resource);
            for (At at : on(node)) {
                left = left.subtract(asked(at.pod, resource));
            }
            BigDecimal asked = asked(pod, resource);
            if (asked.signum() > 0 && asked.compareTo(left) > 0) {
                return false;
            }
        }
        return on(node).size() < amount(node.getStatus().getAllocatable(), "pods").longValue();
    }

    /// The most that it ever takes at once, step by step: each init container beside the sidecars before it, then all that stay.
    private static BigDecimal asked(Pod pod, String resource) {
        List<BigDecimal> steps = new ArrayList<>();
        BigDecimal staying = BigDecimal.ZERO;
        for (Container init : pod.getSpec().getInitContainers()) {
            BigDecimal during = staying.add(amount(init.getResources().getRequests(), resource));
            steps.add(during);
            staying = "Always".equals(init.getRestartPolicy()) ? during : staying;
        }
        for (Container container : pod.getSpec().getContainers()) {
            staying = staying.add(amount(container.getResources().getRequests(), resource));
        }
        steps.add(staying);
        return steps.stream().max(BigDecimal::compareTo).orElseThrow().add(amount(pod.getSpec().getOverhead(), resource));
    }

    private static BigDecimal amount(@Nullable Map<String, Quantity> amounts, String resource) {
        Quantity amount = amounts == null ? null : amounts.get(resource);
        return amount == null ? BigDecimal.ZERO : amount.getNumericalAmount();
    }

    private boolean isFarFromOthers(ObjectKey key, Pod pod, Node node) {
        for (At at : placed) {
            for (PodAffinityTerm term : apart(pod)) {
                if (samePart(term.getTopologyKey(), node, at.node) && means(term, key, pod, at.key, at.pod)) {
                    return false;
                }
            }
            for (PodAffinityTerm term : apart(at.pod)) {
                if (samePart(term.getTopologyKey(), node, at.node) && means(term, at.key, at.pod, key, pod)) {
                    return false;
                }
            }
        }
        return true;
    }

    /// Each term by pods that all terms mean; the first of a group may be anywhere where it has a part by each term.
    private boolean isNearEnough(ObjectKey key, Pod pod, Node node) {
        List<PodAffinityTerm> terms = near(pod);
        List<At> meant = placed.stream().filter(at -> terms.stream().allMatch(term -> means(term, key, pod, at.key, at.pod))).toList();
        if (terms.stream().allMatch(term -> meant.stream().anyMatch(at -> samePart(term.getTopologyKey(), node, at.node)))) {
            return true;
        }
        boolean anywhere = terms.stream().anyMatch(term -> meant.stream().anyMatch(at -> part(term.getTopologyKey(), at.node) != null));
        return !anywhere && terms.stream().allMatch(term -> means(term, key, pod, key, pod) && part(term.getTopologyKey(), name(node)) != null);
    }

    /// Whether a term of a pod means another pod.
    private boolean means(PodAffinityTerm term, ObjectKey ownKey, Pod own, ObjectKey key, Pod pod) {
        if (!ownKey.tenant().equals(key.tenant()) || !matches(term.getLabelSelector(), pod.getMetadata().getLabels())) {
            return false;
        }
        Map<String, String> labels = pod.getMetadata().getLabels();
        Map<String, String> ownLabels = own.getMetadata().getLabels();
        boolean alike = term.getMatchLabelKeys().stream().filter(ownLabels::containsKey).filter(each -> !names(term.getLabelSelector(), each, "In")).allMatch(each -> ownLabels.get(each).equals(labels.get(each)));
        boolean unlike = term.getMismatchLabelKeys().stream().filter(ownLabels::containsKey).filter(each -> !names(term.getLabelSelector(), each, "NotIn")).noneMatch(each -> ownLabels.get(each).equals(labels.get(each)));
        boolean there = term.getNamespaces().isEmpty() && term.getNamespaceSelector() == null
                ? key.namespace().equals(ownKey.namespace())
                : term.getNamespaces().contains(key.namespace())
                        || matches(term.getNamespaceSelector(), namespaces.labels(key.tenant(), key.namespace()));
        return alike && unlike && there;
    }

    /// Whether a selector says already what the pod's own label would add, which the API server did when the pod was made.
    private static boolean names(LabelSelector selector, String key, String operator) {
        return operator.equals("In") && selector.getMatchLabels().containsKey(key)
                || selector.getMatchExpressions().stream().anyMatch(each -> each.getKey().equals(key) && each.getOperator().equals(operator));
    }

    private boolean isEven(ObjectKey key, Pod pod, Node node) {
        for (TopologySpreadConstraint rule : required(pod)) {
            Map<String, Integer> counts = new HashMap<>();
            for (Node other : nodes) {
                if (counts(rule, pod, other)) {
                    counts.putIfAbsent(part(rule.getTopologyKey(), name(other)), 0);
                    for (At at : on(other)) {
                        boolean beside = key.tenant().equals(at.key.tenant()) && key.namespace().equals(at.key.namespace());
                        if (beside && at.pod.getMetadata().getDeletionTimestamp() == null && isCounted(rule, pod, at.pod)) {
                            counts.merge(part(rule.getTopologyKey(), name(other)), 1, Integer::sum);
                        }
                    }
                }
            }
            String part = part(rule.getTopologyKey(), name(node));
            if (part == null) {
                return false;
            }
            boolean few = rule.getMinDomains() != null && counts.size() < rule.getMinDomains();
            int least = few ? 0 : counts.values().stream().mapToInt(Integer::intValue).min().orElse(0);
            int itself = isCounted(rule, pod, pod) ? 1 : 0;
            if (counts.getOrDefault(part, 0) + itself - least > rule.getMaxSkew()) {
                return false;
            }
        }
        return true;
    }

    private static boolean isCounted(TopologySpreadConstraint rule, Pod pod, Pod other) {
        return matches(rule.getLabelSelector(), other.getMetadata().getLabels())
                && rule.getMatchLabelKeys().stream().filter(pod.getMetadata().getLabels()::containsKey).filter(each -> !names(rule.getLabelSelector(), each, "In"))
                        .allMatch(each -> pod.getMetadata().getLabels().get(each).equals(other.getMetadata().getLabels().get(each)));
    }

    /// Whether a node and what is on it count for a rule.
    private boolean counts(TopologySpreadConstraint rule, Pod pod, Node node) {
        return required(pod).stream().allMatch(each -> part(each.getTopologyKey(), name(node)) != null)
                && ("Ignore".equals(rule.getNodeAffinityPolicy()) || isSelected(pod, node))
                && (!"Honor".equals(rule.getNodeTaintsPolicy()) || isTolerated(pod, node));
    }

    private static List<TopologySpreadConstraint> required(Pod pod) {
        return pod.getSpec().getTopologySpreadConstraints().stream().filter(rule -> rule.getWhenUnsatisfiable().equals("DoNotSchedule")).toList();
    }

    private static boolean matches(@Nullable LabelSelector selector, Map<String, String> labels) {
        return selector != null
                && Stream.ofNullable(selector.getMatchLabels()).allMatch(wanted -> labels.entrySet().containsAll(wanted.entrySet()))
                && selector.getMatchExpressions().stream().allMatch(each -> holds(each, labels.get(each.getKey())));
    }

    private static boolean holds(LabelSelectorRequirement want, @Nullable String value) {
        return holds(new NodeSelectorRequirement(want.getKey(), want.getOperator(), want.getValues()), value);
    }

    private List<At> on(Node node) {
        return placed.stream().filter(at -> at.node.equals(name(node))).toList();
    }

    private @Nullable String part(String topologyKey, String node) {
        return nodes.stream().filter(each -> name(each).equals(node)).findFirst().orElseThrow().getMetadata().getLabels().get(topologyKey);
    }

    private boolean samePart(String topologyKey, Node node, String other) {
        String part = part(topologyKey, name(node));
        return part != null && part.equals(part(topologyKey, other));
    }

    private static String name(Node node) {
        return node.getMetadata().getName();
    }

    private static List<PodAffinityTerm> apart(Pod pod) {
        return pod.getSpec().getAffinity() == null || pod.getSpec().getAffinity().getPodAntiAffinity() == null
                ? List.of() : pod.getSpec().getAffinity().getPodAntiAffinity().getRequiredDuringSchedulingIgnoredDuringExecution();
    }

    private static List<PodAffinityTerm> near(Pod pod) {
        return pod.getSpec().getAffinity() == null || pod.getSpec().getAffinity().getPodAffinity() == null
                ? List.of() : pod.getSpec().getAffinity().getPodAffinity().getRequiredDuringSchedulingIgnoredDuringExecution();
    }
}
