package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.Node;
import io.hypernetes.client.ObjectKey;
import java.util.HashMap;
import java.util.Map;

/// One node with what its pods, bound or assumed, take of it. Not thread-safe: [Cluster] guards it.
final class NodeState {
    private Node node;
    private Demand allocatable;
    private final Map<ObjectKey, Demand> pods = new HashMap<>();
    private final Map<String, Long> used = new HashMap<>();

    NodeState(Node node) {
        this.node = node;
        this.allocatable = allocatable(node);
    }

    void update(Node now) {
        node = now;
        allocatable = allocatable(now);
    }

    void add(ObjectKey pod, Demand demand) {
        remove(pod);
        pods.put(pod, demand);
        demand.amounts().forEach((name, amount) -> used.merge(name, amount, Long::sum));
    }

    void remove(ObjectKey pod) {
        Demand demand = pods.remove(pod);
        if (demand != null) {
            demand.amounts().forEach((name, amount) -> used.merge(name, -amount, Long::sum));
        }
    }

    Node node() {
        return node;
    }

    String name() {
        return node.getMetadata().getName();
    }

    long allocatable(String resource) {
        return allocatable.of(resource);
    }

    long used(String resource) {
        return used.getOrDefault(resource, 0L);
    }

    /// How many pods of the same namespace of the same tenant are here.
    int neighbours(ObjectKey pod) {
        int count = 0;
        for (ObjectKey other : pods.keySet()) {
            if (other.tenant().equals(pod.tenant()) && other.namespace().equals(pod.namespace())) {
                count++;
            }
        }
        return count;
    }

    private static Demand allocatable(Node node) {
        return node.getStatus() == null ? Demand.NOTHING : Demand.of(node.getStatus().getAllocatable());
    }
}
