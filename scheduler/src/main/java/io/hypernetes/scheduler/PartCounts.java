package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.PodSpec;
import io.hypernetes.client.Placement;
import io.hypernetes.scheduler.Cluster.Placed;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/// How many pods a rule of spreading counts in each part of the cluster. Immutable.
///
/// @param counts pods by part; a part that is not in it has none
/// @param parts how many parts there are
record PartCounts(Map<String, Integer> counts, int parts) {

    /// @param keys labels without which a node does not count
    static PartCounts of(PodFacts pod, SpreadRule rule, Set<String> keys, Cluster.View view) {
        if (everyNodeCounts(pod, rule)) {
            Map<String, Integer> counts = view.tally(pod.key().tenant(), rule.question(pod, keys));
            return new PartCounts(counts, view.parts(rule.topologyKey(), keys).size());
        }
        Map<String, Integer> counts = new HashMap<>();
        for (NodeState node : view.nodes()) {
            if (isEligible(pod, rule, keys, node)) {
                counts.putIfAbsent(String.valueOf(node.labels().get(rule.topologyKey())), 0);
            }
        }
        for (Placed other : view.pods(pod.key().tenant(), Set.of(pod.key().namespace()))) {
            if (rule.counts(pod, other.pod()) && isEligible(pod, rule, keys, other.node())) {
                counts.merge(String.valueOf(other.node().labels().get(rule.topologyKey())), 1, Integer::sum);
            }
        }
        return new PartCounts(counts, counts.size());
    }

    /// Of the emptiest part; 0 when there are fewer parts than there must be.
    int least(int minDomains) {
        return counts.size() < parts || parts < minDomains ? 0 : counts.values().stream().mapToInt(Integer::intValue).min().orElse(0);
    }

    /// Whether all nodes with the labels count: neither the pod's node affinity nor taints have a say.
    private static boolean everyNodeCounts(PodFacts pod, SpreadRule rule) {
        PodSpec spec = pod.pod().getSpec();
        boolean selective = spec.getNodeSelector() != null && !spec.getNodeSelector().isEmpty()
                || spec.getAffinity() != null && spec.getAffinity().getNodeAffinity() != null;
        return !rule.honorTaints() && !(rule.honorAffinity() && selective);
    }

    /// A node counts when it has the labels and, as the rule says, could take the pod by affinity and taints.
    static boolean isEligible(PodFacts pod, SpreadRule rule, Set<String> keys, NodeState node) {
        return node.labels().keySet().containsAll(keys)
                && (!rule.honorAffinity() || pod.nodes().holds(node.node()))
                && (!rule.honorTaints() || Placement.untolerated(node.node(), pod.pod().getSpec().getTolerations(), "NoSchedule", "NoExecute") == null);
    }
}
