package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeAffinity;
import io.fabric8.kubernetes.api.model.NodeSelector;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import io.fabric8.kubernetes.api.model.PodSpec;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Which nodes something may be on by their labels and names, read once to be asked of thousands of nodes: a requirement may have as many values as an object
/// has room for, so they are found by their hash; of as many terms all nodes are asked at once ([#ask]). Immutable as seen from outside, and thread-safe.
public final class NodeRule {
    /// Holds on every node.
    public static final NodeRule ANY = new NodeRule(Map.of(), null);

    /// Fewer values are found as fast one by one.
    private static final int FEW = 8;
    /// Fewer terms are asked as fast one by one.
    private static final int FEW_TERMS = 32;
    private static final String NAME = "metadata.name";

    private final Map<String, String> labels;
    private final @Nullable List<NodeSelectorTerm> asked;
    /// Made when first needed, as most pods are only read to be counted where they are. Two threads may make the same.
    private volatile @Nullable List<Term> terms;
    /// What is known of nodes that were asked at once; not of one that has changed since, as that is another object.
    private volatile Map<Node, Boolean> answers = Map.of();

    /// Many nodes, to be asked at once.
    public static final class Many {
        private final LabelSets labels;
        private final LabelSets names;

        /// @param rules all that will be asked
        public Many(List<Node> nodes, Collection<NodeRule> rules) {
            Set<String> keys = new HashSet<>();
            rules.forEach(rule -> rule.addKeys(keys));
            labels = new LabelSets(nodes.stream().map(Selectors::labelsOf).toList(), keys);
            names = new LabelSets(nodes.stream().map(node -> Map.of(NAME, node.getMetadata().getName())).toList(), Set.of(NAME));
        }
    }

    private record Term(List<Requirement> labels, List<Requirement> fields) {
        static Term of(NodeSelectorTerm term) {
            return new Term(
                    orEmpty(term.getMatchExpressions()).stream().map(Requirement::of).toList(),
                    orEmpty(term.getMatchFields()).stream().map(Requirement::of).toList());
        }

        /// All requirements hold; one without any holds for no node.
        boolean holds(Map<String, String> ofNode, String name) {
            if (labels.isEmpty() && fields.isEmpty()) {
                return false;
            }
            for (Requirement want : labels) {
                if (!want.holds(ofNode.get(want.key))) {
                    return false;
                }
            }
            for (Requirement want : fields) {
                if (!want.holds(NAME.equals(want.key) ? name : null)) {
                    return false;
                }
            }
            return true;
        }

        BitSet on(Many nodes) {
            if (labels.isEmpty() && fields.isEmpty()) {
                return new BitSet();
            }
            BitSet found = nodes.labels.all();
            for (Requirement want : labels) {
                found.and(want.on(nodes.labels));
            }
            for (Requirement want : fields) {
                found.and(want.on(nodes.names));
            }
            return found;
        }
    }

    /// @param number the only value as a number; null when it is none
    private record Requirement(String key, String operator, Collection<String> values, @Nullable Long number) {
        static Requirement of(NodeSelectorRequirement want) {
            List<String> values = orEmpty(want.getValues());
            String operator = want.getOperator() == null ? "" : want.getOperator();
            boolean compares = operator.equals("Gt") || operator.equals("Lt");
            return new Requirement(
                    String.valueOf(want.getKey()),
                    operator,
                    values.size() <= FEW ? values : new HashSet<>(values),
                    compares && !values.isEmpty() ? LabelSets.number(values.getFirst()) : null);
        }

        boolean holds(@Nullable String value) {
            return switch (operator) {
                case "In" -> value != null && values.contains(value);
                case "NotIn" -> value == null || !values.contains(value);
                case "Exists" -> value != null;
                case "DoesNotExist" -> value == null;
                case "Gt" -> compare(value) > 0;
                case "Lt" -> compare(value) < 0;
                default -> false;
            };
        }

        /// 0 when either side is not a number, so that neither Gt nor Lt holds.
        private int compare(@Nullable String value) {
            Long ofNode = value == null || number == null ? null : LabelSets.number(value);
            return ofNode == null || number == null ? 0 : Long.compare(ofNode, number);
        }

        BitSet on(LabelSets of) {
            return switch (operator) {
                case "In" -> of.in(key, values);
                case "NotIn" -> of.without(of.in(key, values));
                case "Exists" -> of.having(key);
                case "DoesNotExist" -> of.without(of.having(key));
                case "Gt" -> number == null ? new BitSet() : of.above(key, number);
                case "Lt" -> number == null ? new BitSet() : of.below(key, number);
                default -> new BitSet();
            };
        }
    }

    private NodeRule(Map<String, String> labels, @Nullable List<NodeSelectorTerm> asked) {
        this.labels = labels;
        this.asked = asked;
    }

    /// That of a pod's selector and its required node affinity.
    public static NodeRule of(PodSpec pod) {
        Map<String, String> labels = pod.getNodeSelector() == null ? Map.of() : pod.getNodeSelector();
        NodeSelector required = required(pod.getAffinity());
        return labels.isEmpty() && required == null ? ANY : new NodeRule(labels, required == null ? null : orEmpty(required.getNodeSelectorTerms()));
    }

    /// That one of a selector's terms holds; without a selector any node will do.
    public static NodeRule of(@Nullable NodeSelector selector) {
        return selector == null ? ANY : new NodeRule(Map.of(), orEmpty(selector.getNodeSelectorTerms()));
    }

    /// That a term holds.
    public static NodeRule of(NodeSelectorTerm term) {
        return new NodeRule(Map.of(), List.of(term));
    }

    /// Whether it holds on the node.
    public boolean holds(Node node) {
        Map<String, String> ofNode = Selectors.labelsOf(node);
        for (Map.Entry<String, String> want : labels.entrySet()) {
            if (!want.getValue().equals(ofNode.get(want.getKey()))) {
                return false;
            }
        }
        if (asked == null) {
            return true;
        }
        Boolean known = answers.get(node);
        if (known != null) {
            return known;
        }
        String name = node.getMetadata().getName();
        for (Term term : terms(asked)) {
            if (term.holds(ofNode, name)) {
                return true;
            }
        }
        return false;
    }

    /// Asks of all these nodes at once where there are many terms, so that [#holds] knows.
    public void ask(List<Node> nodes) {
        Map<Node, Boolean> known = answers;
        if (asked == null || asked.size() <= FEW_TERMS || known.size() == nodes.size() && known.keySet().containsAll(nodes)) {
            return;
        }
        Many many = new Many(nodes, List.of(this));
        BitSet holding = on(many, terms(asked));
        Map<Node, Boolean> fresh = new IdentityHashMap<>(nodes.size());
        for (int i = 0; i < nodes.size(); i++) {
            fresh.put(nodes.get(i), holding.get(i));
        }
        answers = fresh;
    }

    private void addKeys(Set<String> keys) {
        keys.addAll(labels.keySet());
        if (asked != null) {
            terms(asked).forEach(term -> term.labels.forEach(want -> keys.add(want.key)));
        }
    }

    /// Of many nodes, which know of this rule, those on which it holds, by their number.
    public BitSet on(Many nodes) {
        BitSet found = asked == null ? nodes.labels.all() : on(nodes, terms(asked));
        labels.forEach((key, value) -> found.and(nodes.labels.in(key, List.of(value))));
        return found;
    }

    private static BitSet on(Many nodes, List<Term> terms) {
        BitSet found = new BitSet();
        terms.forEach(term -> found.or(term.on(nodes)));
        return found;
    }

    private List<Term> terms(List<NodeSelectorTerm> of) {
        List<Term> known = terms;
        if (known == null) {
            known = of.stream().map(Term::of).toList();
            terms = known;
        }
        return known;
    }

    static @Nullable NodeSelector required(@Nullable Affinity affinity) {
        NodeAffinity nodes = affinity == null ? null : affinity.getNodeAffinity();
        return nodes == null ? null : nodes.getRequiredDuringSchedulingIgnoredDuringExecution();
    }

    private static <T> List<T> orEmpty(@Nullable List<T> list) {
        return list == null ? List.of() : list;
    }
}
