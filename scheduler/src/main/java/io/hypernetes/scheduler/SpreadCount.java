package io.hypernetes.scheduler;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A rule of spreading that a pod insists on, with what it counts in the parts of the cluster.
///
/// @param keys labels without which a node does not count
/// @param least of the emptiest part
record SpreadCount(SpreadRule rule, Set<String> keys, Map<String, Integer> counts, int least) {
    // Of each of thousands of nodes.
    private static final Objection UNLABELLED = Objection.lasting("node(s) didn't match pod topology spread constraints (missing required label)");
    private static final Objection UNEVEN = Objection.passing("node(s) didn't match pod topology spread constraints");

    static List<SpreadCount> of(PodFacts pod, Cluster.View view) {
        List<SpreadRule> required = pod.spread().stream().filter(SpreadRule::required).toList();
        Set<String> keys = SpreadRule.keys(required);
        List<SpreadCount> counts = new ArrayList<>();
        for (SpreadRule rule : required) {
            PartCounts found = PartCounts.of(pod, rule, keys, view);
            counts.add(new SpreadCount(rule, keys, found.counts(), found.least(rule.minDomains())));
        }
        return counts;
    }

    /// Whether it counts a pod of a node.
    boolean has(PodFacts pod, PodFacts other, NodeState node) {
        return rule.counts(pod, other) && PartCounts.isEligible(pod, rule, keys, node);
    }

    /// Why a node will not do; null when the rule allows it.
    ///
    /// @param gone how many of the pods counted are taken to be gone, all of them of this node
    @Nullable Objection objection(PodFacts pod, NodeState node, int gone) {
        String part = node.labels().get(rule.topologyKey());
        if (part == null) {
            return UNLABELLED;
        }
        int itself = rule.countsItself(pod) ? 1 : 0;
        int there = counts.getOrDefault(part, 0) - gone;
        // Without them this part may be the emptiest.
        int emptiest = gone == 0 ? least : Math.min(least, there);
        return there + itself - emptiest > rule.maxSkew() ? UNEVEN : null;
    }
}
