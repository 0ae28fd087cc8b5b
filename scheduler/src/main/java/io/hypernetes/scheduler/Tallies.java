package io.hypernetes.scheduler;

import io.hypernetes.scheduler.Cluster.Placed;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/// Answers to "how many pods does this term mean, by part of the cluster", kept current as pods come and go. The pods of a controller all ask the
/// same, so that the first of them pays for looking at all pods and the others for a look-up. The questions that were asked last are kept, a
/// bounded number for each tenant. Not thread-safe: [Cluster] guards it.
final class Tallies {
    private static final int MOST_OF_A_TENANT = 256;

    /// @param term its weight is of no matter; one that selects namespaces by their labels cannot be kept, since those change
    /// @param labelled only pods on nodes that have all these labels count
    /// @param terminatingToo whether pods that are being deleted count
    record Question(PodTerm term, Set<String> labelled, boolean terminatingToo) {
        Question {
            term = term.weight() == 0 ? term : new PodTerm(term.topologyKey(), term.selector(), term.namespaces(), term.namespaceSelector(), 0);
        }

        private boolean means(String tenant, PodFacts pod) {
            return (terminatingToo || !pod.terminating()) && term.namespaces().contains(pod.key().namespace())
                    && term.means(tenant, pod, (anybody, namespace) -> Map.of());
        }

        private void count(PodFacts pod, NodeState node, int sign, Map<String, Integer> counts) {
            String part = node.labels().get(term.topologyKey());
            if (part != null && node.labels().keySet().containsAll(labelled)) {
                counts.merge(part, sign, (known, more) -> known + more == 0 ? null : known + more);
            }
        }
    }

    private final Map<String, Map<Question, Map<String, Integer>>> byTenant = new HashMap<>();

    static boolean canKeep(PodTerm term) {
        return term.namespaceSelector().isEmpty();
    }

    /// By part, without parts that have none; valid during the decision.
    ///
    /// @param pods those of the namespaces that the question names
    Map<String, Integer> of(String tenant, Question question, Supplier<Collection<Placed>> pods) {
        Map<Question, Map<String, Integer>> known = byTenant.computeIfAbsent(tenant, fresh -> lately());
        Map<String, Integer> counts = known.get(question);
        if (counts == null) {
            counts = new HashMap<>();
            for (Placed placed : pods.get()) {
                if (question.means(tenant, placed.pod())) {
                    question.count(placed.pod(), placed.node(), 1, counts);
                }
            }
            known.put(question, counts);
        }
        return Collections.unmodifiableMap(counts);
    }

    private static Map<Question, Map<String, Integer>> lately() {
        return new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<Question, Map<String, Integer>> eldest) {
                return size() > MOST_OF_A_TENANT;
            }
        };
    }

    /// A pod came to a node (1) or left it (-1).
    void count(PodFacts pod, NodeState node, int sign) {
        byTenant.getOrDefault(pod.key().tenant(), Map.of()).forEach((question, counts) -> {
            if (question.means(pod.key().tenant(), pod)) {
                question.count(pod, node, sign, counts);
            }
        });
    }

    /// The tenant has no pods.
    void forget(String tenant) {
        byTenant.remove(tenant);
    }

    /// Nodes came, went or have other labels.
    void clear() {
        byTenant.clear();
    }
}
