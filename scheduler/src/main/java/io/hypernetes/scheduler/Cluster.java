package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.Node;
import io.hypernetes.client.ObjectKey;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The nodes and what is placed on them, kept current event by event. A pod is placed once: by its binding, or by an
/// assumption between the choice and the moment its binding is seen. Not thread-safe: one thread decides and hears of changes.
final class Cluster {
    private static final int MOST_LABEL_SETS = 256;

    private record Placement(String node, PodFacts pod, String zone) {}

    /// Where a pod is.
    record Placed(PodFacts pod, NodeState node) {}

    private final Map<String, NodeState> nodes = new LinkedHashMap<>();
    /// All nodes in an order that stays; null when nodes came or went since it was made.
    private @Nullable List<NodeState> order;
    private final Map<ObjectKey, Placement> placements = new HashMap<>();
    private final Map<ObjectKey, Placement> nominations = new HashMap<>();
    /// By tenant and namespace, since rules between pods hold within a tenant and mostly within a namespace.
    private final Map<String, Map<String, Map<ObjectKey, Placement>>> byNamespace = new HashMap<>();
    /// Pods that keep others away, by tenant.
    private final Map<String, Map<ObjectKey, Placement>> apart = new HashMap<>();
    /// Pods that like to be near others, by tenant.
    private final Map<String, Map<ObjectKey, Placement>> attached = new HashMap<>();
    /// What follows from placements and the labels of nodes: made when it is asked for, then kept current until the nodes change.
    private final Tallies tallies = new Tallies();
    private final Map<String, TermParts> keepers = new HashMap<>();
    private final Map<String, TermParts> likers = new HashMap<>();
    private final Map<Set<String>, Map<String, Set<String>>> parts = new HashMap<>();
    private @Nullable Set<String> labelsOfNodes;
    /// How many pods of a controller are in each zone.
    private final Map<String, Map<String, Integer>> zones = new HashMap<>();
    private final Shares shares = new Shares();
    private int next;

    /// What each tenant has.
    Shares shares() {
        return shares;
    }

    void node(Node node) {
        String name = node.getMetadata().getName();
        shares.node(name, Demand.of(node.getStatus() == null ? null : node.getStatus().getAllocatable()));
        NodeState known = nodes.get(name);
        if (known != null) {
            Map<String, String> before = known.labels();
            known.update(node);
            if (!before.equals(known.labels())) {
                nodesChanged();
            }
            return;
        }
        NodeState fresh = new NodeState(node);
        nodes.put(name, fresh);
        nodesChanged();
        // Pods may be seen before their node.
        placements.values().stream().filter(placement -> placement.node.equals(name)).forEach(placement -> fresh.add(placement.pod));
    }

    private void nodesChanged() {
        order = null;
        tallies.clear();
        keepers.clear();
        likers.clear();
        parts.clear();
        labelsOfNodes = null;
    }

    void nodeGone(String name) {
        nodes.remove(name);
        shares.node(name, null);
        nodesChanged();
    }

    void place(PodFacts pod, String node) {
        unnominate(pod.key());
        takeAway(pod.key());
        NodeState state = nodes.get(node);
        String zone = state == null ? null : state.labels().get("topology.kubernetes.io/zone");
        Placement placement = new Placement(node, pod, zone == null ? "" : zone);
        placements.put(pod.key(), placement);
        shares.placed(pod.key().tenant(), pod.demand());
        byNamespace.computeIfAbsent(pod.key().tenant(), fresh -> new HashMap<>())
                .computeIfAbsent(pod.key().namespace(), fresh -> new HashMap<>())
                .put(pod.key(), placement);
        if (!pod.antiAffinity().isEmpty()) {
            apart.computeIfAbsent(pod.key().tenant(), fresh -> new HashMap<>()).put(pod.key(), placement);
        }
        if (!pod.affinity().isEmpty() || !pod.preferred().isEmpty()) {
            attached.computeIfAbsent(pod.key().tenant(), fresh -> new HashMap<>()).put(pod.key(), placement);
        }
        count(placement, 1);
        if (state != null) {
            state.add(pod);
            tally(pod, state, 1);
        }
    }

    private void tally(PodFacts pod, NodeState node, int sign) {
        tallies.count(pod, node, sign);
        for (Map<String, TermParts> known : List.of(keepers, likers)) {
            TermParts ofTenant = known.get(pod.key().tenant());
            if (ofTenant != null) {
                ofTenant.count(pod, node, sign);
            }
        }
    }

    /// The pod takes nothing any more: it ended, was deleted, or its binding failed.
    ///
    /// @return whether it took something, or something was kept for it
    boolean release(ObjectKey pod) {
        boolean nominated = unnominate(pod);
        Placement placement = takeAway(pod);
        NodeState state = placement == null ? null : nodes.get(placement.node);
        if (placement != null && state != null && PodVerdicts.isPreempted(placement.pod.pod())) {
            state.promises().madeWay(placement.pod);
        }
        return nominated || placement != null;
    }

    private @Nullable Placement takeAway(ObjectKey pod) {
        Placement placement = placements.remove(pod);
        if (placement == null) {
            return null;
        }
        shares.released(pod.tenant(), placement.pod.demand());
        Map<String, Map<ObjectKey, Placement>> namespaces = byNamespace.get(pod.tenant());
        Map<ObjectKey, Placement> beside = namespaces == null ? null : namespaces.get(pod.namespace());
        if (beside != null && namespaces != null) {
            beside.remove(pod);
            if (beside.isEmpty()) {
                namespaces.remove(pod.namespace());
            }
        }
        for (Map<String, Map<ObjectKey, Placement>> known : List.of(apart, attached)) {
            Map<ObjectKey, Placement> ofTenant = known.get(pod.tenant());
            if (ofTenant != null) {
                ofTenant.remove(pod);
            }
        }
        count(placement, -1);
        NodeState state = nodes.get(placement.node);
        if (state != null) {
            state.remove(pod);
            tally(placement.pod, state, -1);
        }
        if (namespaces != null && namespaces.isEmpty()) {
            List.of(byNamespace, apart, attached, keepers, likers).forEach(known -> known.remove(pod.tenant()));
            tallies.forget(pod.tenant());
        }
        return placement;
    }

    private void count(Placement placement, int sign) {
        if (placement.zone.isEmpty() || placement.pod.controller().isEmpty()) {
            return;
        }
        Map<String, Integer> counts = zones.computeIfAbsent(placement.pod.controller(), fresh -> new HashMap<>());
        counts.merge(placement.zone, sign, (known, more) -> known + more == 0 ? null : known + more);
        if (counts.isEmpty()) {
            zones.remove(placement.pod.controller());
        }
    }

    /// Keeps room on a node for a pod that others make way for.
    void nominate(PodFacts pod, String node) {
        Placement before = nominations.get(pod.key());
        if (before != null && !before.node.equals(node)) {
            unnominate(pod.key());
        }
        NodeState state = nodes.get(node);
        if (state != null) {
            nominations.put(pod.key(), new Placement(node, pod, ""));
            state.promises().add(pod);
        }
    }

    private boolean unnominate(ObjectKey pod) {
        Placement nomination = nominations.remove(pod);
        NodeState state = nomination == null ? null : nodes.get(nomination.node);
        if (state != null) {
            state.promises().remove(pod);
        }
        return nomination != null;
    }

    /// Runs a decision on a view of it.
    <R> R decide(Function<View, R> decision) {
        return decision.apply(new View());
    }

    /// The cluster during one decision.
    final class View {

        /// All nodes, in an order that stays.
        List<NodeState> nodes() {
            List<NodeState> known = order;
            if (known == null) {
                known = List.copyOf(nodes.values());
                order = known;
            }
            return known;
        }

        @Nullable NodeState node(String name) {
            return nodes.get(name);
        }

        /// Where to begin to look, so that not always the same nodes are looked at first.
        int start() {
            return nodes.isEmpty() ? 0 : next % nodes.size();
        }

        void startNextAt(int index) {
            next = nodes.isEmpty() ? 0 : index % nodes.size();
        }

        /// The pods of some namespaces of a tenant, or with null of all.
        List<Placed> pods(String tenant, @Nullable Collection<String> namespaces) {
            Map<String, Map<ObjectKey, Placement>> known = byNamespace.getOrDefault(tenant, Map.of());
            List<Placed> found = new ArrayList<>();
            for (String namespace : namespaces == null ? known.keySet() : namespaces) {
                add(known.getOrDefault(namespace, Map.of()).values(), found);
            }
            return found;
        }

        /// The pods of a tenant that keep others away.
        List<Placed> keepers(String tenant) {
            List<Placed> found = new ArrayList<>();
            add(apart.getOrDefault(tenant, Map.of()).values(), found);
            return found;
        }

        /// The terms by which pods of a tenant keep others away.
        TermParts keepersByTerm(String tenant) {
            return keepers.computeIfAbsent(tenant, fresh -> new TermParts(PodFacts::antiAffinity, keepers(tenant)));
        }

        /// The terms by which pods of a tenant like to be near others or need it; what is needed weighs as a wish of weight 1.
        TermParts likersByTerm(String tenant) {
            return likers.computeIfAbsent(tenant, fresh -> {
                List<Placed> found = new ArrayList<>();
                add(attached.getOrDefault(tenant, Map.of()).values(), found);
                return new TermParts(PodFacts::liking, found);
            });
        }

        /// Pods of a tenant that others make way for, where they will be; those less important than the one that is asked for are none of its concern.
        List<Placed> promised(PodFacts pod) {
            if (nominations.isEmpty()) {
                return List.of();
            }
            List<Placed> found = new ArrayList<>();
            add(nominations.values().stream()
                    .filter(nomination -> nomination.pod.keepsRoomFrom(pod) && nomination.pod.key().tenant().equals(pod.key().tenant()))
                    .toList(), found);
            return found;
        }

        /// How many pods a term means, by part; parts with none are left out.
        Map<String, Integer> tally(String tenant, Tallies.Question question) {
            return tallies.of(tenant, question, () -> pods(tenant, question.term().namespaces()));
        }

        /// The values that a label has on nodes that have all the labels given.
        Set<String> parts(String topologyKey, Set<String> labelled) {
            if (parts.size() > MOST_LABEL_SETS) {
                // They are chosen by whoever makes pods.
                parts.clear();
            }
            return parts.computeIfAbsent(labelled, fresh -> new HashMap<>()).computeIfAbsent(topologyKey, fresh -> {
                Set<String> found = new HashSet<>();
                for (NodeState node : nodes()) {
                    String part = node.labels().get(topologyKey);
                    if (part != null && node.labels().keySet().containsAll(labelled)) {
                        found.add(part);
                    }
                }
                return found;
            });
        }

        /// All labels that any node has.
        Set<String> labelsOfNodes() {
            Set<String> known = labelsOfNodes;
            if (known == null) {
                known = new HashSet<>();
                for (NodeState node : nodes()) {
                    known.addAll(node.labels().keySet());
                }
                labelsOfNodes = known;
            }
            return known;
        }

        /// Those terms that have to do with any node: whoever names thousands of labels that no node has is not to be thought about for each.
        List<PodTerm> onLabelsOfNodes(List<PodTerm> terms) {
            return terms.stream().filter(term -> labelsOfNodes().contains(term.topologyKey())).toList();
        }

        /// How many pods of a controller are in each zone.
        Map<String, Integer> zones(String controller) {
            return zones.getOrDefault(controller, Map.of());
        }

        private void add(Collection<Placement> from, List<Placed> to) {
            for (Placement placement : from) {
                NodeState state = nodes.get(placement.node);
                if (state != null) {
                    to.add(new Placed(placement.pod, state));
                }
            }
        }
    }
}
