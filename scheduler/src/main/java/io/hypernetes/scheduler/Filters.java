package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import io.hypernetes.client.Placement;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Which nodes can take a pod, and the words for those that cannot. Stateless.
final class Filters {
    private static final Taint UNSCHEDULABLE = new Taint("NoSchedule", "node.kubernetes.io/unschedulable", null, null);

    private static final Objection CORDONED = Objection.lasting("node(s) were unschedulable");
    private static final Objection OTHER_NAME = Objection.lasting("node(s) didn't match the requested node name");
    private static final Objection NOT_SELECTED = Objection.lasting("node(s) didn't match Pod's node affinity/selector");

    /// What the pods that are placed have against a node.
    interface Neighbours {
        @Nullable Objection objection(NodeState node);
    }

    private Filters() {}

    /// Why the node cannot take the pod: null when it can. The first filter that objects ends the search, as its
    /// reasons are the ones that a user must act on; only those of resources and volumes may give several.
    static @Nullable Objection objection(PodFacts pod, Neighbours rules, VolumeRules.Reach volumes, NodeState state) {
        Node node = state.node();
        List<Toleration> tolerations = pod.pod().getSpec().getTolerations();
        if (node.getSpec() != null && Boolean.TRUE.equals(node.getSpec().getUnschedulable())
                && !Placement.isTolerated(UNSCHEDULABLE, tolerations)) {
            return CORDONED;
        }
        String named = pod.pod().getSpec().getNodeName();
        if (named != null && !named.isEmpty() && !named.equals(state.name())) {
            return OTHER_NAME;
        }
        if (!Placement.taints(node).isEmpty()) {
            Taint taint = Placement.untolerated(node, tolerations, "NoSchedule", "NoExecute");
            if (taint != null) {
                String value = taint.getValue() == null ? "" : taint.getValue();
                return Objection.lasting("node(s) had untolerated taint {" + taint.getKey() + ": " + value + "}");
            }
        }
        if (!pod.nodes().holds(node)) {
            return NOT_SELECTED;
        }
        if (!pod.ports().isEmpty() && collides(pod, state)) {
            return Objection.passing("node(s) didn't have free ports for the requested pod ports");
        }
        List<String> lacking = lacking(pod, state);
        if (!lacking.isEmpty()) {
            return new Objection(lacking, lacks(pod.demand(), state));
        }
        Objection unreachable = volumes.objection(node);
        if (unreachable != null) {
            return unreachable;
        }
        return rules.objection(state);
    }

    private static boolean collides(PodFacts pod, NodeState state) {
        return state.pods().stream().anyMatch(other -> collide(pod, other)) || state.promises().collide(pod);
    }

    private static boolean collide(PodFacts pod, PodFacts other) {
        return other.ports().stream().anyMatch(taken -> pod.ports().stream().anyMatch(taken::collides));
    }

    /// Resources of which the node has too little left, in the order in which upstream names them. Room that is kept from the pod counts as taken.
    private static List<String> lacking(PodFacts pod, NodeState state) {
        Demand asked = pod.demand();
        Demand room = state.room();
        Demand kept = state.promises().keptFrom(pod);
        long cpu = state.usedCpuMillis() + kept.cpuMillis();
        long memory = state.usedMemory() + kept.memory();
        long ephemeral = state.usedEphemeral() + kept.ephemeral();
        long pods = state.pods().size() + kept.pods();
        boolean fits = pods + 1 <= room.pods()
                && asked.cpuMillis() <= room.cpuMillis() - cpu
                && asked.memory() <= room.memory() - memory
                && asked.ephemeral() <= room.ephemeral() - ephemeral
                && asked.more().isEmpty();
        if (fits) {
            return List.of();
        }
        List<String> lacking = new ArrayList<>();
        if (pods + 1 > room.pods()) {
            lacking.add("Too many pods");
        }
        if (asked.cpuMillis() > 0 && asked.cpuMillis() > room.cpuMillis() - cpu) {
            lacking.add("Insufficient " + Demand.CPU);
        }
        if (asked.memory() > 0 && asked.memory() > room.memory() - memory) {
            lacking.add("Insufficient " + Demand.MEMORY);
        }
        if (asked.ephemeral() > 0 && asked.ephemeral() > room.ephemeral() - ephemeral) {
            lacking.add("Insufficient " + Demand.EPHEMERAL);
        }
        new TreeMap<>(asked.more()).forEach((name, amount) -> {
            if (amount > room.more().getOrDefault(name, 0L) - state.usedMore(name) - kept.more().getOrDefault(name, 0L)) {
                lacking.add("Insufficient " + name);
            }
        });
        return lacking;
    }

    /// Whether even the empty node would be too small. One that takes no pods at all counts as full, as with upstream.
    private static boolean lacks(Demand asked, NodeState state) {
        Demand room = state.room();
        return asked.cpuMillis() > room.cpuMillis() || asked.memory() > room.memory() || asked.ephemeral() > room.ephemeral()
                || asked.more().entrySet().stream().anyMatch(more -> more.getValue() > room.more().getOrDefault(more.getKey(), 0L));
    }
}
