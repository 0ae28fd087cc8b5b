package io.hypernetes.scheduler;

import io.hypernetes.client.LabelSets;
import io.hypernetes.objects.selector.LabelSelector.Requirement;
import io.hypernetes.scheduler.Cluster.Placed;
import java.util.BitSet;
import java.util.List;
import java.util.Map;

/// The placed pods of one tenant, to be asked thousands of terms at once: which of them each term means, by their number.
final class ManyPods {
    private static final String NAMESPACE = "namespace";

    private final String tenant;
    private final PodTerm.Namespaces known;
    private final List<Placed> pods;
    private final LabelSets labels;
    private final LabelSets namespaces;

    ManyPods(String tenant, List<Placed> pods, PodTerm.Namespaces known) {
        this.tenant = tenant;
        this.known = known;
        this.pods = pods;
        labels = new LabelSets(pods.stream().map(placed -> placed.pod().labels()).toList());
        namespaces = new LabelSets(pods.stream().map(placed -> Map.of(NAMESPACE, placed.pod().key().namespace())).toList());
    }

    Placed get(int number) {
        return pods.get(number);
    }

    BitSet all() {
        return labels.all();
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
        BitSet found = namespaces.in(NAMESPACE, term.namespaces());
        term.namespaceSelector().ifPresent(selector -> namespaces.values(NAMESPACE).forEach((namespace, those) -> {
            if (selector.isEverything() || selector.matches(known.labels(tenant, namespace))) {
                found.or(those);
            }
        }));
        return found;
    }
}
