package io.hypernetes.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodAffinityTerm;
import io.fabric8.kubernetes.api.model.PodAffinityTermBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.WeightedPodAffinityTerm;
import io.hypernetes.client.ObjectKey;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A pod may have as many terms as an object has room for, and a tenant may have as many pods with as many labels as its quota has: what their product costs, all others pay.
class ManyTermsTest {
    private static final ObjectKey KEY = new ObjectKey("red", "default", "web");
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final Cluster cluster = new Cluster();

    /// Each a part of the cluster of its own, by each of its labels.
    private void nodes(int count, int labels) {
        for (int i = 0; i < count; i++) {
            String part = "part-" + i;
            Map<String, String> parts = IntStream.range(0, labels).boxed().collect(Collectors.toMap(key -> "key-" + key, key -> part));
            cluster.node(new NodeBuilder(ChoiceTest.node("n" + i, "2", "4Gi")).editMetadata().withLabels(parts).endMetadata().build());
        }
    }

    private void pods(int count, int nodes, int priority, String cpu) {
        IntStream.range(0, count).forEach(i -> cluster.place(
                PodFacts.of(new ObjectKey("red", "default", "p" + i), new PodBuilder(ChoiceTest.pod("p" + i, cpu, "1Mi"))
                        .editMetadata().addToLabels("app", "a" + i).endMetadata().editSpec().withPriority(priority).endSpec().build()),
                "n" + i % nodes));
    }

    private static List<PodAffinityTerm> terms(int count) {
        return IntStream.range(0, count).mapToObj(i -> new PodAffinityTermBuilder().withTopologyKey("key-" + i)
                .withNewLabelSelector().addNewMatchExpression().withKey("app").withOperator("In").withValues("a" + i % 5000).endMatchExpression().endLabelSelector()
                .build()).toList();
    }

    private static Pod apart(Pod pod, List<PodAffinityTerm> terms) {
        return new PodBuilder(pod).editSpec().withNewAffinity().withNewPodAntiAffinity()
                .withRequiredDuringSchedulingIgnoredDuringExecution(terms).endPodAntiAffinity().endAffinity().endSpec().build();
    }

    private static Pod near(Pod pod, List<PodAffinityTerm> terms) {
        return new PodBuilder(pod).editSpec().withNewAffinity().withNewPodAffinity()
                .withRequiredDuringSchedulingIgnoredDuringExecution(terms).endPodAffinity().endAffinity().endSpec().build();
    }

    private static Pod likes(Pod pod, List<PodAffinityTerm> terms) {
        return new PodBuilder(pod).editSpec().withNewAffinity().withNewPodAffinity()
                .withPreferredDuringSchedulingIgnoredDuringExecution(terms.stream().map(term -> new WeightedPodAffinityTerm(term, 1)).toList())
                .endPodAffinity().endAffinity().endSpec().build();
    }

    private record Cost(Choice choice, long bytes) {}

    private Cost choose(Pod pod) {
        PodFacts facts = PodFacts.of(KEY, pod);
        Function<Cluster.View, Choice> decision = view -> Choice.of(
                facts, view, VolumeRules.NONE, (tenant, namespace) -> Map.of(), new Preemption((tenant, namespace) -> List.of()), new Random(1));
        long before = THREADS.getCurrentThreadAllocatedBytes();
        Choice choice = cluster.decide(decision);
        return new Cost(choice, THREADS.getCurrentThreadAllocatedBytes() - before);
    }

    /// A number for each pod and each such label would be 800 MB.
    @Test
    void labelsThatNoNodeHasCostNothing() {
        nodes(100, 0);
        pods(5_000, 100, 0, "1m");
        List<PodAffinityTerm> terms = terms(20_000);
        Pod pod = ChoiceTest.pod("web", "1", "1Mi");
        for (Pod each : List.of(likes(pod, terms), apart(pod, terms))) {
            Cost cost = choose(each);
            assertThat(cost.choice).isInstanceOf(Choice.Fits.class);
            assertThat(cost.bytes).isLessThan(20_000_000);
        }
        Cost far = choose(near(pod, terms));
        assertThat(((Choice.FitsNowhere) far.choice).message()).contains("100 node(s) didn't match pod affinity rules");
        assertThat(far.bytes).isLessThan(20_000_000);
    }

    /// Nor is there a number for each pod and each label that nodes do have, which would be 80 MB.
    @Test
    void labelsThatNodesHaveAreWeighedOneAfterTheOther() {
        nodes(60, 2_000);
        pods(5_000, 60, 0, "1m");
        Cost cost = choose(likes(ChoiceTest.pod("web", "1", "1Mi"), terms(2_000)));
        assertThat(cost.choice).isInstanceOf(Choice.Fits.class);
        assertThat(cost.bytes).isLessThan(20_000_000);
    }

    /// A search for whom to take the place of tries many nodes, and pods of each.
    @ParameterizedTest
    @ValueSource(ints = {1, 40})
    void termsAreReadOnceForASearchHoweverManyNodesItTries(int terms) {
        nodes(90, 1);
        pods(90, 90, 0, "2");
        Pod pod = new PodBuilder(apart(ChoiceTest.pod("web", "2", "1Mi"), terms(terms).stream().map(term -> new PodAffinityTermBuilder(term)
                .withTopologyKey("key-0").withNewNamespaceSelector().addToMatchLabels("team", "one").endNamespaceSelector().build()).toList()))
                .editSpec().withPriority(1).endSpec().build();
        AtomicInteger readings = new AtomicInteger();
        PodFacts facts = PodFacts.of(KEY, pod);
        Choice choice = cluster.decide(view -> Choice.of(facts, view, VolumeRules.NONE, (tenant, namespace) -> {
            readings.incrementAndGet();
            return Map.of("team", "one");
        }, new Preemption((tenant, namespace) -> List.of()), new Random(1)));
        assertThat(((Choice.FitsNowhere) choice).makeWay().victims()).hasSize(1);
        assertThat(readings).hasValueLessThanOrEqualTo(2 * terms);
    }
}
