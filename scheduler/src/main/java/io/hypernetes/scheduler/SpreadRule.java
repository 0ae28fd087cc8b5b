package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.TopologySpreadConstraint;
import io.hypernetes.client.Selectors;
import io.hypernetes.objects.selector.LabelSelector;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// How evenly the pods that a selector finds are to be spread over the parts of the cluster.
///
/// @param required whether a node that would make it too uneven is out of the question
/// @param minDomains how many parts there must be before the emptiest counts
/// @param honorAffinity whether only nodes count that the pod's node affinity selects
/// @param honorTaints whether only nodes count whose taints the pod tolerates
record SpreadRule(
        String topologyKey, int maxSkew, boolean required, Optional<LabelSelector> selector, int minDomains, boolean honorAffinity, boolean honorTaints) {

    static List<SpreadRule> of(Pod pod) {
        List<SpreadRule> rules = new ArrayList<>();
        if (pod.getSpec().getTopologySpreadConstraints() == null) {
            return rules;
        }
        Map<String, String> labels = Selectors.labelsOf(pod);
        for (TopologySpreadConstraint constraint : pod.getSpec().getTopologySpreadConstraints()) {
            rules.add(new SpreadRule(
                    String.valueOf(constraint.getTopologyKey()),
                    constraint.getMaxSkew() == null ? 1 : constraint.getMaxSkew(),
                    !"ScheduleAnyway".equals(constraint.getWhenUnsatisfiable()),
                    Selectors.of(constraint.getLabelSelector())
                            .map(given -> PodTerm.with(given, constraint.getMatchLabelKeys(), labels, LabelSelector.Operator.IN)),
                    constraint.getMinDomains() == null ? 1 : constraint.getMinDomains(),
                    !"Ignore".equals(constraint.getNodeAffinityPolicy()),
                    "Honor".equals(constraint.getNodeTaintsPolicy())));
        }
        return rules;
    }

    boolean counts(PodFacts pod, PodFacts other) {
        return other.key().tenant().equals(pod.key().tenant())
                && other.key().namespace().equals(pod.key().namespace())
                && !other.terminating()
                && selector.filter(labels -> labels.matches(other.labels())).isPresent();
    }

    /// The question of which [#counts] decides for each pod.
    ///
    /// @param labelled only pods on nodes with all these labels count
    Tallies.Question question(PodFacts pod, Set<String> labelled) {
        return new Tallies.Question(new PodTerm(topologyKey, selector, Set.of(pod.key().namespace()), Optional.empty(), 0), labelled, false);
    }

    /// The topology keys of some rules.
    static Set<String> keys(Collection<SpreadRule> rules) {
        return rules.stream().map(SpreadRule::topologyKey).collect(Collectors.toSet());
    }

    boolean countsItself(PodFacts pod) {
        return selector.filter(labels -> labels.matches(pod.labels())).isPresent();
    }
}
