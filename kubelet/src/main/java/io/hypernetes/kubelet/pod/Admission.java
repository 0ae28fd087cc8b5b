package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.NodeRule;
import io.hypernetes.client.Placement;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Whether a node takes a pod that somebody has bound to it and that was never here (upstream's pkg/kubelet/lifecycle/predicate.go): by what is left of it as this
/// kubelet counts, by its labels, and by the taints that let nothing run. Nothing makes way for a pod here, however important.
///
/// Safe for use by many threads.
final class Admission {
    private final Allocations allocations;
    private final OwnNode node;

    Admission(Allocations allocations, OwnNode node) {
        this.allocations = allocations;
        this.node = node;
    }

    /// What becomes of the pod.
    sealed interface Verdict {}

    /// It is noted in the record.
    record Admitted() implements Verdict {}

    /// It fits once those have gone that are about to.
    record Waits() implements Verdict {}

    record Rejected(Rejection why) implements Verdict {}

    /// @param staying the other pods of the node, without
    /// @param leaving those of which the API says that they are gone, or has been told, while something is left of them
    Verdict judge(Pod pod, List<Pod> staying, List<Pod> leaving) {
        Optional<NodeRoom.Shortage> lasting = allocations.shortage(pod, staying);
        // In upstream's order: who has no room is told that first.
        Optional<Rejection> why = lasting.map(Admission::outOf).or(() -> unsuitable(pod));
        if (why.isPresent()) {
            return new Rejected(why.get());
        }
        Optional<NodeRoom.Shortage> shortage = allocations.admit(pod, Stream.concat(staying.stream(), leaving.stream()).toList());
        return shortage.isEmpty() ? new Admitted() : leaving.isEmpty() ? new Rejected(outOf(shortage.get())) : new Waits();
    }

    private static Rejection outOf(NodeRoom.Shortage shortage) {
        return new Rejection("OutOf" + shortage.resource(), shortage.message());
    }

    private Optional<Rejection> unsuitable(Pod pod) {
        NodeRule rule = NodeRule.of(pod.getSpec());
        Optional<Node> known = node.get(false);
        // Labels may just have been given.
        if (known.isPresent() && !rule.holds(known.get()) && node.get(true).filter(fresh -> !rule.holds(fresh)).isPresent()) {
            return Optional.of(failed("NodeAffinity", "node(s) didn't match Pod's node affinity/selector"));
        }
        return known.filter(here -> Placement.untolerated(here, pod.getSpec().getTolerations(), "NoExecute") != null)
                .map(here -> failed("TaintToleration", "node(s) had taints that the pod didn't tolerate"));
    }

    private static Rejection failed(String predicate, String why) {
        return new Rejection(predicate, "Predicate " + predicate + " failed: " + why);
    }
}
