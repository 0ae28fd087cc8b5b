package io.hypernetes.scheduler;

import io.hypernetes.client.ObjectKey;
import io.hypernetes.scheduler.Cluster.Placed;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What the pods that are placed mean for one pod that is not: counted once for a decision, then asked for each node. All counting is by
/// part of the cluster, that is by the value that nodes have of a topology label.
final class PodRules {
    // Of each of thousands of nodes.
    private static final Objection UNLABELLED = Objection.lasting("node(s) didn't match pod topology spread constraints (missing required label)");
    private static final Objection UNEVEN = Objection.passing("node(s) didn't match pod topology spread constraints");
    private static final Objection FAR = Objection.lasting("node(s) didn't match pod affinity rules");
    private static final Objection TOO_NEAR = Objection.passing("node(s) didn't match pod anti-affinity rules");
    private static final Objection KEPT = Objection.passing("node(s) didn't satisfy existing pods anti-affinity rules");

    private final PodFacts pod;
    /// Parts that pods with an anti-affinity against this one keep to themselves.
    private final List<Kept> kept = new ArrayList<>();
    /// By term: the parts with pods that it must be near to, counted over pods that all terms mean.
    private final List<Set<String>> near = new ArrayList<>();
    private boolean anyNear;
    private final boolean nearItself;
    /// By term: the parts with pods that it must not be near to.
    private final List<Set<String>> apart = new ArrayList<>();
    private final List<SpreadCount> spread = new ArrayList<>();

    private record Kept(String topologyKey, Set<String> parts) {}

    /// @param least of the emptiest part
    private record SpreadCount(SpreadRule rule, Map<String, Integer> counts, int least) {}

    private PodRules(PodFacts pod, PodTerm.Namespaces namespaces) {
        this.pod = pod;
        this.nearItself = pod.affinity().stream().allMatch(term -> term.means(pod.key().tenant(), pod, namespaces));
    }

    /// @param without pods that are taken to be gone
    static PodRules of(PodFacts pod, Cluster.View view, PodTerm.Namespaces namespaces, Set<ObjectKey> without) {
        PodRules rules = new PodRules(pod, namespaces);
        List<Placed> promised = view.promised(pod);
        rules.countKept(view, namespaces, without, promised);
        if (!pod.affinity().isEmpty()) {
            rules.countNear(view, namespaces, without);
        }
        for (PodTerm term : pod.antiAffinity()) {
            rules.apart.add(rules.meant(term, view, namespaces, without, promised));
        }
        List<SpreadRule> required = pod.spread().stream().filter(SpreadRule::required).toList();
        Set<String> keys = SpreadRule.keys(required);
        for (SpreadRule rule : required) {
            PartCounts found = PartCounts.of(pod, rule, keys, view, without);
            rules.spread.add(new SpreadCount(rule, found.counts(), found.least(rule.minDomains())));
        }
        return rules;
    }

    private void countKept(Cluster.View view, PodTerm.Namespaces namespaces, Set<ObjectKey> without, List<Placed> promised) {
        String tenant = pod.key().tenant();
        List<Placed> oneByOne = promised;
        if (without.isEmpty()) {
            view.keepersByTerm(tenant).all().forEach((term, counts) -> {
                if (term.means(tenant, pod, namespaces)) {
                    kept.add(new Kept(term.topologyKey(), counts.keySet()));
                }
            });
        } else {
            oneByOne = new ArrayList<>(promised);
            oneByOne.addAll(view.keepers(tenant));
        }
        Map<String, Set<String>> parts = new HashMap<>();
        for (Placed keeper : oneByOne) {
            if (without.contains(keeper.pod().key())) {
                continue;
            }
            for (PodTerm term : keeper.pod().antiAffinity()) {
                String part = keeper.node().labels().get(term.topologyKey());
                if (part != null && term.means(tenant, pod, namespaces)) {
                    parts.computeIfAbsent(term.topologyKey(), fresh -> new HashSet<>()).add(part);
                }
            }
        }
        parts.forEach((topologyKey, found) -> kept.add(new Kept(topologyKey, found)));
    }

    /// The parts with pods that a term means.
    private Set<String> meant(PodTerm term, Cluster.View view, PodTerm.Namespaces namespaces, Set<ObjectKey> without, List<Placed> promised) {
        String tenant = pod.key().tenant();
        boolean canKeep = without.isEmpty() && Tallies.canKeep(term);
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
            if (part != null && !without.contains(other.pod().key()) && term.means(tenant, other.pod(), namespaces)) {
                parts.add(part);
            }
        }
        return parts;
    }

    private static List<Placed> candidates(Cluster.View view, String tenant, PodTerm term) {
        return view.pods(tenant, term.namespaceSelector().isPresent() ? null : term.namespaces());
    }

    private void countNear(Cluster.View view, PodTerm.Namespaces namespaces, Set<ObjectKey> without) {
        String tenant = pod.key().tenant();
        if (pod.affinity().size() == 1) {
            near.add(meant(pod.affinity().getFirst(), view, namespaces, without, List.of()));
            anyNear = !near.getFirst().isEmpty();
            return;
        }
        pod.affinity().forEach(term -> near.add(new HashSet<>()));
        for (Placed other : candidates(view, tenant, pod.affinity().getFirst())) {
            boolean meant = !without.contains(other.pod().key())
                    && pod.affinity().stream().allMatch(term -> term.means(tenant, other.pod(), namespaces));
            if (!meant) {
                continue;
            }
            for (int i = 0; i < near.size(); i++) {
                String part = other.node().labels().get(pod.affinity().get(i).topologyKey());
                if (part != null) {
                    near.get(i).add(part);
                    anyNear = true;
                }
            }
        }
    }

    /// Why a node will not do; null when the rules allow it.
    @Nullable Objection objection(NodeState node) {
        for (SpreadCount count : spread) {
            String part = node.labels().get(count.rule.topologyKey());
            if (part == null) {
                return UNLABELLED;
            }
            int itself = count.rule.countsItself(pod) ? 1 : 0;
            if (count.counts.getOrDefault(part, 0) + itself - count.least > count.rule.maxSkew()) {
                return UNEVEN;
            }
        }
        boolean nearEnough = true;
        boolean labelled = true;
        for (int i = 0; i < near.size(); i++) {
            String part = node.labels().get(pod.affinity().get(i).topologyKey());
            labelled &= part != null;
            nearEnough &= part != null && near.get(i).contains(part);
        }
        // The first of a group that wants to be together has nobody to be near to.
        if (!nearEnough && !(labelled && !anyNear && nearItself)) {
            return FAR;
        }
        for (int i = 0; i < apart.size(); i++) {
            String part = node.labels().get(pod.antiAffinity().get(i).topologyKey());
            if (part != null && apart.get(i).contains(part)) {
                return TOO_NEAR;
            }
        }
        for (Kept keep : kept) {
            String part = node.labels().get(keep.topologyKey);
            if (part != null && keep.parts.contains(part)) {
                return KEPT;
            }
        }
        return null;
    }
}
