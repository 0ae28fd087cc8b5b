package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.Node;
import io.hypernetes.client.ObjectKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// The nodes and what is placed on them, kept current event by event. A pod is placed once: by its binding, or by an
/// assumption between the choice and the moment its binding is seen. Thread-safe.
final class Cluster {
    private record Placement(String node, Demand demand) {}

    private final Map<String, NodeState> nodes = new HashMap<>();
    private final Map<ObjectKey, Placement> placements = new HashMap<>();

    synchronized void node(Node node) {
        String name = node.getMetadata().getName();
        NodeState known = nodes.get(name);
        if (known != null) {
            known.update(node);
            return;
        }
        NodeState fresh = new NodeState(node);
        nodes.put(name, fresh);
        // Pods may be seen before their node.
        placements.forEach((pod, placement) -> {
            if (placement.node.equals(name)) {
                fresh.add(pod, placement.demand);
            }
        });
    }

    synchronized void nodeGone(String name) {
        nodes.remove(name);
    }

    synchronized void place(ObjectKey pod, String node, Demand demand) {
        release(pod);
        placements.put(pod, new Placement(node, demand));
        NodeState state = nodes.get(node);
        if (state != null) {
            state.add(pod, demand);
        }
    }

    /// The pod takes nothing any more: it ended, was deleted, or its binding failed.
    synchronized void release(ObjectKey pod) {
        Placement placement = placements.remove(pod);
        NodeState state = placement == null ? null : nodes.get(placement.node);
        if (state != null) {
            state.remove(pod);
        }
    }

    /// Runs a decision on a view that does not change meanwhile.
    synchronized <R> R decide(Function<List<NodeState>, R> decision) {
        return decision.apply(new ArrayList<>(nodes.values()));
    }
}
