package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.Node;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Selectors;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/// One node with what its pods, bound or assumed, take of it. Not thread-safe: [Cluster] guards it.
final class NodeState {
    private Node node;
    private Map<String, String> labels;
    private Demand room;
    private final Map<ObjectKey, PodFacts> pods = new LinkedHashMap<>();
    private final Promises promises;
    private final Map<String, Integer> byController = new HashMap<>();
    private final Map<String, Long> usedMore = new HashMap<>();
    private long usedCpuMillis;
    private long usedMemory;
    private long usedEphemeral;
    private long usualCpuMillis;
    private long usualMemory;

    NodeState(Node node) {
        this(node, new Promises());
    }

    @SuppressWarnings("NullAway.Init") // update() sets the rest
    private NodeState(Node node, Promises promises) {
        this.promises = promises;
        update(node);
    }

    /// A copy on which other pods can be tried; the facts and what is promised are shared.
    NodeState copy() {
        NodeState copy = new NodeState(node, promises);
        pods.values().forEach(copy::add);
        return copy;
    }

    void update(Node now) {
        node = now;
        labels = Selectors.labelsOf(now);
        room = now.getStatus() == null ? Demand.NOTHING : Demand.of(now.getStatus().getAllocatable());
    }

    void add(PodFacts pod) {
        remove(pod.key());
        pods.put(pod.key(), pod);
        count(pod, 1);
    }

    void remove(ObjectKey key) {
        PodFacts pod = pods.remove(key);
        if (pod != null) {
            count(pod, -1);
        }
    }

    private void count(PodFacts pod, int sign) {
        usedCpuMillis += sign * pod.demand().cpuMillis();
        usedMemory += sign * pod.demand().memory();
        usedEphemeral += sign * pod.demand().ephemeral();
        usualCpuMillis += sign * pod.usualCpuMillis();
        usualMemory += sign * pod.usualMemory();
        pod.demand().more().forEach((name, amount) -> usedMore.merge(name, sign * amount, Long::sum));
        if (!pod.controller().isEmpty()) {
            byController.merge(pod.controller(), sign, (known, more) -> known + more == 0 ? null : known + more);
        }
    }

    /// Room that is kept for pods that are to come here.
    Promises promises() {
        return promises;
    }

    Node node() {
        return node;
    }

    String name() {
        return node.getMetadata().getName();
    }

    Map<String, String> labels() {
        return labels;
    }

    Collection<PodFacts> pods() {
        return pods.values();
    }

    Demand room() {
        return room;
    }

    long usedCpuMillis() {
        return usedCpuMillis;
    }

    long usedMemory() {
        return usedMemory;
    }

    long usedEphemeral() {
        return usedEphemeral;
    }

    long usedMore(String resource) {
        return usedMore.getOrDefault(resource, 0L);
    }

    /// As [#usedCpuMillis], with pods that ask for nothing counted as what they are taken to use.
    long usualCpuMillis() {
        return usualCpuMillis;
    }

    long usualMemory() {
        return usualMemory;
    }

    /// How many pods of a controller are here.
    int siblings(String controller) {
        return controller.isEmpty() ? 0 : byController.getOrDefault(controller, 0);
    }
}
