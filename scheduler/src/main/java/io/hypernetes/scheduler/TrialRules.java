package io.hypernetes.scheduler;

import io.hypernetes.client.ObjectKey;
import io.hypernetes.scheduler.Cluster.Placed;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What [PodRules] says of a node some of whose pods are taken to be gone. All pods and terms are read once for a search, however many nodes it tries: how many
/// pods are for or against each part of the cluster is counted, so that of those that go only their own share is taken away.
final class TrialRules {
    private final PodFacts pod;
    private final PodTerm.Namespaces namespaces;
    private final List<SpreadCount> spread;
    /// By topology label and part: how many terms of others keep the pod away.
    private final Map<String, Map<String, Integer>> kept = new HashMap<>();
    /// The same of pods that it must be near to, and of those that it must not be near to.
    private final Map<String, Map<String, Integer>> near = new LinkedHashMap<>();
    private final Map<String, Map<String, Integer>> apart = new HashMap<>();
    /// Placed pods that its terms can mean, by the number by which the sets know them.
    private final Map<ObjectKey, Integer> numbers = new HashMap<>();
    private BitSet nearMeant = new BitSet();
    private Map<String, BitSet> apartMeant = Map.of();
    /// How many pods it may be near to, anywhere.
    private int anyNear;
    private final boolean nearItself;

    TrialRules(PodFacts pod, Cluster.View view, PodTerm.Namespaces namespaces) {
        this.pod = pod;
        this.namespaces = namespaces;
        this.spread = SpreadCount.of(pod, view);
        this.nearItself = PodRules.isNearItself(pod, namespaces);
        List<Placed> promised = view.promised(pod);
        countKept(view, promised);
        if (pod.affinity().isEmpty() && pod.antiAffinity().isEmpty()) {
            return;
        }
        List<Placed> placed = view.pods(pod.key().tenant(), null);
        for (int i = 0; i < placed.size(); i++) {
            numbers.put(placed.get(i).pod().key(), i);
        }
        countNear(view, placed);
        countApart(view, placed, promised);
    }

    private void countKept(Cluster.View view, List<Placed> promised) {
        view.keepersByTerm(pod.key().tenant()).all().forEach((term, counts) -> {
            if (keepsAway(term)) {
                counts.forEach((part, count) -> keep(term.topologyKey(), part, count));
            }
        });
        for (Placed keeper : promised) {
            for (PodTerm term : keeper.pod().antiAffinity()) {
                String part = keeper.node().labels().get(term.topologyKey());
                if (part != null && keepsAway(term)) {
                    keep(term.topologyKey(), part, 1);
                }
            }
        }
    }

    /// Whether a term of a pod of the same tenant means this one.
    private boolean keepsAway(PodTerm term) {
        return term.means(pod.key().tenant(), pod, namespaces);
    }

    private void keep(String topologyKey, String part, int count) {
        kept.computeIfAbsent(topologyKey, fresh -> new HashMap<>()).merge(part, count, Integer::sum);
    }

    private void countNear(Cluster.View view, List<Placed> placed) {
        Set<String> keys = new HashSet<>();
        pod.affinity().forEach(term -> keys.add(term.topologyKey()));
        if (keys.isEmpty() || !view.labelsOfNodes().containsAll(keys)) {
            // With a label that no node has, no node is near.
            keys.stream().filter(key -> !view.labelsOfNodes().contains(key)).limit(1).forEach(key -> near.put(key, Map.of()));
            return;
        }
        ManyPods pods = new ManyPods(pod.key().tenant(), placed, pod.affinity(), namespaces);
        nearMeant = pods.meantByAll();
        keys.forEach(key -> near.put(key, pods.parts(key, nearMeant)));
        anyNear = (int) nearMeant.stream().filter(i -> keys.stream().anyMatch(placed.get(i).node().labels()::containsKey)).count();
    }

    private void countApart(Cluster.View view, List<Placed> placed, List<Placed> promised) {
        List<PodTerm> terms = view.onLabelsOfNodes(pod.antiAffinity());
        if (!terms.isEmpty()) {
            List<Placed> all = new ArrayList<>(placed);
            all.addAll(promised);
            ManyPods pods = new ManyPods(pod.key().tenant(), all, terms, namespaces);
            apartMeant = pods.meantByAny();
            apartMeant.forEach((key, those) -> apart.put(key, pods.parts(key, those)));
        }
    }

    OnNode on(NodeState node) {
        return new OnNode(node);
    }

    /// One node, from which pods go and to which they come back.
    final class OnNode {
        private final NodeState node;
        private final int[] spreadGone = new int[spread.size()];
        private int nearGone;
        private int apartLeft;
        private int keptLeft;

        private OnNode(NodeState node) {
            this.node = node;
            apartLeft = here(apart);
            keptLeft = here(kept);
        }

        private int here(Map<String, Map<String, Integer>> counts) {
            int sum = 0;
            for (Map.Entry<String, Map<String, Integer>> parts : counts.entrySet()) {
                String part = node.labels().get(parts.getKey());
                sum += part == null ? 0 : parts.getValue().getOrDefault(part, 0);
            }
            return sum;
        }

        void goes(PodFacts other) {
            gone(other, 1);
        }

        void comesBack(PodFacts other) {
            gone(other, -1);
        }

        private void gone(PodFacts other, int count) {
            if (!pod.key().tenant().equals(other.key().tenant())) {
                return;
            }
            for (int i = 0; i < spreadGone.length; i++) {
                spreadGone[i] += spread.get(i).has(pod, other, node) ? count : 0;
            }
            for (PodTerm term : other.antiAffinity()) {
                keptLeft -= node.labels().containsKey(term.topologyKey()) && keepsAway(term) ? count : 0;
            }
            Integer number = numbers.get(other.key());
            if (number != null) {
                nearGone += nearMeant.get(number) ? count : 0;
                for (Map.Entry<String, BitSet> meant : apartMeant.entrySet()) {
                    apartLeft -= meant.getValue().get(number) && node.labels().containsKey(meant.getKey()) ? count : 0;
                }
            }
        }

        /// As [PodRules#objection].
        @Nullable Objection objection() {
            for (int i = 0; i < spreadGone.length; i++) {
                Objection uneven = spread.get(i).objection(pod, node, spreadGone[i]);
                if (uneven != null) {
                    return uneven;
                }
            }
            if (!isNear()) {
                return PodRules.FAR;
            }
            return apartLeft > 0 ? PodRules.TOO_NEAR : keptLeft > 0 ? PodRules.KEPT : null;
        }

        private boolean isNear() {
            boolean everywhere = true;
            for (Map.Entry<String, Map<String, Integer>> parts : near.entrySet()) {
                String part = node.labels().get(parts.getKey());
                if (part == null) {
                    return false;
                }
                // Who goes from here was in this part by each label.
                everywhere &= parts.getValue().getOrDefault(part, 0) > nearGone;
            }
            return everywhere || anyNear == nearGone && nearItself;
        }
    }
}
