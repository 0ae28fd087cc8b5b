package io.hypernetes.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.hypernetes.client.ObjectKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The scheduler that keeps counts agrees with the one that looks at everything, through random histories of pods that come and go and of
/// nodes that change; and what it chooses is among the nodes that fit.
class SchedulerPropertiesTest {
    private static final int NODES = 12;

    static LongStream seeds() {
        return LongStream.rangeClosed(1, Integer.getInteger("scheduler.histories", 16));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void countingAgreesWithLooking(long seed) {
        Draws draws = new Draws(seed);
        List<Node> nodes = new ArrayList<>();
        Cluster cluster = new Cluster();
        for (int i = 0; i < NODES; i++) {
            nodes.add(draws.node(i));
            cluster.node(nodes.getLast());
        }
        List<ReferenceScheduler.At> placed = new ArrayList<>();
        PodTerm.Namespaces namespaces = Draws::labelsOfNamespace;
        for (int step = 0; step < 250; step++) {
            if (!placed.isEmpty() && draws.once(3)) {
                leaves(draws, placed, cluster);
                continue;
            }
            if (draws.once(8)) {
                int changed = draws.below(NODES);
                nodes.set(changed, draws.changed(nodes.get(changed)));
                cluster.node(nodes.get(changed));
            }
            ObjectKey key = new ObjectKey(draws.once(2) ? "red" : "blue", draws.once(2) ? "x" : "y", "p" + step);
            Pod pod = draws.pod(key);
            PodFacts facts = PodFacts.of(key, pod);
            Set<String> expected = new ReferenceScheduler(nodes, placed, namespaces).fitting(key, pod);
            Set<String> found = cluster.decide(view -> {
                PodRules rules = PodRules.of(facts, view, namespaces);
                return view.nodes().stream()
                        .filter(node -> Filters.objection(facts, rules, VolumeRules.NONE.of(facts), node) == null)
                        .map(NodeState::name)
                        .collect(Collectors.toCollection(TreeSet::new));
            });
            assertThat(found).as("seed %d step %d: %s", seed, step, pod).isEqualTo(expected);
            Choice choice = cluster.decide(view -> Choice.of(
                    facts, view, VolumeRules.NONE, namespaces, new Preemption((tenant, namespace) -> List.of()), draws.random()));
            if (choice instanceof Choice.Fits(String node)) {
                assertThat(expected).contains(node);
                cluster.place(facts, node);
                placed.add(new ReferenceScheduler.At(key, pod, node));
            } else {
                assertThat(expected).isEmpty();
            }
        }
    }

    /// At once, or it is on its way first.
    private static void leaves(Draws draws, List<ReferenceScheduler.At> placed, Cluster cluster) {
        ReferenceScheduler.At leaving = placed.remove(draws.below(placed.size()));
        if (draws.once(3)) {
            Pod pod = new PodBuilder(leaving.pod()).editMetadata().withDeletionTimestamp("2026-01-01T00:00:00Z").endMetadata().build();
            placed.add(new ReferenceScheduler.At(leaving.key(), pod, leaving.node()));
            cluster.place(PodFacts.of(leaving.key(), pod), leaving.node());
        } else {
            cluster.release(leaving.key());
        }
    }
}
