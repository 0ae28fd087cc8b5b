package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Toleration;
import io.hypernetes.client.ObjectKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/// What the scheduler decided for one pod.
sealed interface Choice {

    /// The pod goes to this node.
    record Fits(String node) implements Choice {}

    /// No node can take it; the message is what the user reads.
    record FitsNowhere(String message) implements Choice {}

    /// Filters and scores all nodes. Ties are broken at random, so that equal nodes fill evenly.
    static Choice of(ObjectKey key, Pod pod, Demand demand, List<NodeState> nodes, RandomGenerator random) {
        if (nodes.isEmpty()) {
            return new FitsNowhere("no nodes available to schedule pods");
        }
        Map<String, Integer> reasons = new TreeMap<>();
        List<NodeState> fitting = new ArrayList<>();
        for (NodeState node : nodes) {
            List<String> objections = Filters.objections(pod, demand, node);
            if (objections.isEmpty()) {
                fitting.add(node);
            }
            objections.forEach(reason -> reasons.merge(reason, 1, Integer::sum));
        }
        if (fitting.isEmpty()) {
            String why = reasons.entrySet().stream()
                    .map(reason -> reason.getValue() + " " + reason.getKey())
                    .sorted()
                    .collect(Collectors.joining(", "));
            return new FitsNowhere("0/" + nodes.size() + " nodes are available: " + why + ".");
        }
        NodeState best = fitting.getFirst();
        double bestScore = Double.NEGATIVE_INFINITY;
        for (NodeState node : fitting) {
            double score = score(key, pod, demand, node) + random.nextDouble(0.01);
            if (score > bestScore) {
                best = node;
                bestScore = score;
            }
        }
        return new Fits(best.name());
    }

    /// 0 to about 300: free room, even use of cpu and memory, few neighbours of the same namespace, few disliked taints.
    private static double score(ObjectKey key, Pod pod, Demand demand, NodeState node) {
        // A pod that asks for nothing still uses something; without this all such pods would look free.
        double cpu = share(node, Demand.CPU, Math.max(demand.of(Demand.CPU), 100));
        double memory = share(node, Demand.MEMORY, Math.max(demand.of(Demand.MEMORY), 200L << 20));
        double room = 100 * (1 - (cpu + memory) / 2);
        double balance = 100 * (1 - Math.abs(cpu - memory));
        double spread = 50.0 / (1 + node.neighbours(key));
        List<Toleration> tolerations = pod.getSpec().getTolerations() == null ? List.of() : pod.getSpec().getTolerations();
        long disliked = Filters.taints(node.node()).stream()
                .filter(taint -> "PreferNoSchedule".equals(taint.getEffect()) && !Filters.tolerated(taint, tolerations))
                .count();
        return room + balance + spread - 100.0 * disliked;
    }

    private static double share(NodeState node, String resource, long more) {
        long all = node.allocatable(resource);
        return all <= 0 ? 1 : Math.min(1, (double) (node.used(resource) + more) / all);
    }
}
