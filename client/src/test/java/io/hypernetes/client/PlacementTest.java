package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class PlacementTest {
    private static PodSpec named(List<String> first, List<String> second) {
        return new PodSpecBuilder()
                .withNewAffinity().withNewNodeAffinity().withNewRequiredDuringSchedulingIgnoredDuringExecution()
                .addNewNodeSelectorTerm()
                .addToMatchFields(new NodeSelectorRequirement("metadata.name", "In", first))
                .addToMatchFields(new NodeSelectorRequirement("metadata.name", "In", second))
                .endNodeSelectorTerm()
                .endRequiredDuringSchedulingIgnoredDuringExecution().endNodeAffinity().endAffinity()
                .build();
    }

    @Test
    void namesAreThoseThatEachRequirementLeaves() {
        assertThat(Placement.named(named(List.of("a", "b", "c"), List.of("c", "a", "d")))).containsExactly("a", "c");
        assertThat(Placement.named(named(List.of("a"), List.of("b")))).isEmpty();
        assertThat(Placement.named(new PodSpec())).isNull();
    }

    /// Each name of one requirement looked for in the list of the other would hold up every other pod for minutes.
    @Test
    @Timeout(10)
    void aPodThatNamesVeryManyNodesIsReadAtOnce() {
        List<String> names = IntStream.range(0, 200_000).mapToObj(i -> "node-" + i).toList();
        assertThat(Placement.named(named(names, names.reversed()))).hasSize(200_000);
    }
}
