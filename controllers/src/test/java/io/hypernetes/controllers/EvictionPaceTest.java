package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.hypernetes.client.ManualClock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// How fast lost nodes are emptied, as upstream's pkg/controller/nodelifecycle/node_lifecycle_controller.go has it by its defaults.
class EvictionPaceTest {
    private final ManualClock clock = new ManualClock(Instant.parse("2026-01-01T00:00:00Z"));
    private final EvictionPace pace = new EvictionPace(clock);
    private final List<Node> nodes = new ArrayList<>();
    private final Set<String> lost = new HashSet<>();
    private final Set<String> left = new HashSet<>();

    private void nodes(String zone, int count) {
        for (int i = 0; i < count; i++) {
            nodes.add(new NodeBuilder().withNewMetadata().withName(zone + i).addToLabels("topology.kubernetes.io/zone", zone).endMetadata().build());
        }
    }

    private void lose(String zone, int count) {
        for (int i = 0; i < count; i++) {
            lost.add(zone + i);
        }
    }

    /// How many nodes of a zone are told to let their pods go within a time, looking each second.
    private int leaving(String zone, int seconds) {
        int before = count(zone);
        for (int second = 0; second <= seconds; second++) {
            pace.judge(nodes, node -> !lost.contains(node.getMetadata().getName()));
            for (Node node : nodes) {
                String name = node.getMetadata().getName();
                if (lost.contains(name) && pace.mayLeave(node, false)) {
                    left.add(name);
                }
            }
            if (second < seconds) {
                clock.advance(Duration.ofSeconds(1));
            }
        }
        return count(zone) - before;
    }

    private int count(String zone) {
        return (int) left.stream().filter(name -> name.startsWith(zone)).count();
    }

    @Test
    void aNodeInTenSecondsIsEmptied() {
        nodes("a", 10);
        lose("a", 5);
        assertThat(leaving("a", 0)).isEqualTo(1);
        assertThat(leaving("a", 9)).isZero();
        assertThat(leaving("a", 1)).isEqualTo(1);
        assertThat(leaving("a", 30)).isEqualTo(3);
    }

    @Test
    void aSmallZoneThatLostMostOfItsNodesLosesNoMore() {
        nodes("a", 10);
        nodes("b", 10);
        lose("a", 6);
        lose("b", 5);
        assertThat(leaving("a", 100)).isZero();
        assertThat(count("b")).as("another zone is none of its concern").isEqualTo(5);
        lost.remove("a0");
        assertThat(leaving("a", 9)).as("who waited waits for a whole turn").isZero();
        assertThat(leaving("a", 1)).isEqualTo(1);
    }

    @Test
    void twoLostNodesOfThreeAreNotMost() {
        nodes("a", 3);
        lose("a", 2);
        assertThat(leaving("a", 10)).isEqualTo(2);
    }

    @Test
    void aLargeZoneThatLostMostOfItsNodesGoesOnSlowly() {
        nodes("a", 51);
        lose("a", 40);
        assertThat(leaving("a", 0)).isEqualTo(1);
        assertThat(leaving("a", 99)).isZero();
        assertThat(leaving("a", 1)).isEqualTo(1);
    }

    @Test
    void aZoneThatIsLostWhileAnotherLivesIsEmptiedAtTheOrdinaryPace() {
        nodes("a", 10);
        nodes("b", 1);
        lose("a", 10);
        assertThat(leaving("a", 90)).isEqualTo(10);
    }

    @Test
    void whileNoNodeAnywhereIsReadyNoneIsEmptied() {
        nodes("a", 3);
        nodes("b", 3);
        lose("a", 1);
        assertThat(leaving("a", 0)).isEqualTo(1);
        lose("a", 3);
        lose("b", 3);
        left.clear();
        assertThat(leaving("a", 100)).as("not even one that was").isZero();
        assertThat(pace.mayLeave(nodes.getFirst(), true)).isFalse();
        lost.remove("b0");
        assertThat(pace.judge(nodes, node -> !lost.contains(node.getMetadata().getName()))).as("heard of again").isTrue();
        assertThat(pace.judge(nodes, node -> !lost.contains(node.getMetadata().getName()))).isFalse();
        assertThat(leaving("a", 9)).isZero();
        assertThat(leaving("a", 1)).isEqualTo(1);
    }

    @Test
    void aNodeThatIsBackWaitsForItsTurnAgain() {
        nodes("a", 4);
        lose("a", 1);
        assertThat(leaving("a", 0)).isEqualTo(1);
        assertThat(pace.mayLeave(nodes.getFirst(), false)).as("still").isTrue();
        pace.forget("a0");
        assertThat(pace.mayLeave(nodes.getFirst(), false)).isFalse();
    }

    @Test
    void whoIsToldAlreadyNeedsNoTurn() {
        nodes("a", 4);
        lose("a", 2);
        assertThat(leaving("a", 0)).isEqualTo(1);
        Node other = left.contains("a0") ? nodes.get(1) : nodes.get(0);
        assertThat(pace.mayLeave(other, true)).isTrue();
    }

    @Test
    void nodesThatAreExcludedFromItAreNotCounted() {
        nodes("a", 10);
        lose("a", 6);
        nodes.set(0, new NodeBuilder(nodes.getFirst()).editMetadata().addToLabels("node.kubernetes.io/exclude-disruption", "").endMetadata().build());
        nodes.set(1, new NodeBuilder(nodes.get(1)).editMetadata().addToLabels("node.kubernetes.io/exclude-disruption", "").endMetadata().build());
        assertThat(leaving("a", 50)).isEqualTo(6);
    }
}
