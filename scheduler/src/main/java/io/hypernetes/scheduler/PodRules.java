package io.hypernetes.scheduler;

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

/// What the pods that are placed mean for one pod that is not: counted once for a decision, then asked for each node. All counting is by
/// part of the cluster, that is by the value that nodes have of a topology label.
final class PodRules implements Filters.Neighbours {
    // Of each of thousands of nodes.
    static final Objection FAR = Objection.lasting("node(s) didn't match pod affinity rules");
    static final Objection TOO_NEAR = Objection.passing("node(s) didn't match pod anti-affinity rules");
    static final Objection KEPT = Objection.passing("node(s) didn't satisfy existing pods anti-affinity rules");

    /// More terms are asked of all pods at once: a pod may have as many as an object has room for.
    private static final int FEW_TERMS = 32;

    private final PodFacts pod;
    /// By topology label, as that is what each node is asked for: parts that pods with an anti-affinity against this one keep to themselves.
    private final Map<String, Parts> kept = new HashMap<>();
    /// The parts with pods that it must be near to, which all terms mean.
    private final Map<String, Set<String>> near = new LinkedHashMap<>();
    private boolean anyNear;
    private final boolean nearItself;
    /// The parts with pods that it must not be near to.
    private final Map<String, Parts> apart = new HashMap<>();
    private final List<SpreadCount> spread;

    /// Parts that several terms name. A few sets stay those of the cluster's counts, which may be large; more are joined, so that each node is asked once.
    private static final class Parts {
        private static final int FEW = 4;
        private final List<Set<String>> sets = new ArrayList<>(1);
        private @Nullable Set<String> joined;

        void add(Set<String> more) {
            if (joined == null && sets.size() < FEW) {
                sets.add(more);
                return;
            }
            if (joined == null) {
                Set<String> all = new HashSet<>();
                sets.forEach(all::addAll);
                sets.clear();
                sets.add(all);
                joined = all;
            }
            joined.addAll(more);
        }

        boolean contains(String part) {
            for (Set<String> set : sets) {
                if (set.contains(part)) {
                    return true;
                }
            }
            return false;
        }
    }

    private PodRules(PodFacts pod, Cluster.View view, PodTerm.Namespaces namespaces) {
        this.pod = pod;
        this.nearItself = isNearItself(pod, namespaces);
        this.spread = SpreadCount.of(pod, view);
    }

    static PodRules of(PodFacts pod, Cluster.View view, PodTerm.Namespaces namespaces) {
        PodRules rules = new PodRules(pod, view, namespaces);
        List<Placed> promised = view.promised(pod);
        rules.countKept(view, namespaces, promised);
        if (!pod.affinity().isEmpty()) {
            rules.countNear(view, namespaces);
        }
        rules.countApart(view, namespaces, promised);
        return rules;
    }

    /// Whether all its terms mean itself.
    static boolean isNearItself(PodFacts pod, PodTerm.Namespaces namespaces) {
        return pod.affinity().stream().allMatch(term -> term.means(pod.key().tenant(), pod, namespaces));
    }

    private void countKept(Cluster.View view, PodTerm.Namespaces namespaces, List<Placed> promised) {
        String tenant = pod.key().tenant();
        view.keepersByTerm(tenant).all().forEach((term, counts) -> {
            if (term.means(tenant, pod, namespaces)) {
                add(kept, term.topologyKey(), counts.keySet());
            }
        });
        for (Placed keeper : promised) {
            for (PodTerm term : keeper.pod().antiAffinity()) {
                String part = keeper.node().labels().get(term.topologyKey());
                if (part != null && term.means(tenant, pod, namespaces)) {
                    add(kept, term.topologyKey(), Set.of(part));
                }
            }
        }
    }

    private static void add(Map<String, Parts> parts, String topologyKey, Set<String> more) {
        if (!more.isEmpty()) {
            parts.computeIfAbsent(topologyKey, fresh -> new Parts()).add(more);
        }
    }

    private void countApart(Cluster.View view, PodTerm.Namespaces namespaces, List<Placed> promised) {
        if (pod.antiAffinity().size() <= FEW_TERMS) {
            for (PodTerm term : pod.antiAffinity()) {
                add(apart, term.topologyKey(), meant(term, view, namespaces, promised));
            }
            return;
        }
        List<Placed> all = new ArrayList<>(view.pods(pod.key().tenant(), null));
        all.addAll(promised);
        ManyPods pods = new ManyPods(pod.key().tenant(), all, view.onLabelsOfNodes(pod.antiAffinity()), namespaces);
        pods.meantByAny().forEach((topologyKey, those) -> add(apart, topologyKey, pods.parts(topologyKey, those).keySet()));
    }

    /// The parts with pods that a term means.
    private Set<String> meant(PodTerm term, Cluster.View view, PodTerm.Namespaces namespaces, List<Placed> promised) {
        String tenant = pod.key().tenant();
        boolean canKeep = Tallies.canKeep(term);
        Set<String> tallied = canKeep ? view.tally(tenant, new Tallies.Question(term, Set.of(), true)).keySet() : Set.of();
        if (canKeep && promised.isEmpty()) {
            return tallied;
        }
        List<Placed> oneByOne = new ArrayList<>(promised);
        if (!canKeep) {
            oneByOne.addAll(candidates(view, tenant, term));
        }
        Set<String> parts = new HashSet<>(tallied);
        for (Placed other : oneByOne) {
            String part = other.node().labels().get(term.topologyKey());
            if (part != null && term.means(tenant, other.pod(), namespaces)) {
                parts.add(part);
            }
        }
        return parts;
    }

    private static List<Placed> candidates(Cluster.View view, String tenant, PodTerm term) {
        return view.pods(tenant, term.namespaceSelector().isPresent() ? null : term.namespaces());
    }

    private void countNear(Cluster.View view, PodTerm.Namespaces namespaces) {
        String tenant = pod.key().tenant();
        if (pod.affinity().size() == 1) {
            PodTerm only = pod.affinity().getFirst();
            near.put(only.topologyKey(), meant(only, view, namespaces, List.of()));
            anyNear = !near.get(only.topologyKey()).isEmpty();
            return;
        }
        if (pod.affinity().size() > FEW_TERMS) {
            for (PodTerm term : pod.affinity()) {
                if (!view.labelsOfNodes().contains(term.topologyKey())) {
                    // So that no node will do, whatever the other terms mean.
                    near.put(term.topologyKey(), Set.of());
                    return;
                }
            }
            ManyPods pods = new ManyPods(tenant, view.pods(tenant, null), pod.affinity(), namespaces);
            BitSet meant = pods.meantByAll();
            for (PodTerm term : pod.affinity()) {
                near.computeIfAbsent(term.topologyKey(), topologyKey -> pods.parts(topologyKey, meant).keySet());
            }
            anyNear = near.values().stream().anyMatch(parts -> !parts.isEmpty());
            return;
        }
        pod.affinity().forEach(term -> near.put(term.topologyKey(), new HashSet<>()));
        for (Placed other : candidates(view, tenant, pod.affinity().getFirst())) {
            if (!pod.affinity().stream().allMatch(term -> term.means(tenant, other.pod(), namespaces))) {
                continue;
            }
            for (Map.Entry<String, Set<String>> parts : near.entrySet()) {
                String part = other.node().labels().get(parts.getKey());
                if (part != null) {
                    parts.getValue().add(part);
                    anyNear = true;
                }
            }
        }
    }

    /// Why a node will not do; null when the rules allow it.
    @Override
    public @Nullable Objection objection(NodeState node) {
        for (SpreadCount count : spread) {
            Objection uneven = count.objection(pod, node, 0);
            if (uneven != null) {
                return uneven;
            }
        }
        boolean nearEnough = true;
        boolean labelled = true;
        for (Map.Entry<String, Set<String>> parts : near.entrySet()) {
            String part = node.labels().get(parts.getKey());
            if (part == null) {
                labelled = false;
                break;
            }
            nearEnough &= parts.getValue().contains(part);
        }
        nearEnough &= labelled;
        // The first of a group that wants to be together has nobody to be near to.
        if (!nearEnough && !(labelled && !anyNear && nearItself)) {
            return FAR;
        }
        return isIn(apart, node) ? TOO_NEAR : isIn(kept, node) ? KEPT : null;
    }

    private static boolean isIn(Map<String, Parts> parts, NodeState node) {
        for (Map.Entry<String, Parts> each : parts.entrySet()) {
            String part = node.labels().get(each.getKey());
            if (part != null && each.getValue().contains(part)) {
                return true;
            }
        }
        return false;
    }
}
