package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.NodeSelector;
import io.fabric8.kubernetes.api.model.NodeSelectorBuilder;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import io.fabric8.kubernetes.api.model.NodeSelectorTermBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NodeRuleTest {
    private static final Node NODE = new NodeBuilder()
            .withNewMetadata().withName("n1").addToLabels("zone", "a").addToLabels("generation", "3").endMetadata().build();

    private static NodeSelectorTerm term(String key, String operator, List<String> values) {
        return new NodeSelectorTermBuilder().addToMatchExpressions(new NodeSelectorRequirement(key, operator, values)).build();
    }

    private static boolean holds(NodeSelectorTerm term) {
        return NodeRule.of(term).holds(NODE);
    }

    @ParameterizedTest
    @CsvSource({
        "zone, In, a b, true",
        "zone, In, b c, false",
        "other, In, a, false",
        "zone, NotIn, a b, false",
        "zone, NotIn, b, true",
        "other, NotIn, a, true",
        "zone, Exists, '', true",
        "other, Exists, '', false",
        "zone, DoesNotExist, '', false",
        "other, DoesNotExist, '', true",
        "generation, Gt, 2, true",
        "generation, Gt, 3, false",
        "generation, Lt, 4, true",
        "generation, Lt, 3, false",
        "generation, Gt, x, false",
        "generation, Gt, '', false",
        "zone, Gt, 2, false",
        "other, Lt, 2, false",
        "zone, Unknown, a, false",
    })
    void requirementsOfLabels(String key, String operator, String values, boolean holds) {
        NodeSelectorTerm term = term(key, operator, values.isEmpty() ? List.of() : List.of(values.split(" ")));
        assertThat(holds(term)).isEqualTo(holds);
        NodeRule rule = NodeRule.of(term);
        assertThat(rule.on(new NodeRule.Many(List.of(NODE), List.of(rule))).get(0)).isEqualTo(holds);
    }

    @Test
    void manyNodesAreAskedManyTermsAtOnce() {
        List<Node> nodes = IntStream.range(0, 100).mapToObj(i -> new NodeBuilder()
                .withNewMetadata().withName("n" + i).addToLabels("number", "" + i).addToLabels("zone", "z" + i % 3).endMetadata().build()).toList();
        List<NodeSelectorTerm> terms = IntStream.range(0, 100).mapToObj(i -> new NodeSelectorTermBuilder()
                .addToMatchExpressions(new NodeSelectorRequirement("zone", "NotIn", List.of("z" + i % 3)))
                .addToMatchExpressions(new NodeSelectorRequirement("number", "Lt", List.of("" + i / 2)))
                .addToMatchFields(new NodeSelectorRequirement("metadata.name", i % 2 == 0 ? "In" : "NotIn", List.of("n" + i, "n" + (i + 10)))).build()).toList();
        NodeSelector selector = new NodeSelectorBuilder().withNodeSelectorTerms(terms).build();
        NodeRule atOnce = NodeRule.of(selector);
        atOnce.ask(nodes);
        assertThat(nodes.stream().map(atOnce::holds).toList()).isEqualTo(nodes.stream().map(NodeRule.of(selector)::holds).toList()).contains(true, false);
        Node changed = new NodeBuilder(nodes.getFirst()).editMetadata().addToLabels("number", "1000").endMetadata().build();
        assertThat(atOnce.holds(nodes.getFirst())).isTrue();
        assertThat(atOnce.holds(changed)).isFalse();
    }

    @Test
    void manyValuesAreFoundAsFewAre() {
        List<String> many = IntStream.range(0, 100).mapToObj(i -> "v" + i).toList();
        List<String> withIt = IntStream.range(0, 100).mapToObj(i -> i == 77 ? "a" : "v" + i).toList();
        assertThat(holds(term("zone", "In", many))).isFalse();
        assertThat(holds(term("zone", "In", withIt))).isTrue();
        assertThat(holds(term("zone", "NotIn", many))).isTrue();
        assertThat(holds(term("zone", "NotIn", withIt))).isFalse();
    }

    @Test
    void anyTermIsEnoughAndOneWithoutRequirementsIsNone() {
        NodeSelectorTerm right = term("zone", "In", List.of("a"));
        NodeSelectorTerm wrong = term("zone", "In", List.of("b"));
        NodeSelectorTerm empty = new NodeSelectorTerm();
        assertThat(NodeRule.of(new NodeSelectorBuilder().withNodeSelectorTerms(wrong, right).build()).holds(NODE)).isTrue();
        assertThat(NodeRule.of(new NodeSelectorBuilder().withNodeSelectorTerms(wrong, empty).build()).holds(NODE)).isFalse();
        assertThat(NodeRule.of(new NodeSelectorBuilder().build()).holds(NODE)).isFalse();
        assertThat(NodeRule.of((NodeSelector) null).holds(NODE)).isTrue();
    }

    @Test
    void fieldsKnowTheNameOnly() {
        assertThat(holds(new NodeSelectorTermBuilder().addToMatchFields(new NodeSelectorRequirement("metadata.name", "In", List.of("n1"))).build())).isTrue();
        assertThat(holds(new NodeSelectorTermBuilder().addToMatchFields(new NodeSelectorRequirement("metadata.name", "NotIn", List.of("n1"))).build())).isFalse();
        assertThat(holds(new NodeSelectorTermBuilder().addToMatchFields(new NodeSelectorRequirement("metadata.uid", "In", List.of("n1"))).build())).isFalse();
    }

    @Test
    void aPodsSelectorAndItsAffinityMustBothHold() {
        assertThat(NodeRule.of(new PodSpec()).holds(NODE)).isTrue();
        PodSpec both = new PodSpecBuilder().addToNodeSelector("zone", "a").withNewAffinity().withNewNodeAffinity()
                .withNewRequiredDuringSchedulingIgnoredDuringExecution().withNodeSelectorTerms(term("generation", "Gt", List.of("2"))).endRequiredDuringSchedulingIgnoredDuringExecution()
                .endNodeAffinity().endAffinity().build();
        assertThat(NodeRule.of(both).holds(NODE)).isTrue();
        assertThat(NodeRule.of(new PodSpecBuilder(both).addToNodeSelector("zone", "b").build()).holds(NODE)).isFalse();
        assertThat(NodeRule.of(new PodSpecBuilder(both).addToNodeSelector("disk", "ssd").build()).holds(NODE)).isFalse();
    }
}
