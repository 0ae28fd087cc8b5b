package io.hypernetes.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.scheduler.ReferenceScheduler.At;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Who makes way is who would by looking at everything anew for each pod that is taken to be gone, in random clusters whose pods are anywhere, whatever their rules.
class PreemptionPropertiesTest {
    private static final int NODES = 8;
    private static final PodTerm.Namespaces NAMESPACES = Draws::labelsOfNamespace;

    private final List<Node> nodes = new ArrayList<>();
    private final List<At> placed = new ArrayList<>();
    private final Cluster cluster = new Cluster();

    static LongStream seeds() {
        return LongStream.rangeClosed(1, Integer.getInteger("scheduler.histories", 16));
    }

    /// Who goes from which node.
    private record Way(String node, List<At> victims) {
        private static final Comparator<Way> BETTER = Comparator
                .<Way>comparingInt(way -> way.victims.stream().mapToInt(At::priority).max().orElseThrow())
                .thenComparingLong(way -> way.victims.stream().mapToLong(victim -> (long) victim.priority() - Integer.MIN_VALUE).sum())
                .thenComparingInt(way -> way.victims.size());
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void countingAgreesWithLooking(long seed) {
        Draws draws = new Draws(seed);
        for (int i = 0; i < NODES; i++) {
            nodes.add(draws.node(i));
            cluster.node(nodes.getLast());
        }
        int found = 0;
        for (int step = 0; step < 150; step++) {
            ObjectKey key = new ObjectKey(draws.once(2) ? "red" : "blue", draws.once(2) ? "x" : "y", "p" + step);
            Pod pod = prioritized(draws.pod(key), draws.below(4));
            if (step < 20 || draws.once(3)) {
                Pod there = draws.once(5) ? new PodBuilder(pod).editMetadata().withDeletionTimestamp("2026-01-01T00:00:00Z").endMetadata().build() : pod;
                placed.add(new At(key, there, "n" + draws.below(NODES)));
                cluster.place(PodFacts.of(key, there), placed.getLast().node());
                if (placed.size() > 24) {
                    cluster.release(placed.remove(draws.below(placed.size())).key());
                }
                continue;
            }
            ObjectKey asking = draws.once(6) ? new ObjectKey(ObjectKey.ROOT, key.namespace(), key.name()) : key;
            Way expected = nodes.stream().map(node -> way(asking, pod, node)).filter(Objects::nonNull).min(Way.BETTER).orElse(new Way("", List.of()));
            Preemption.Result result = search(PodFacts.of(asking, pod));
            assertThat(result.node()).as("seed %d step %d: %s", seed, step, pod).isEqualTo(expected.node);
            assertThat(result.victims()).extracting(PodFacts::key).containsExactlyElementsOf(expected.victims.stream().map(At::key).toList());
            found += expected.victims.size();
        }
        assertThat(found).as("pods that make way").isPositive();
    }

    private static Pod prioritized(Pod pod, int priority) {
        return new PodBuilder(pod).editSpec().withPriority(priority).endSpec().build();
    }

    private Preemption.Result search(PodFacts pod) {
        return cluster.decide(view -> new Preemption((tenant, namespace) -> List.of()).search(
                pod, view, VolumeRules.NONE.of(pod), NAMESPACES, view.nodes().stream().map(node -> new Choice.Refusal(node, Objection.passing("full"))).toList()));
    }

    /// Null when nobody could go from the node, when nobody has to, or when that would not help.
    private @Nullable Way way(ObjectKey key, Pod pod, Node node) {
        String name = node.getMetadata().getName();
        List<At> gone = new ArrayList<>(placed.stream()
                .filter(at -> at.node().equals(name) && at.priority() < pod.getSpec().getPriority())
                .filter(at -> at.key().tenant().equals(key.tenant()) || key.tenant().equals(ObjectKey.ROOT))
                .sorted(Comparator.comparingInt(at -> -at.priority())).toList());
        if (gone.isEmpty() || !fitsWithout(gone, key, pod, node)) {
            return null;
        }
        for (At at : List.copyOf(gone)) {
            List<At> others = new ArrayList<>(gone);
            others.remove(at);
            if (fitsWithout(others, key, pod, node)) {
                gone = others;
            }
        }
        return gone.isEmpty() ? null : new Way(name, gone);
    }

    private boolean fitsWithout(List<At> gone, ObjectKey key, Pod pod, Node node) {
        return new ReferenceScheduler(nodes, placed.stream().filter(at -> !gone.contains(at)).toList(), NAMESPACES).fits(key, pod, node);
    }
}
