package io.hypernetes.scheduler;

import io.hypernetes.client.ObjectKey;
import io.hypernetes.objects.selector.LabelSelector;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Finds pods of lower priority that could make way for one that fits nowhere.
///
/// Priorities are a tenant's own affair: a pod takes the place of pods of its own tenant only. Pods of the operator's tenant may take
/// anybody's, since what is physical has to run.
final class Preemption {
    private static final int MOST_CANDIDATES = 100;

    private final Budgets budgets;

    /// The disruption budgets of a namespace.
    interface Budgets {
        List<Budget> of(String tenant, String namespace);
    }

    /// @param allowed how many pods may be disrupted at the moment
    record Budget(ObjectKey key, LabelSelector selector, int allowed) {}

    /// @param node where the pod will have room; null when nothing helps
    /// @param victims who has to go for that
    record Result(@Nullable String node, List<PodFacts> victims, String message) {
        static Result none(String message) {
            return new Result(null, List.of(), message);
        }
    }

    /// @param violations how many of the victims no budget has room for
    private record Candidate(NodeState node, List<PodFacts> victims, int violations) {
        int highest() {
            return victims.getFirst().priority();
        }

        long sum() {
            return victims.stream().mapToLong(victim -> (long) victim.priority() - Integer.MIN_VALUE).sum();
        }

        String latestStart() {
            return victims.stream().filter(victim -> victim.priority() == highest()).map(Preemption::started).min(String::compareTo).orElse("");
        }
    }

    Preemption(Budgets budgets) {
        this.budgets = budgets;
    }

    Result search(PodFacts pod, Cluster.View view, VolumeRules volumes, PodTerm.Namespaces namespaces, List<Choice.Refusal> objections) {
        int nodes = view.nodes().size();
        if ("Never".equals(pod.pod().getSpec().getPreemptionPolicy())) {
            return Result.none("preemption: not eligible due to preemptionPolicy=Never.");
        }
        String nominated = pod.pod().getStatus() == null ? null : pod.pod().getStatus().getNominatedNodeName();
        NodeState earlier = nominated == null || nominated.isEmpty() ? null : view.node(nominated);
        if (earlier != null && earlier.pods().stream().anyMatch(other -> other.terminating() && other.priority() < pod.priority())) {
            return Result.none("preemption: not eligible due to a terminating pod on the nominated node.");
        }
        List<NodeState> hopeful = objections.stream().filter(refusal -> !refusal.objection().lasting()).map(Choice.Refusal::node).toList();
        int most = Math.max(MOST_CANDIDATES, nodes / 10);
        List<Candidate> candidates = new ArrayList<>();
        for (NodeState node : hopeful) {
            Candidate candidate = tryOn(pod, node, view, volumes, namespaces);
            if (candidate != null) {
                candidates.add(candidate);
                if (candidates.size() == most) {
                    break;
                }
            }
        }
        if (candidates.isEmpty()) {
            return Result.none(notHelpful(nodes, nodes - hopeful.size(), hopeful.size()));
        }
        Candidate best = candidates.stream().min(Comparator
                .comparingInt(Candidate::violations)
                .thenComparingInt(Candidate::highest)
                .thenComparingLong(Candidate::sum)
                .thenComparingInt(candidate -> candidate.victims.size())
                .thenComparing(Candidate::latestStart, Comparator.reverseOrder())).orElseThrow();
        return new Result(best.node.name(), best.victims, "");
    }

    /// The sentence for a search that found nobody.
    static String notHelpful(int nodes, int lasting, int tried) {
        List<String> parts = new ArrayList<>();
        if (tried > 0) {
            parts.add(tried + " No preemption victims found for incoming pod");
        }
        if (lasting > 0) {
            parts.add(lasting + " Preemption is not helpful for scheduling");
        }
        parts.sort(Comparator.naturalOrder());
        return "preemption: 0/" + nodes + " nodes are available: " + String.join(", ", parts) + ".";
    }

    private @Nullable Candidate tryOn(PodFacts pod, NodeState node, Cluster.View view, VolumeRules volumes, PodTerm.Namespaces namespaces) {
        NodeState trial = node.copy();
        List<PodFacts> lower = node.pods().stream().filter(other -> mayTakeThePlaceOf(pod, other)).toList();
        if (lower.isEmpty()) {
            return null;
        }
        Set<ObjectKey> gone = new HashSet<>();
        for (PodFacts other : lower) {
            trial.remove(other.key());
            gone.add(other.key());
        }
        if (!fits(pod, trial, view, volumes, namespaces, gone)) {
            return null;
        }
        // The most important ones stay if they can; first of those whose going no budget allows.
        Map<ObjectKey, Integer> left = new HashMap<>();
        List<PodFacts> protectedOnes = new ArrayList<>();
        List<PodFacts> others = new ArrayList<>();
        for (PodFacts other : lower.stream().sorted(MORE_IMPORTANT).toList()) {
            (isProtected(other, left) ? protectedOnes : others).add(other);
        }
        List<PodFacts> victims = new ArrayList<>();
        int violations = 0;
        for (PodFacts other : protectedOnes) {
            if (!stays(other, pod, trial, view, volumes, namespaces, gone)) {
                victims.add(other);
                violations++;
            }
        }
        for (PodFacts other : others) {
            if (!stays(other, pod, trial, view, volumes, namespaces, gone)) {
                victims.add(other);
            }
        }
        victims.sort(MORE_IMPORTANT);
        return victims.isEmpty() ? null : new Candidate(node, victims, violations);
    }

    private boolean stays(PodFacts other, PodFacts pod, NodeState trial, Cluster.View view, VolumeRules volumes, PodTerm.Namespaces namespaces, Set<ObjectKey> gone) {
        trial.add(other);
        gone.remove(other.key());
        if (fits(pod, trial, view, volumes, namespaces, gone)) {
            return true;
        }
        trial.remove(other.key());
        gone.add(other.key());
        return false;
    }

    private static boolean fits(PodFacts pod, NodeState trial, Cluster.View view, VolumeRules volumes, PodTerm.Namespaces namespaces, Set<ObjectKey> gone) {
        return Filters.objection(pod, PodRules.of(pod, view, namespaces, gone), volumes, trial) == null;
    }

    private static boolean mayTakeThePlaceOf(PodFacts pod, PodFacts other) {
        return other.priority() < pod.priority()
                && (pod.key().tenant().equals(other.key().tenant()) || pod.key().tenant().equals(ObjectKey.ROOT));
    }

    private boolean isProtected(PodFacts pod, Map<ObjectKey, Integer> left) {
        boolean violates = false;
        for (Budget budget : budgets.of(pod.key().tenant(), pod.key().namespace())) {
            if (budget.selector().matches(pod.labels())) {
                violates |= left.merge(budget.key(), budget.allowed() - 1, (known, fresh) -> known - 1) < 0;
            }
        }
        return violates;
    }

    private static final Comparator<PodFacts> MORE_IMPORTANT = Comparator
            .<PodFacts>comparingInt(pod -> -pod.priority())
            .thenComparing(Preemption::started);

    private static String started(PodFacts pod) {
        String started = pod.pod().getStatus() == null ? null : pod.pod().getStatus().getStartTime();
        return started == null ? "9" : started;
    }
}
