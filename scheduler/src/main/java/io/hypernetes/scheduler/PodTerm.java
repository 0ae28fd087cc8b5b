package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.PodAffinityTerm;
import io.hypernetes.client.Selectors;
import io.hypernetes.objects.selector.LabelSelector;
import io.hypernetes.objects.selector.LabelSelector.Operator;
import io.hypernetes.objects.selector.LabelSelector.Requirement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Which pods a term of an affinity or anti-affinity means, and within which part of the cluster. Only pods of the same tenant are ever
/// meant.
///
/// @param selector empty selects nothing
/// @param namespaces by name
/// @param namespaceSelector further namespaces by their labels
/// @param weight of a preference
record PodTerm(
        String topologyKey, Optional<LabelSelector> selector, Set<String> namespaces, Optional<LabelSelector> namespaceSelector, int weight) {

    /// Labels of a namespace of a tenant; empty when nobody knows it.
    interface Namespaces {
        Map<String, String> labels(String tenant, String namespace);
    }

    static PodTerm of(PodAffinityTerm term, String ownNamespace, Map<String, String> ownLabels, int weight) {
        List<String> named = term.getNamespaces() == null ? List.of() : term.getNamespaces();
        Optional<LabelSelector> byLabels = Selectors.of(term.getNamespaceSelector());
        Set<String> namespaces = named.isEmpty() && byLabels.isEmpty() ? Set.of(ownNamespace) : Set.copyOf(named);
        Optional<LabelSelector> selector = Selectors.of(term.getLabelSelector())
                .map(given -> with(with(given, term.getMatchLabelKeys(), ownLabels, Operator.IN), term.getMismatchLabelKeys(), ownLabels, Operator.NOT_IN));
        return new PodTerm(String.valueOf(term.getTopologyKey()), selector, namespaces, byLabels, weight);
    }

    /// The selector with a condition for each of the given keys that the pod itself has. The API server merged them when the pod was made, by the labels that it
    /// had then, and those stand; only a pod that was stored before that was done lacks them.
    static LabelSelector with(LabelSelector given, @Nullable List<String> keys, Map<String, String> labels, Operator operator) {
        if (keys == null || keys.isEmpty()) {
            return given;
        }
        List<Requirement> requirements = new ArrayList<>(given.requirements());
        for (String key : keys) {
            String value = labels.get(key);
            if (value != null && given.requirements().stream().noneMatch(has -> has.key().equals(key) && has.operator() == operator)) {
                requirements.add(new Requirement(key, operator, List.of(value)));
            }
        }
        return new LabelSelector(requirements);
    }

    /// Whether it means a pod, for a pod of the given tenant.
    boolean means(String tenant, PodFacts other, Namespaces known) {
        if (!tenant.equals(other.key().tenant()) || selector.isEmpty() || !selector.get().matches(other.labels())) {
            return false;
        }
        String namespace = other.key().namespace();
        return namespaces.contains(namespace)
                || namespaceSelector.filter(labels -> labels.isEverything() || labels.matches(known.labels(tenant, namespace))).isPresent();
    }
}
