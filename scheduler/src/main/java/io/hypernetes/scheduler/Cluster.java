package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.Node;
import io.hypernetes.client.ObjectKey;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The nodes and what is placed on them, kept current event by event. A pod is placed once: by its binding, or by an
/// assumption between the choice and the moment its binding is seen. Thread-safe: decisions are made inside [#decide].
final class Cluster {
    private record Placement(String node, PodFacts pod, String zone) {}

    /// Where a pod is.
    record Placed(PodFacts pod, NodeState node) {}

    private final Map<String, NodeState> nodes = new LinkedHashMap<>();
    private List<NodeState> order = List.of();
    private final Map<ObjectKey, Placement> placements = new HashMap<>();
    private final Map<ObjectKey, String> nominations = new HashMap<>();
    /// By tenant and namespace, since rules between pods hold within a tenant and mostly within a namespace.
    private final Map<String, Map<String, Map<ObjectKey, Placement>>> byNamespace = new HashMap<>();
    /// Pods that keep others away, by tenant.
    private final Map<String, Map<ObjectKey, Placement>> apart = new HashMap<>();
    /// Pods that like to be near others, by tenant.
    private final Map<String, Map<ObjectKey, Placement>> attached = new HashMap<>();
    /// How many pods of a controller are in each zone.
    private final Map<String, Map<String, Integer>> zones = new HashMap<>();
    private final Shares shares = new Shares();
    private int next;

    /// What each tenant has.
    Shares shares() {
        return shares;
    }

    synchronized void node(Node node) {
        String name = node.getMetadata().getName();
        shares.node(name, Demand.of(node.getStatus() == null ? null : node.getStatus().getAllocatable()));
        NodeState known = nodes.get(name);
        if (known != null) {
            known.update(node);
            return;
        }
        NodeState fresh = new NodeState(node);
        nodes.put(name, fresh);
        order = List.copyOf(nodes.values());
        // Pods may be seen before their node.
        placements.values().stream().filter(placement -> placement.node.equals(name)).forEach(placement -> fresh.add(placement.pod));
    }

    synchronized void nodeGone(String name) {
        nodes.remove(name);
        shares.node(name, null);
        order = List.copyOf(nodes.values());
    }

    synchronized void place(PodFacts pod, String node) {
        release(pod.key());
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
        }
    }

    /// The pod takes nothing any more: it ended, was deleted, or its binding failed.
    synchronized void release(ObjectKey pod) {
        unnominate(pod);
        Placement placement = placements.remove(pod);
        if (placement == null) {
            return;
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
        }
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
    synchronized void nominate(PodFacts pod, String node) {
        unnominate(pod.key());
        NodeState state = nodes.get(node);
        if (state != null) {
            nominations.put(pod.key(), node);
            state.nominate(pod);
        }
    }

    synchronized void unnominate(ObjectKey pod) {
        String node = nominations.remove(pod);
        NodeState state = node == null ? null : nodes.get(node);
        if (state != null) {
            state.forget(pod);
        }
    }

    /// Runs a decision on a view that does not change meanwhile.
    synchronized <R> R decide(Function<View, R> decision) {
        return decision.apply(new View());
    }

    /// The cluster during one decision.
    final class View {

        /// All nodes, in an order that stays.
        List<NodeState> nodes() {
            return order;
        }

        @Nullable NodeState node(String name) {
            return nodes.get(name);
        }

        /// Where to begin to look, so that not always the same nodes are looked at first.
        int start() {
            return order.isEmpty() ? 0 : next % order.size();
        }

        void startNextAt(int index) {
            next = order.isEmpty() ? 0 : index % order.size();
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

        /// The pods of a tenant that like or need to be near others.
        List<Placed> attached(String tenant) {
            List<Placed> found = new ArrayList<>();
            add(attached.getOrDefault(tenant, Map.of()).values(), found);
            return found;
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
