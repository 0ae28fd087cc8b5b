package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetStatus;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Selectors;
import io.hypernetes.objects.selector.LabelSelector;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Finds pods of lower priority that could make way for one that fits nowhere.
///
/// Priorities are a tenant's own affair: a pod takes the place of pods of its own tenant only. Pods of the operator's tenant may take
/// anybody's, since what is physical has to run.
final class Preemption {
    private static final int MOST_CANDIDATES = 100;
    private static final Trial NOBODY = new InVain(Objection.passing("No preemption victims found for incoming pod"));

    private final Budgets budgets;

    /// The disruption budgets of a namespace.
    interface Budgets {
        List<Budget> of(String tenant, String namespace);
    }

    /// @param allowed how many pods may be disrupted at the moment
    /// @param noted the names of pods that are about to go, with which `allowed` is counted already
    record Budget(ObjectKey key, LabelSelector selector, int allowed, Set<String> noted) {

        /// Empty for a budget that covers nothing.
        static Optional<Budget> of(PodDisruptionBudget budget) {
            PodDisruptionBudgetStatus status = budget.getStatus();
            int allowed = status == null || status.getDisruptionsAllowed() == null ? 0 : status.getDisruptionsAllowed();
            Set<String> noted = status == null || status.getDisruptedPods() == null ? Set.of() : status.getDisruptedPods().keySet();
            return Selectors.of(budget.getSpec().getSelector()).map(selector -> new Budget(ObjectKey.of(budget), selector, allowed, noted));
        }
    }

    /// @param node where the pod will have room; empty when nothing helps, null when it may not ask, so that what was promised to it before stays
    /// @param victims who has to go for that
    /// @param message the second half of what the user reads; empty when others make way
    record Result(@Nullable String node, List<PodFacts> victims, String message) {
        static final Result NOT_ASKED = notEligible("");

        static Result notEligible(String message) {
            return new Result(null, List.of(), message);
        }
    }

    /// What taking pods from one node would bring.
    private sealed interface Trial {}

    private record InVain(Objection why) implements Trial {}

    /// @param violations how many of the victims no budget has room for
    private record Candidate(NodeState node, List<PodFacts> victims, int violations) implements Trial {
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

    Result search(PodFacts pod, Cluster.View view, VolumeRules.Reach volumes, PodTerm.Namespaces namespaces, List<Choice.Refusal> objections) {
        int nodes = view.nodes().size();
        if ("Never".equals(pod.pod().getSpec().getPreemptionPolicy())) {
            return Result.notEligible("preemption: not eligible due to preemptionPolicy=Never.");
        }
        List<NodeState> hopeful = objections.stream().filter(refusal -> !refusal.objection().lasting()).map(Choice.Refusal::node).toList();
        String nominated = pod.pod().getStatus() == null ? null : pod.pod().getStatus().getNominatedNodeName();
        if (hopeful.stream().anyMatch(node -> node.name().equals(nominated) && isMadeFree(node, pod))) {
            return Result.notEligible("preemption: not eligible due to a terminating pod on the nominated node.");
        }
        int most = Math.max(MOST_CANDIDATES, nodes / 10);
        Trials trials = new Trials(pod, view, volumes, namespaces);
        List<Candidate> candidates = new ArrayList<>();
        Reasons reasons = new Reasons();
        for (NodeState node : hopeful) {
            switch (trials.on(node)) {
                case Candidate candidate -> candidates.add(candidate);
                case InVain(Objection why) -> reasons.add(why);
            }
            if (candidates.size() == most) {
                break;
            }
        }
        if (candidates.isEmpty()) {
            reasons.add("Preemption is not helpful for scheduling", nodes - hopeful.size());
            return new Result("", List.of(), "preemption: " + reasons.sentence(nodes));
        }
        Candidate best = candidates.stream().min(Comparator
                .comparingInt(Candidate::violations)
                .thenComparingInt(Candidate::highest)
                .thenComparingLong(Candidate::sum)
                .thenComparingInt(candidate -> candidate.victims.size())
                .thenComparing(Candidate::latestStart, Comparator.reverseOrder())).orElseThrow();
        return new Result(best.node.name(), best.victims, "");
    }

    /// Whether pods already make way for this one.
    private static boolean isMadeFree(NodeState node, PodFacts pod) {
        return node.pods().stream().anyMatch(other -> mayTakeThePlaceOf(pod, other) && other.terminating() && PodVerdicts.isPreempted(other.pod()));
    }

    /// Those of one search.
    private final class Trials {
        private final PodFacts pod;
        private final Cluster.View view;
        private final VolumeRules.Reach volumes;
        private final PodTerm.Namespaces namespaces;
        /// Made when a node has anybody whose place could be taken, as most have nobody.
        private @Nullable TrialRules rules;

        Trials(PodFacts pod, Cluster.View view, VolumeRules.Reach volumes, PodTerm.Namespaces namespaces) {
            this.pod = pod;
            this.view = view;
            this.volumes = volumes;
            this.namespaces = namespaces;
        }

        Trial on(NodeState node) {
            List<PodFacts> lower = node.pods().stream().filter(other -> mayTakeThePlaceOf(pod, other)).toList();
            if (lower.isEmpty()) {
                return NOBODY;
            }
            NodeState trial = node.copy();
            TrialRules.OnNode neighbours = rules().on(node);
            for (PodFacts other : lower) {
                trial.remove(other.key());
                neighbours.goes(other);
            }
            Objection still = objection(trial, neighbours);
            if (still != null) {
                return new InVain(still);
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
                if (!stays(other, trial, neighbours)) {
                    victims.add(other);
                    violations++;
                }
            }
            for (PodFacts other : others) {
                if (!stays(other, trial, neighbours)) {
                    victims.add(other);
                }
            }
            victims.sort(MORE_IMPORTANT);
            return victims.isEmpty() ? NOBODY : new Candidate(node, victims, violations);
        }

        private TrialRules rules() {
            TrialRules made = rules;
            if (made == null) {
                made = new TrialRules(pod, view, namespaces);
                rules = made;
            }
            return made;
        }

        private boolean stays(PodFacts other, NodeState trial, TrialRules.OnNode neighbours) {
            trial.add(other);
            neighbours.comesBack(other);
            if (objection(trial, neighbours) == null) {
                return true;
            }
            trial.remove(other.key());
            neighbours.goes(other);
            return false;
        }

        private @Nullable Objection objection(NodeState trial, TrialRules.OnNode neighbours) {
            return Filters.objection(pod, same -> neighbours.objection(), volumes, trial);
        }
    }

    static boolean mayTakeThePlaceOf(PodFacts pod, PodFacts other) {
        return other.priority() < pod.priority()
                && (pod.key().tenant().equals(other.key().tenant()) || pod.key().tenant().equals(ObjectKey.ROOT));
    }

    private boolean isProtected(PodFacts pod, Map<ObjectKey, Integer> left) {
        boolean violates = false;
        for (Budget budget : budgets.of(pod.key().tenant(), pod.key().namespace())) {
            if (!budget.noted().contains(pod.key().name()) && budget.selector().matches(pod.labels())) {
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
