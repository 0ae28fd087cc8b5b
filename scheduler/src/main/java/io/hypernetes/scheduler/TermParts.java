package io.hypernetes.scheduler;

import io.hypernetes.scheduler.Cluster.Placed;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// The terms that the placed pods of a tenant have, each once, with how many of those pods are in each part of the cluster. Pods of one controller share their
/// terms, so that there are few of them however many pods there are. Not thread-safe: [Cluster] guards it.
final class TermParts {
    private final Function<PodFacts, List<PodTerm>> termsOf;
    private final Map<PodTerm, Map<String, Integer>> parts = new HashMap<>();

    TermParts(Function<PodFacts, List<PodTerm>> termsOf, Collection<Placed> pods) {
        this.termsOf = termsOf;
        pods.forEach(placed -> count(placed.pod(), placed.node(), 1));
    }

    /// A pod came to a node (1) or left it (-1).
    void count(PodFacts pod, NodeState node, int sign) {
        for (PodTerm term : termsOf.apply(pod)) {
            String part = node.labels().get(term.topologyKey());
            if (part == null) {
                continue;
            }
            Map<String, Integer> counts = parts.computeIfAbsent(term, fresh -> new HashMap<>());
            counts.merge(part, sign, (known, more) -> known + more == 0 ? null : known + more);
            if (counts.isEmpty()) {
                parts.remove(term);
            }
        }
    }

    /// Number of pods by part, by term; valid during the decision.
    Map<PodTerm, Map<String, Integer>> all() {
        return parts;
    }
}
