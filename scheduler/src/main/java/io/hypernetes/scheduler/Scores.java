package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.Taint;
import io.hypernetes.client.NodeRule;
import io.hypernetes.client.Placement;
import io.hypernetes.scheduler.Cluster.Placed;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// Which of the nodes that can take a pod is the best: upstream's scores with upstream's weights, each from 0 to 100 before it is
/// weighted. There is none for images that a node has: nodes do not tell, since a tenant could read from its choices what others run.
final class Scores {
    private static final double MOST = 100;
    /// More of them are asked of all nodes at once: a pod may have as many as an object has room for.
    private static final int FEW_WISHES = 32;
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
        if (pod.likedNodes().isEmpty()) {
            return new double[0];
        }
        double[] sums = new double[nodes.size()];
        if (pod.likedNodes().size() <= FEW_WISHES) {
            for (int i = 0; i < sums.length; i++) {
                for (PodFacts.LikedNodes liked : pod.likedNodes()) {
                    if (liked.nodes().holds(nodes.get(i).node())) {
                        sums[i] += liked.weight();
                    }
                }
            }
            return sums;
        }
        NodeRule.Many many = new NodeRule.Many(
                nodes.stream().map(NodeState::node).toList(), pod.likedNodes().stream().map(PodFacts.LikedNodes::nodes).toList());
        for (PodFacts.LikedNodes liked : pod.likedNodes()) {
            liked.nodes().on(many).stream().forEach(i -> sums[i] += liked.weight());
        }
        return sums;
    }

    /// Few pods of its kind where it goes: by the pod's own rules that are wishes, else by its controller, over nodes and zones.
    private static double[] spread(PodFacts pod, List<NodeState> nodes, Cluster.View view) {
        if (!pod.spread().isEmpty()) {
            List<SpreadRule> wishes = pod.spread().stream().filter(rule -> !rule.required()).toList();
            return wishes.isEmpty() ? new double[0] : spread(pod, wishes, nodes, view);
        }
        if (pod.controller().isEmpty()) {
            return new double[0];
        }
        Map<String, Integer> counts = view.zones(pod.controller());
        Set<String> zones = new HashSet<>();
        nodes.forEach(node -> zones.add(String.valueOf(node.labels().get(ZONE))));
        double nodeWeight = Math.log(nodes.size() + 2.0);
        double zoneWeight = Math.log(zones.size() + 2.0);
        double[] load = new double[nodes.size()];
        for (int i = 0; i < load.length; i++) {
            String zone = nodes.get(i).labels().get(ZONE);
            load[i] = nodes.get(i).siblings(pod.controller()) * nodeWeight + 2
                    + (zone == null ? 0 : counts.getOrDefault(zone, 0) * zoneWeight + 4);
        }
        return falling(load);
    }

    private static double[] spread(PodFacts pod, List<SpreadRule> wishes, List<NodeState> nodes, Cluster.View view) {
        Set<String> keys = SpreadRule.keys(wishes);
        double[] load = new double[nodes.size()];
        for (SpreadRule rule : wishes) {
            Map<String, Integer> counts = PartCounts.of(pod, rule, keys, view).counts();
            Set<String> parts = new HashSet<>();
            nodes.stream().filter(node -> node.labels().keySet().containsAll(keys)).forEach(node -> parts.add(node.labels().get(rule.topologyKey())));
            double weight = Math.log(parts.size() + 2.0);
            for (int i = 0; i < load.length; i++) {
                load[i] += counts.getOrDefault(nodes.get(i).labels().get(rule.topologyKey()), 0) * weight + rule.maxSkew() - 1;
            }
        }
        // A node without one of the labels is in no part: it gets nothing and is no measure for the others.
        for (int i = 0; i < load.length; i++) {
            load[i] = nodes.get(i).labels().keySet().containsAll(keys) ? load[i] : Double.NaN;
        }
        return falling(load);
    }

    /// The more the less; 0 for what is not a number.
    private static double[] falling(double[] load) {
        double most = Arrays.stream(load).filter(each -> !Double.isNaN(each)).max().orElse(0);
        double least = Arrays.stream(load).filter(each -> !Double.isNaN(each)).min().orElse(0);
        double[] scores = new double[load.length];
        for (int i = 0; i < load.length; i++) {
            double score = most == 0 ? MOST : MOST * (most + least - load[i]) / most;
            scores[i] = Double.isNaN(load[i]) ? 0 : score;
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
        boolean many = pod.preferred().size() > FEW_WISHES;
        if (many) {
            like(liking, pod, view, namespaces);
        }
        for (PodTerm term : many ? List.<PodTerm>of() : pod.preferred()) {
            if (Tallies.canKeep(term)) {
                view.tally(tenant, new Tallies.Question(term, Set.of(), true)).forEach((part, count) -> like(liking, term.topologyKey(), part, (double) term.weight() * count));
                continue;
            }
            for (Placed other : view.pods(tenant, null)) {
                String part = other.node().labels().get(term.topologyKey());
                if (part != null && term.means(tenant, other.pod(), namespaces)) {
                    like(liking, term.topologyKey(), part, term.weight());
                }
            }
        }
        likers.forEach((term, counts) -> {
            if (term.means(tenant, pod, namespaces)) {
                counts.forEach((part, count) -> like(liking, term.topologyKey(), part, (double) term.weight() * count));
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

    /// What it wishes of the parts of the cluster, all pods asked at once for each wish; one topology label after the other, as there may be many.
    private static void like(Map<String, Map<String, Double>> liking, PodFacts pod, Cluster.View view, PodTerm.Namespaces namespaces) {
        List<PodTerm> wishes = view.onLabelsOfNodes(pod.preferred());
        List<Placed> others = view.pods(pod.key().tenant(), null);
        ManyPods pods = new ManyPods(pod.key().tenant(), others, wishes, namespaces);
        double[] ofPods = new double[others.size()];
        wishes.stream().collect(Collectors.groupingBy(PodTerm::topologyKey)).forEach((topologyKey, terms) -> {
            Arrays.fill(ofPods, 0);
            terms.forEach(term -> pods.meant(term).stream().forEach(i -> ofPods[i] += term.weight()));
            for (int i = 0; i < ofPods.length; i++) {
                String part = ofPods[i] == 0 ? null : others.get(i).node().labels().get(topologyKey);
                if (part != null) {
                    like(liking, topologyKey, part, ofPods[i]);
                }
            }
        });
    }

    private static void like(Map<String, Map<String, Double>> liking, String topologyKey, String part, double weight) {
        liking.computeIfAbsent(topologyKey, fresh -> new HashMap<>()).merge(part, weight, Double::sum);
    }

    private static double room(PodFacts pod, NodeState node) {
        return (left(node.room().cpuMillis(), node.usualCpuMillis() + pod.usualCpuMillis())
                + left(node.room().memory(), node.usualMemory() + pod.usualMemory())) / 2;
    }

    private static double left(long all, long taken) {
        return all == 0 || taken > all ? 0 : MOST * (all - taken) / all;
    }

    /// Cpu and memory used to the same part. A pod that asks for neither would change nothing, and all such pods would go to one node.
    private static double balance(PodFacts pod, NodeState node) {
        Demand asked = pod.demand();
        if (asked.cpuMillis() == 0 && asked.memory() == 0) {
            return 0;
        }
        Demand room = node.room();
        if (room.cpuMillis() == 0 || room.memory() == 0) {
            return MOST;
        }
        double cpu = Math.min(1, (double) (node.usedCpuMillis() + asked.cpuMillis()) / room.cpuMillis());
        double memory = Math.min(1, (double) (node.usedMemory() + asked.memory()) / room.memory());
        return MOST * (1 - Math.abs(cpu - memory) / 2);
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
