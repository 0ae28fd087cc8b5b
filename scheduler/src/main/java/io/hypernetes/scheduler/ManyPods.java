package io.hypernetes.scheduler;

import io.hypernetes.client.LabelSets;
import io.hypernetes.objects.selector.LabelSelector.Requirement;
import io.hypernetes.scheduler.Cluster.Placed;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The placed pods of one tenant, to be asked thousands of terms at once: which of them each term means, by their number.
final class ManyPods {
    private static final String NAMESPACE = "namespace";

    private final String tenant;
    private final PodTerm.Namespaces known;
    private final List<Placed> pods;
    private final Collection<PodTerm> terms;
    private final LabelSets labels;
    private final LabelSets namespaces;

    /// @param terms all that will be asked
    ManyPods(String tenant, List<Placed> pods, Collection<PodTerm> terms, PodTerm.Namespaces known) {
        this.tenant = tenant;
        this.known = known;
        this.pods = pods;
        this.terms = terms;
        Set<String> keys = new HashSet<>();
        terms.forEach(term -> term.selector().ifPresent(selector -> selector.requirements().forEach(want -> keys.add(want.key()))));
        labels = new LabelSets(pods.stream().map(placed -> placed.pod().labels()).toList(), keys);
        namespaces = new LabelSets(pods.stream().map(placed -> Map.of(NAMESPACE, placed.pod().key().namespace())).toList(), Set.of(NAMESPACE));
    }

    /// Those that all terms mean.
    BitSet meantByAll() {
        BitSet found = labels.all();
        terms.forEach(term -> found.and(meant(term)));
        return found;
    }

    /// By topology label: those that any term with that label means.
    Map<String, BitSet> meantByAny() {
        Map<String, BitSet> found = new HashMap<>();
        terms.forEach(term -> found.computeIfAbsent(term.topologyKey(), fresh -> new BitSet()).or(meant(term)));
        return found;
    }

    /// How many of some pods are in each part of the cluster.
    Map<String, Integer> parts(String topologyKey, BitSet those) {
        Map<String, Integer> parts = new HashMap<>();
        those.stream().forEach(i -> {
            String part = pods.get(i).node().labels().get(topologyKey);
            if (part != null) {
                parts.merge(part, 1, Integer::sum);
            }
        });
        return parts;
    }

    /// Those that a term means, as [PodTerm#means] says.
    BitSet meant(PodTerm term) {
        if (term.selector().isEmpty()) {
            return new BitSet();
        }
        BitSet found = inNamespaces(term);
        for (Requirement want : term.selector().get().requirements()) {
            found.and(switch (want.operator()) {
                case IN -> labels.in(want.key(), want.values());
                case NOT_IN -> labels.without(labels.in(want.key(), want.values()));
                case EXISTS -> labels.having(want.key());
                case NOT_EXISTS -> labels.without(labels.having(want.key()));
                // Objects have no such operators.
                case GREATER, LESS -> new BitSet();
            });
        }
        return found;
    }

    private BitSet inNamespaces(PodTerm term) {
        Set<String> meant = new HashSet<>(term.namespaces());
        term.namespaceSelector().ifPresent(selector -> namespaces.values(NAMESPACE).stream()
                .filter(namespace -> selector.isEverything() || selector.matches(known.labels(tenant, namespace)))
                .forEach(meant::add));
        return namespaces.in(NAMESPACE, meant);
    }
}
