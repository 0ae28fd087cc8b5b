package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.PreferredSchedulingTerm;
import io.fabric8.kubernetes.api.model.Taint;
import io.hypernetes.client.Placement;
import io.hypernetes.scheduler.Cluster.Placed;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Which of the nodes that can take a pod is the best: upstream's scores with upstream's weights, each from 0 to 100 before it is
/// weighted.
final class Scores {
    private static final double MOST = 100;
    private static final String ZONE = "topology.kubernetes.io/zone";

    private Scores() {}

    static double[] of(PodFacts pod, List<NodeState> nodes, Cluster.View view, PodTerm.Namespaces namespaces) {
        double[] total = new double[nodes.size()];
        add(total, 3, reversed(taints(pod, nodes)));
        add(total, 2, scaled(affinity(pod, nodes)));
        add(total, 2, spread(pod, nodes, view));
        add(total, 2, ranged(neighbours(pod, nodes, view, namespaces)));
        for (int i = 0; i < total.length; i++) {
            total[i] += room(pod, nodes.get(i)) + balance(pod, nodes.get(i));
        }
        return total;
    }

    private static void add(double[] total, double weight, double[] scores) {
        if (scores.length == 0) {
            return;
        }
        for (int i = 0; i < total.length; i++) {
            total[i] += weight * scores[i];
        }
    }

    /// How many taints it would rather not have; empty when no node has any.
    private static double[] taints(PodFacts pod, List<NodeState> nodes) {
        double[] counts = new double[nodes.size()];
        boolean any = false;
        for (int i = 0; i < counts.length; i++) {
            for (Taint taint : Placement.taints(nodes.get(i).node())) {
                if ("PreferNoSchedule".equals(taint.getEffect()) && !Placement.isTolerated(taint, pod.pod().getSpec().getTolerations())) {
                    counts[i]++;
                    any = true;
                }
            }
        }
        return any ? counts : new double[0];
    }

    private static double[] affinity(PodFacts pod, List<NodeState> nodes) {
        var affinity = pod.pod().getSpec().getAffinity();
        List<PreferredSchedulingTerm> preferred = affinity == null || affinity.getNodeAffinity() == null
                ? null : affinity.getNodeAffinity().getPreferredDuringSchedulingIgnoredDuringExecution();
        if (preferred == null || preferred.isEmpty()) {
            return new double[0];
        }
        double[] sums = new double[nodes.size()];
        for (int i = 0; i < sums.length; i++) {
            for (PreferredSchedulingTerm term : preferred) {
                if (term.getPreference() != null && Placement.matches(term.getPreference(), nodes.get(i).node())) {
                    sums[i] += term.getWeight() == null ? 1 : term.getWeight();
                }
            }
        }
        return sums;
    }

    /// Few pods of its kind where it goes: by the pod's own rules that are wishes, else by its controller, over nodes and zones.
    private static double[] spread(PodFacts pod, List<NodeState> nodes, Cluster.View view) {
        List<SpreadRule> wishes = pod.spread().stream().filter(rule -> !rule.required()).toList();
        double[] load = new double[nodes.size()];
        if (wishes.isEmpty()) {
            if (!pod.spread().isEmpty() || pod.controller().isEmpty()) {
                return new double[0];
            }
            Map<String, Integer> zones = view.zones(pod.controller());
            double nodeWeight = Math.log(nodes.size() + 2.0);
            double zoneWeight = Math.log(zones.size() + 2.0);
            for (int i = 0; i < load.length; i++) {
                String zone = nodes.get(i).labels().get(ZONE);
                load[i] = nodes.get(i).siblings(pod.controller()) * nodeWeight + 2
                        + (zone == null ? 0 : zones.getOrDefault(zone, 0) * zoneWeight + 4);
            }
            return falling(load);
        }
        for (SpreadRule rule : wishes) {
            Map<String, Integer> counts = view.tally(pod.key().tenant(), rule.question(pod, Set.of()));
            Set<String> parts = new HashSet<>();
            nodes.forEach(node -> parts.add(String.valueOf(node.labels().get(rule.topologyKey()))));
            for (int i = 0; i < load.length; i++) {
                String part = nodes.get(i).labels().get(rule.topologyKey());
                load[i] += part == null
                        ? Integer.MAX_VALUE
                        : counts.getOrDefault(part, 0) * Math.log(parts.size() + 2.0) + rule.maxSkew() - 1;
            }
        }
        return falling(load);
    }

    private static double[] falling(double[] load) {
        double most = Arrays.stream(load).max().orElse(0);
        double least = Arrays.stream(load).min().orElse(0);
        double[] scores = new double[load.length];
        for (int i = 0; i < load.length; i++) {
            scores[i] = most == 0 ? MOST : MOST * (most + least - load[i]) / most;
        }
        return scores;
    }

    /// Near to whom it likes, and where those like it who are there.
    private static double[] neighbours(PodFacts pod, List<NodeState> nodes, Cluster.View view, PodTerm.Namespaces namespaces) {
        String tenant = pod.key().tenant();
        Map<PodTerm, Map<String, Integer>> likers = view.likersByTerm(tenant).all();
        if (pod.preferred().isEmpty() && likers.isEmpty()) {
            return new double[0];
        }
        Map<String, Map<String, Double>> liking = new HashMap<>();
        for (PodTerm term : pod.preferred()) {
            if (Tallies.canKeep(term)) {
                view.tally(tenant, new Tallies.Question(term, Set.of(), true)).forEach((part, count) -> like(liking, term, part, (double) term.weight() * count));
                continue;
            }
            for (Placed other : view.pods(tenant, null)) {
                String part = other.node().labels().get(term.topologyKey());
                if (part != null && term.means(tenant, other.pod(), namespaces)) {
                    like(liking, term, part, term.weight());
                }
            }
        }
        likers.forEach((term, counts) -> {
            if (term.means(tenant, pod, namespaces)) {
                counts.forEach((part, count) -> like(liking, term, part, (double) term.weight() * count));
            }
        });
        if (liking.isEmpty()) {
            return new double[0];
        }
        double[] sums = new double[nodes.size()];
        for (int i = 0; i < sums.length; i++) {
            Map<String, String> labels = nodes.get(i).labels();
            for (Map.Entry<String, Map<String, Double>> parts : liking.entrySet()) {
                String part = labels.get(parts.getKey());
                sums[i] += part == null ? 0 : parts.getValue().getOrDefault(part, 0.0);
            }
        }
        return sums;
    }

    private static void like(Map<String, Map<String, Double>> liking, PodTerm term, String part, double weight) {
        liking.computeIfAbsent(term.topologyKey(), fresh -> new HashMap<>()).merge(part, weight, Double::sum);
    }

    private static double room(PodFacts pod, NodeState node) {
        return (left(node.room().cpuMillis(), node.usualCpuMillis() + pod.usualCpuMillis())
                + left(node.room().memory(), node.usualMemory() + pod.usualMemory())) / 2;
    }

    private static double left(long all, long taken) {
        return all == 0 || taken > all ? 0 : MOST * (all - taken) / all;
    }

    /// Cpu and memory used to the same part.
    private static double balance(PodFacts pod, NodeState node) {
        double cpu = share(node.room().cpuMillis(), node.usedCpuMillis() + pod.demand().cpuMillis());
        double memory = share(node.room().memory(), node.usedMemory() + pod.demand().memory());
        return MOST * (1 - Math.abs(cpu - memory) / 2);
    }

    private static double share(long all, long taken) {
        return all == 0 ? 1 : Math.min(1, (double) taken / all);
    }

    private static double[] scaled(double[] values) {
        double most = Arrays.stream(values).max().orElse(0);
        return most == 0 ? values : Arrays.stream(values).map(value -> MOST * value / most).toArray();
    }

    private static double[] reversed(double[] values) {
        double most = Arrays.stream(values).max().orElse(0);
        return Arrays.stream(values).map(value -> most == 0 ? MOST : MOST - MOST * value / most).toArray();
    }

    private static double[] ranged(double[] values) {
        double most = Arrays.stream(values).max().orElse(0);
        double least = Arrays.stream(values).min().orElse(0);
        return Arrays.stream(values).map(value -> most == least ? 0 : MOST * (value - least) / (most - least)).toArray();
    }
}
