package io.hypernetes.controllers.scaling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class AutoscalingTest {
    private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");

    private static Pod pod(String name, String phase, String ready, String started) {
        return new PodBuilder()
                .withNewMetadata().withName(name).endMetadata()
                .withNewSpec().addNewContainer().withName("c")
                .withNewResources().addToRequests("cpu", new Quantity("1")).endResources().endContainer().endSpec()
                .withNewStatus().withPhase(phase).withStartTime(started)
                .addNewCondition().withType("Ready").withStatus(ready).withLastTransitionTime(started).endCondition().endStatus()
                .build();
    }

    private static Pod running(String name) {
        return pod(name, "Running", "True", "2026-01-01T11:00:00Z");
    }

    private static int proposal(int current, List<Pod> pods, Map<String, Long> used, int utilization) throws Exception {
        return Usage.of("cpu", "", current, pods, measured(used, 15), new Usage.Target(utilization, 0), Usage.Tolerance.of(null), NOW).replicas();
    }

    private static Map<String, Usage.Sample> measured(Map<String, Long> used, long seconds) {
        return used.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, each -> new Usage.Sample(each.getValue(), NOW.minusSeconds(seconds))));
    }

    @Test
    void useDecidesTheSize() throws Exception {
        List<Pod> three = List.of(running("a"), running("b"), running("c"));
        assertThat(proposal(3, three, Map.of("a", 900L, "b", 900L, "c", 900L), 50)).isEqualTo(6);
        assertThat(proposal(3, three, Map.of("a", 100L, "b", 100L, "c", 100L), 50)).isEqualTo(1);
        assertThat(proposal(3, three, Map.of("a", 520L, "b", 520L, "c", 520L), 50)).as("within tolerance").isEqualTo(3);
        assertThat(Usage.of("cpu", "", 3, three, measured(Map.of("a", 900L, "b", 900L, "c", 900L), 15),
                new Usage.Target(null, 300), Usage.Tolerance.of(null), NOW).replicas()).isEqualTo(9);
    }

    @Test
    void whoSaysNothingChangesTheLeast() throws Exception {
        List<Pod> three = List.of(running("a"), running("b"), running("c"));
        assertThat(proposal(3, three, Map.of("a", 100L, "b", 100L), 50)).as("missing ones use all they ask for").isEqualTo(3);
        assertThat(proposal(3, three, Map.of("a", 900L, "b", 900L), 50)).as("missing ones use nothing").isEqualTo(4);
        List<Pod> starting = List.of(running("a"), pod("b", "Running", "False", "2026-01-01T11:59:00Z"));
        assertThat(proposal(2, starting, Map.of("a", 900L, "b", 5000L), 50)).as("starting ones use nothing").isEqualTo(2);
        assertThatThrownBy(() -> proposal(3, three, Map.of(), 50)).hasMessage("did not receive metrics for targeted pods (pods might be unready)");
    }

    @Test
    void whatThePodsUsedForTheirStartDoesNotCount() throws Exception {
        List<Pod> young = List.of(pod("a", "Running", "True", "2026-01-01T11:59:50Z"));
        assertThatThrownBy(() -> proposal(1, young, Map.of("a", 900L), 50)).as("measured since before it was ready").hasMessage("did not receive metrics for targeted pods (pods might be unready)");
        assertThat(Usage.of("cpu", "", 1, young, measured(Map.of("a", 900L), 10), new Usage.Target(50, 0), Usage.Tolerance.of(null), NOW).replicas()).isEqualTo(2);
    }

    /// What wraps around would be less than nothing.
    @Test
    void whateverIsAskedForIsCountedAsFarAsNumbersGo() throws Exception {
        assertThat(Amounts.millis(new Quantity("1e30"))).isEqualTo(Long.MAX_VALUE);
        assertThat(Amounts.millis(new Quantity("-1e30"))).isEqualTo(-Long.MAX_VALUE);
        assertThat(Amounts.millis("1500001n")).as("rounded up").isEqualTo(2);
        assertThat(Amounts.millis("1e-999")).isEqualTo(1);
        assertThat(Amounts.plus(Long.MAX_VALUE, 1)).isEqualTo(Long.MAX_VALUE);
        Pod greedy = new PodBuilder(running("a")).editSpec().editFirstContainer().editResources().addToRequests("cpu", new Quantity("9e18")).endResources().endContainer().endSpec().build();
        assertThat(proposal(2, List.of(greedy, running("b")), Map.of("b", 900L), 50)).as("one that says nothing and asks for everything").isEqualTo(2);
    }

    @Test
    void nobodyRemembersMoreThanALookNeeds() {
        Behavior behavior = new Behavior();
        behavior.begin(90, NOW);
        for (int i = 0; i < 3000; i++) {
            behavior.of(null, 3, 3, 1, 50, NOW);
        }
        assertThat(behavior.of(null, 3, 3, 1, 50, NOW).replicas()).as("the first is forgotten").isEqualTo(3);
    }
}
