package io.hypernetes.scheduler;

import io.hypernetes.client.Placement;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;

/// What the scheduler decided for one pod.
sealed interface Choice {

    /// The pod goes to this node.
    record Fits(String node) implements Choice {}

    /// No node can take it.
    ///
    /// @param message what the user reads
    /// @param makeWay who could go, so that it can; nobody, when nothing would help
    record FitsNowhere(String message, Preemption.Result makeWay) implements Choice {}

    /// A node that cannot take the pod.
    record Refusal(NodeState node, Objection objection) {}

    /// Filters and scores nodes. In a large cluster only a part of the nodes that would do is compared, each time another one. Ties are
    /// broken at random, so that equal nodes fill evenly.
    static Choice of(PodFacts pod, Cluster.View view, VolumeRules volumes, PodTerm.Namespaces namespaces, Preemption preemption, RandomGenerator random) {
        int all = view.nodes().size();
        if (all == 0) {
            return new FitsNowhere("no nodes available to schedule pods", Preemption.Result.NOT_ASKED);
        }
        Set<String> named = Placement.named(pod.pod().getSpec());
        Optional<String> blocked = named != null && named.isEmpty() ? Optional.of("pod affinity terms conflict") : volumes.blocks(pod);
        if (blocked.isPresent()) {
            return nowhere(Reasons.sentence(all, blocked.get()), preemption.search(pod, view, volumes.of(pod), namespaces, List.of()));
        }
        VolumeRules.Reach reach = volumes.of(pod);
        List<NodeState> nodes = named == null ? view.nodes() : named.stream().map(view::node).filter(Objects::nonNull).toList();
        pod.nodes().ask(nodes.stream().map(NodeState::node).toList());
        PodRules rules = PodRules.of(pod, view, namespaces);
        int enough = enough(nodes.size());
        int start = named == null ? view.start() : 0;
        List<NodeState> fitting = new ArrayList<>();
        List<Refusal> objections = new ArrayList<>();
        int looked = 0;
        for (; looked < nodes.size() && fitting.size() < enough; looked++) {
            NodeState node = nodes.get((start + looked) % nodes.size());
            Objection objection = Filters.objection(pod, rules, reach, node);
            if (objection == null) {
                fitting.add(node);
            } else {
                objections.add(new Refusal(node, objection));
            }
        }
        if (named == null) {
            view.startNextAt(start + looked);
        }
        if (fitting.isEmpty()) {
            Reasons reasons = new Reasons();
            objections.forEach(refusal -> reasons.add(refusal.objection()));
            reasons.add("node(s) didn't satisfy plugin(s) [NodeAffinity]", all - nodes.size());
            return nowhere(reasons.sentence(all), preemption.search(pod, view, reach, namespaces, objections));
        }
        return new Fits(best(fitting, fitting.size() == 1 ? new double[1] : Scores.of(pod, fitting, view, namespaces), random).name());
    }

    private static Choice nowhere(String why, Preemption.Result makeWay) {
        return new FitsNowhere(makeWay.message().isEmpty() ? why : why + " " + makeWay.message(), makeWay);
    }

    private static NodeState best(List<NodeState> fitting, double[] scores, RandomGenerator random) {
        int best = 0;
        int equal = 1;
        for (int i = 1; i < scores.length; i++) {
            if (scores[i] > scores[best]) {
                best = i;
                equal = 1;
            } else if (scores[i] == scores[best] && random.nextInt(++equal) == 0) {
                best = i;
            }
        }
        return fitting.get(best);
    }

    /// How many fitting nodes are enough to choose from: all of up to a hundred, then a share that falls from a half to a twentieth.
    static int enough(int nodes) {
        if (nodes <= 100) {
            return nodes;
        }
        int percent = Math.max(5, 50 - nodes / 125);
        return Math.max(100, nodes * percent / 100);
    }
}
