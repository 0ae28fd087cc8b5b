package io.hypernetes.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodAffinityTerm;
import io.fabric8.kubernetes.api.model.PodAffinityTermBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.hypernetes.client.ObjectKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The scheduler that keeps counts agrees with the one that looks at everything, through random histories of pods that come and go; and
/// what it chooses is among the nodes that fit.
class SchedulerPropertiesTest {
    private static final List<String> APPS = List.of("a", "b", "c");
    private static final List<String> KEYS = List.of("host", "zone");

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void countingAgreesWithLooking(long seed) {
        Random random = new Random(seed);
        List<Node> nodes = new ArrayList<>();
        Cluster cluster = new Cluster();
        for (int i = 0; i < 12; i++) {
            NodeBuilder node = new NodeBuilder(ChoiceTest.node("n" + i, String.valueOf(1 + random.nextInt(4)), "4Gi"))
                    .editMetadata().addToLabels("host", "n" + i).endMetadata();
            // Some nodes are in no zone.
            nodes.add(i % 5 == 4 ? node.build() : node.editMetadata().addToLabels("zone", "z" + i % 3).endMetadata().build());
            cluster.node(nodes.getLast());
        }
        List<ReferenceScheduler.At> placed = new ArrayList<>();
        PodTerm.Namespaces namespaces = (tenant, namespace) -> Map.of();
        for (int step = 0; step < 250; step++) {
            if (!placed.isEmpty() && random.nextInt(3) == 0) {
                ReferenceScheduler.At gone = placed.remove(random.nextInt(placed.size()));
                cluster.release(gone.key());
                continue;
            }
            if (random.nextInt(20) == 0) {
                int moved = random.nextInt(nodes.size());
                nodes.set(moved, new NodeBuilder(nodes.get(moved)).editMetadata().addToLabels("zone", "z" + random.nextInt(4)).endMetadata().build());
                cluster.node(nodes.get(moved));
            }
            ObjectKey key = new ObjectKey(random.nextBoolean() ? "red" : "blue", random.nextBoolean() ? "x" : "y", "p" + step);
            Pod pod = pod(key, random);
            PodFacts facts = PodFacts.of(key, pod);
            Set<String> expected = new ReferenceScheduler(nodes, placed).fitting(key, pod);
            Set<String> found = cluster.decide(view -> {
                PodRules rules = PodRules.of(facts, view, namespaces, Set.of());
                return view.nodes().stream()
                        .filter(node -> Filters.objection(facts, rules, VolumeRules.NONE, node) == null)
                        .map(NodeState::name)
                        .collect(Collectors.toCollection(TreeSet::new));
            });
            assertThat(found).as("seed %d step %d: %s", seed, step, pod).isEqualTo(expected);
            Choice choice = cluster.decide(view -> Choice.of(
                    facts, view, VolumeRules.NONE, namespaces, new Preemption((tenant, namespace) -> List.of()), random));
            if (choice instanceof Choice.Fits(String node)) {
                assertThat(expected).contains(node);
                cluster.place(facts, node);
                placed.add(new ReferenceScheduler.At(key, pod, node));
            } else {
                assertThat(expected).isEmpty();
            }
        }
    }

    private static Pod pod(ObjectKey key, Random random) {
        PodBuilder pod = new PodBuilder(ChoiceTest.pod(key.name(), random.nextInt(5) * 100 + "m", random.nextInt(4) * 100 + "Mi"))
                .editMetadata().withNamespace(key.namespace()).addToLabels("app", APPS.get(random.nextInt(3))).endMetadata();
        switch (random.nextInt(6)) {
            case 0 -> pod.editSpec().editOrNewAffinity().editOrNewPodAntiAffinity()
                    .addToRequiredDuringSchedulingIgnoredDuringExecution(term(random)).endPodAntiAffinity().endAffinity().endSpec();
            case 1 -> pod.editSpec().editOrNewAffinity().editOrNewPodAffinity()
                    .addToRequiredDuringSchedulingIgnoredDuringExecution(term(random)).endPodAffinity().endAffinity().endSpec();
            case 2 -> spread(pod, random);
            case 3 -> {
                // Some of the pods with a wish that only the scores ask for have two rules.
                pod.editSpec().editOrNewAffinity().editOrNewPodAffinity().addNewPreferredDuringSchedulingIgnoredDuringExecution()
                        .withWeight(1 + random.nextInt(100)).withPodAffinityTerm(term(random))
                        .endPreferredDuringSchedulingIgnoredDuringExecution().endPodAffinity().endAffinity().endSpec();
                if (random.nextBoolean()) {
                    spread(pod, random);
                    spread(pod, random);
                }
            }
            default -> {
                // Most pods have no rules.
            }
        }
        return pod.build();
    }

    private static void spread(PodBuilder pod, Random random) {
        pod.editSpec().addNewTopologySpreadConstraint()
                .withMaxSkew(1 + random.nextInt(2)).withTopologyKey(KEYS.get(random.nextInt(2))).withWhenUnsatisfiable("DoNotSchedule")
                .withLabelSelector(new LabelSelectorBuilder().addToMatchLabels("app", APPS.get(random.nextInt(3))).build())
                .endTopologySpreadConstraint().endSpec();
    }

    private static PodAffinityTerm term(Random random) {
        return new PodAffinityTermBuilder()
                .withTopologyKey(KEYS.get(random.nextInt(2)))
                .withLabelSelector(new LabelSelectorBuilder().addToMatchLabels("app", APPS.get(random.nextInt(3))).build())
                .build();
    }
}
