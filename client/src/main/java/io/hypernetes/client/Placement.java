package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeSelector;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Which nodes a pod may be on by what it says of them: the names it gives, taints and tolerations; what it says of labels is a [NodeRule]. The scheduler and
/// the controllers of pods on nodes agree on it by asking here.
public final class Placement {
    private Placement() {}

    /// The names of the only nodes that the pod's required node affinity leaves, which need not exist; empty when its terms contradict themselves,
    /// null when it leaves others too. So a pod of a DaemonSet names its node.
    public static @Nullable Set<String> named(PodSpec pod) {
        NodeSelector required = NodeRule.required(pod.getAffinity());
        if (required == null || orEmpty(required.getNodeSelectorTerms()).isEmpty()) {
            return null;
        }
        Set<String> names = new LinkedHashSet<>();
        for (NodeSelectorTerm term : required.getNodeSelectorTerms()) {
            Set<String> ofTerm = named(term);
            if (ofTerm == null) {
                return null;
            }
            names.addAll(ofTerm);
        }
        return names;
    }

    private static @Nullable Set<String> named(NodeSelectorTerm term) {
        Set<String> names = null;
        for (NodeSelectorRequirement want : orEmpty(term.getMatchFields())) {
            if ("metadata.name".equals(want.getKey()) && "In".equals(want.getOperator())) {
                if (names == null) {
                    names = new LinkedHashSet<>(orEmpty(want.getValues()));
                } else {
                    names.retainAll(new HashSet<>(orEmpty(want.getValues())));
                }
            }
        }
        return names;
    }

    /// The taints of a node; never null.
    public static List<Taint> taints(Node node) {
        return node.getSpec() == null ? List.of() : orEmpty(node.getSpec().getTaints());
    }

    /// The first taint with one of the effects that no toleration covers; null when there is none.
    public static @Nullable Taint untolerated(Node node, @Nullable List<Toleration> tolerations, String... effects) {
        for (Taint taint : taints(node)) {
            if (List.of(effects).contains(taint.getEffect()) && !isTolerated(taint, tolerations)) {
                return taint;
            }
        }
        return null;
    }

    /// Whether one of the tolerations covers the taint.
    public static boolean isTolerated(Taint taint, @Nullable List<Toleration> tolerations) {
        for (Toleration toleration : orEmpty(tolerations)) {
            if (tolerates(toleration, taint)) {
                return true;
            }
        }
        return false;
    }

    /// Whether a toleration covers a taint.
    public static boolean tolerates(Toleration toleration, Taint taint) {
        if (!isEmpty(toleration.getEffect()) && !toleration.getEffect().equals(taint.getEffect())) {
            return false;
        }
        boolean exists = "Exists".equals(toleration.getOperator());
        if (isEmpty(toleration.getKey())) {
            return exists;
        }
        return toleration.getKey().equals(taint.getKey())
                && (exists || text(toleration.getValue()).equals(text(taint.getValue())));
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
