package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.NodeRule;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Placement;
import java.util.Optional;

/// Whether a node takes a pod that somebody has bound to it and that was never here (upstream's pkg/kubelet/lifecycle/predicate.go): by what is left of it as this
/// kubelet counts, by its labels, and by the taints that let nothing run. Nothing makes way for a pod here, however important.
///
/// Safe for use by many threads.
final class Admission {
    private final Allocations allocations;

    Admission(Allocations allocations) {
        this.allocations = allocations;
    }

    /// What becomes of the pod.
    sealed interface Verdict {}

    /// It is noted in the record.
    record Admitted() implements Verdict {}

    /// It fits once those have gone that are about to.
    record Waits(NodeRoom.Shortage until) implements Verdict {}

    record Rejected(Rejection why) implements Verdict {}

    /// The node's labels may just have been given: it is to be asked for anew.
    record Unsure() implements Verdict {}

    /// @param node as known; nobody is refused for what is not known
    /// @param fresh whether that is no older than the pod's coming here
    Verdict judge(Pod pod, Optional<Node> node, boolean fresh) {
        NodeRule rule = NodeRule.of(pod.getSpec());
        boolean strange = node.filter(here -> !rule.holds(here)).isPresent();
        boolean tainted = node.filter(here -> Placement.untolerated(here, pod.getSpec().getTolerations(), "NoExecute") != null).isPresent();
        // Nobody is granted anything between the two looks.
        synchronized (allocations) {
            // In upstream's order: who has no room is told that first.
            Optional<NodeRoom.Shortage> lasting = allocations.lastingShortage(pod);
            if (lasting.isPresent()) {
                return new Rejected(outOf(lasting.get(), ObjectKey.tenantOf(pod, ObjectKey.ROOT)));
            }
            if (strange) {
                return fresh ? new Rejected(failed("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")) : new Unsure();
            }
            if (tainted) {
                return new Rejected(failed("TaintToleration", "node(s) had taints that the pod didn't tolerate"));
            }
            return allocations.admitIfRoom(pod).<Verdict>map(Waits::new).orElseGet(Admitted::new);
        }
    }

    private static Rejection outOf(NodeRoom.Shortage shortage, String tenant) {
        return new Rejection("OutOf" + shortage.resource(), shortage.message(tenant));
    }

    private static Rejection failed(String predicate, String why) {
        return new Rejection(predicate, "Predicate " + predicate + " failed: " + why);
    }
}
