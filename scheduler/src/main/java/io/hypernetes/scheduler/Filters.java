package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Which nodes can take a pod, and the words for those that cannot. Stateless.
final class Filters {
    private static final String UNSCHEDULABLE = "node.kubernetes.io/unschedulable";

    private Filters() {}

    /// Why the node cannot take the pod: empty when it can. The first filter that objects ends the search, as its
    /// reasons are the ones that a user must act on; only the resource filter may give several.
    static List<String> objections(Pod pod, Demand demand, NodeState state) {
        Node node = state.node();
        List<Toleration> tolerations = orEmpty(pod.getSpec().getTolerations());
        if (node.getSpec() != null && Boolean.TRUE.equals(node.getSpec().getUnschedulable())
                && !tolerated(new Taint("NoSchedule", UNSCHEDULABLE, null, null), tolerations)) {
            return List.of("node(s) were unschedulable");
        }
        for (Taint taint : taints(node)) {
            boolean keepsOut = "NoSchedule".equals(taint.getEffect()) || "NoExecute".equals(taint.getEffect());
            if (keepsOut && !tolerated(taint, tolerations)) {
                String value = taint.getValue() == null ? "" : taint.getValue();
                return List.of("node(s) had untolerated taint {" + taint.getKey() + ": " + value + "}");
            }
        }
        if (!wanted(pod, node)) {
            return List.of("node(s) didn't match Pod's node affinity/selector");
        }
        return lacking(demand, state);
    }

    /// Resources of which the node has too little left, as reasons in the order of their names.
    private static List<String> lacking(Demand demand, NodeState state) {
        List<String> lacking = new ArrayList<>();
        if (state.used(Demand.PODS) + 1 > state.allocatable(Demand.PODS)) {
            lacking.add("Too many pods");
        }
        for (String resource : new TreeSet<>(demand.amounts().keySet())) {
            long asked = demand.of(resource);
            if (!resource.equals(Demand.PODS) && asked > 0 && asked > state.allocatable(resource) - state.used(resource)) {
                lacking.add("Insufficient " + resource);
            }
        }
        return lacking;
    }

    static List<Taint> taints(Node node) {
        return node.getSpec() == null ? List.of() : orEmpty(node.getSpec().getTaints());
    }

    static boolean tolerated(Taint taint, List<Toleration> tolerations) {
        return tolerations.stream().anyMatch(toleration -> tolerates(toleration, taint));
    }

    private static boolean tolerates(Toleration toleration, Taint taint) {
        if (!isEmpty(toleration.getEffect()) && !toleration.getEffect().equals(taint.getEffect())) {
            return false;
        }
        boolean exists = "Exists".equals(toleration.getOperator());
        if (isEmpty(toleration.getKey())) {
            return exists;
        }
        if (!toleration.getKey().equals(taint.getKey())) {
            return false;
        }
        return exists || text(toleration.getValue()).equals(text(taint.getValue()));
    }

    /// nodeSelector and required node affinity; both must hold.
    private static boolean wanted(Pod pod, Node node) {
        Map<String, String> labels = node.getMetadata().getLabels() == null ? Map.of() : node.getMetadata().getLabels();
        Map<String, String> selector = pod.getSpec().getNodeSelector();
        if (selector != null && !selector.entrySet().stream().allMatch(want -> want.getValue().equals(labels.get(want.getKey())))) {
            return false;
        }
        if (pod.getSpec().getAffinity() == null || pod.getSpec().getAffinity().getNodeAffinity() == null) {
            return true;
        }
        var required = pod.getSpec().getAffinity().getNodeAffinity().getRequiredDuringSchedulingIgnoredDuringExecution();
        return required == null || orEmpty(required.getNodeSelectorTerms()).stream().anyMatch(term -> fits(term, node, labels));
    }

    /// A term holds when all its requirements hold; one without any holds for no node.
    private static boolean fits(NodeSelectorTerm term, Node node, Map<String, String> labels) {
        List<NodeSelectorRequirement> expressions = orEmpty(term.getMatchExpressions());
        List<NodeSelectorRequirement> fields = orEmpty(term.getMatchFields());
        if (expressions.isEmpty() && fields.isEmpty()) {
            return false;
        }
        Map<String, String> names = Map.of("metadata.name", node.getMetadata().getName());
        return expressions.stream().allMatch(want -> holds(want, labels.get(want.getKey())))
                && fields.stream().allMatch(want -> holds(want, names.get(want.getKey())));
    }

    private static boolean holds(NodeSelectorRequirement want, @Nullable String value) {
        List<String> values = orEmpty(want.getValues());
        return switch (want.getOperator()) {
            case "In" -> value != null && values.contains(value);
            case "NotIn" -> value == null || !values.contains(value);
            case "Exists" -> value != null;
            case "DoesNotExist" -> value == null;
            case "Gt" -> compare(value, values) > 0;
            case "Lt" -> compare(value, values) < 0;
            default -> false;
        };
    }

    /// 0 also when either side is not a whole number, so that neither Gt nor Lt holds.
    private static int compare(@Nullable String value, List<String> values) {
        if (value == null || values.size() != 1) {
            return 0;
        }
        try {
            return Long.compare(Long.parseLong(value), Long.parseLong(values.getFirst()));
        } catch (NumberFormatException notANumber) {
            return 0;
        }
    }

    private static boolean isEmpty(@Nullable String text) {
        return text == null || text.isEmpty();
    }

    private static String text(@Nullable String text) {
        return text == null ? "" : text;
    }

    private static <T> List<T> orEmpty(@Nullable List<T> list) {
        return list == null ? List.of() : list;
    }
}
