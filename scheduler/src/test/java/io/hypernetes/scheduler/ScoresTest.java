package io.hypernetes.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.WeightedPodAffinityTerm;
import io.fabric8.kubernetes.api.model.WeightedPodAffinityTermBuilder;
import io.hypernetes.client.ObjectKey;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Two nodes that differ in one score: which of them wins, and by how much, which is the score times its weight in upstream's
/// default configuration (`pkg/scheduler/apis/config/v1/default_plugins.go`).
class ScoresTest {
    private static final ObjectKey KEY = new ObjectKey("red", "default", "web");
    private static final String HOST = "kubernetes.io/hostname";
    private static final String ZONE = "topology.kubernetes.io/zone";
    private static final LabelSelector IT = new LabelSelectorBuilder().addToMatchLabels("app", "it").build();

    /// What a test says of a cluster of nodes.
    private static final class World {
        private final Map<String, Node> nodes = new HashMap<>();
        private final Cluster cluster = new Cluster();
        private int pods;

        World node(String name, UnaryOperator<NodeBuilder> differing) {
            NodeBuilder node = new NodeBuilder(ChoiceTest.node(name, "4", "4Gi"))
                    .editMetadata().withLabels(Map.of(HOST, name, ZONE, "zone-of-" + name)).endMetadata();
            nodes.put(name, differing.apply(node).build());
            cluster.node(nodes.get(name));
            return this;
        }

        World pod(String node, String cpu, String memory, UnaryOperator<PodBuilder> differing) {
            String name = "p" + pods++;
            cluster.place(PodFacts.of(new ObjectKey("red", "default", name), differing.apply(new PodBuilder(ChoiceTest.pod(name, cpu, memory))).build()), node);
            return this;
        }

        /// Two pods of one size, so that nothing but what they say of themselves differs.
        World pods(UnaryOperator<PodBuilder> onGood, UnaryOperator<PodBuilder> onBad) {
            return pod("good", "100m", "100Mi", onGood).pod("bad", "100m", "100Mi", onBad);
        }

        Map<String, Double> scores(Pod pod) {
            return cluster.decide(view -> {
                double[] scores = Scores.of(PodFacts.of(KEY, pod), view.nodes(), view, (tenant, namespace) -> Map.of());
                Map<String, Double> byName = new HashMap<>();
                for (int i = 0; i < scores.length; i++) {
                    byName.put(view.nodes().get(i).name(), scores[i]);
                }
                return byName;
            });
        }
    }

    private static World world() {
        return new World().node("bad", node -> node).node("good", node -> node);
    }

    private static PodBuilder plain(PodBuilder pod) {
        return pod;
    }

    private static PodBuilder it(PodBuilder pod) {
        return pod.editMetadata().addToLabels("app", "it").endMetadata();
    }

    private static PodBuilder owned(PodBuilder pod) {
        return pod.editMetadata().addNewOwnerReference().withUid("owner").withName("rs").withKind("ReplicaSet").withController(true).endOwnerReference().endMetadata();
    }

    private static PodBuilder near(PodBuilder pod, int weight) {
        return pod.editSpec().editOrNewAffinity().editOrNewPodAffinity().addNewPreferredDuringSchedulingIgnoredDuringExecution()
                .withWeight(weight).withNewPodAffinityTerm().withTopologyKey(HOST).withLabelSelector(IT).endPodAffinityTerm()
                .endPreferredDuringSchedulingIgnoredDuringExecution().endPodAffinity().endAffinity().endSpec();
    }

    private static PodBuilder apart(PodBuilder pod, int weight) {
        return pod.editSpec().editOrNewAffinity().editOrNewPodAntiAffinity().addNewPreferredDuringSchedulingIgnoredDuringExecution()
                .withWeight(weight).withNewPodAffinityTerm().withTopologyKey(HOST).withLabelSelector(IT).endPodAffinityTerm()
                .endPreferredDuringSchedulingIgnoredDuringExecution().endPodAntiAffinity().endAffinity().endSpec();
    }

    private static PodBuilder needsNear(PodBuilder pod) {
        return pod.editSpec().editOrNewAffinity().editOrNewPodAffinity().addNewRequiredDuringSchedulingIgnoredDuringExecution()
                .withTopologyKey(HOST).withLabelSelector(IT).endRequiredDuringSchedulingIgnoredDuringExecution().endPodAffinity().endAffinity().endSpec();
    }

    private static PodBuilder prefers(PodBuilder pod, String host, int weight) {
        return pod.editSpec().editOrNewAffinity().editOrNewNodeAffinity().addNewPreferredDuringSchedulingIgnoredDuringExecution()
                .withWeight(weight).withNewPreference().addNewMatchExpression().withKey(HOST).withOperator("In").withValues(host).endMatchExpression().endPreference()
                .endPreferredDuringSchedulingIgnoredDuringExecution().endNodeAffinity().endAffinity().endSpec();
    }

    private static PodBuilder spread(PodBuilder pod, String topologyKey) {
        return it(pod).editSpec().addNewTopologySpreadConstraint().withTopologyKey(topologyKey).withMaxSkew(1).withWhenUnsatisfiable("ScheduleAnyway")
                .withLabelSelector(IT).endTopologySpreadConstraint().endSpec();
    }

    private static NodeBuilder tainted(NodeBuilder node, String effect) {
        return node.editSpec().addNewTaint().withKey("only").withValue("gpu").withEffect(effect).endTaint().endSpec();
    }

    private static World tainted() {
        return new World().node("good", node -> node).node("bad", node -> tainted(node, "PreferNoSchedule"));
    }

    static Stream<Arguments> differences() {
        UnaryOperator<PodBuilder> plain = ScoresTest::plain;
        UnaryOperator<PodBuilder> it = ScoresTest::it;
        return Stream.of(
                of("a taint that would rather have nobody", tainted(), plain, 300),
                of("one that is tolerated makes no difference", tainted(), pod -> pod.editSpec().addNewToleration().withOperator("Exists").endToleration().endSpec(), 0),
                of("a tolerance of another effect is none", tainted(),
                        pod -> pod.editSpec().addNewToleration().withOperator("Exists").withEffect("NoExecute").endToleration().endSpec(), 300),
                of("a preferred node affinity", world(), pod -> prefers(pod, "good", 7), 200),
                of("the weightier of two preferred node affinities", world(), pod -> prefers(prefers(pod, "good", 40), "bad", 10), 150),
                of("spreading over nodes as a wish", world().pods(plain, it), pod -> spread(pod, HOST), 200),
                of("spreading over zones as a wish", world().pods(plain, it), pod -> spread(pod, ZONE), 200),
                of("spreading by half", world().pods(it, it).pods(plain, it), pod -> spread(pod, HOST), 100),
                of("a controller's pods spread by themselves", world().pods(plain, ScoresTest::owned), ScoresTest::owned, 200 * (1 - 6 / (2 * Math.log(4) + 6))),
                of("a preferred pod affinity", world().pods(it, plain), pod -> near(pod, 3), 200),
                of("a preferred pod anti-affinity", world().pods(plain, it), pod -> apart(pod, 3), 200),
                of("a pod that likes this one", world().pods(pod -> near(pod, 3), plain), it, 200),
                of("a pod that would rather be without this one", world().pods(plain, pod -> apart(pod, 3)), it, 200),
                of("a pod that needed one like this one likes it still", world().pods(pod -> needsNear(it(pod)), it), it, 200),
                of("liking and disliking weigh against each other", world().pods(pod -> near(pod, 2), pod -> apart(near(pod, 3), 2)), it, 200),
                of("cpu and memory used to the same part", world().pod("good", "1", "1Gi", plain).pod("bad", "1500m", "512Mi", plain), plain, 12.5),
                of("more of the node left", world().pod("bad", "1", "1Gi", plain), plain, 25));
    }

    private static Arguments of(String what, World world, UnaryOperator<PodBuilder> pod, double difference) {
        return Arguments.of(what, world, pod.apply(new PodBuilder(ChoiceTest.pod("web", "1", "1Gi"))).build(), difference);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("differences")
    void oneDifferenceDecides(String what, World world, Pod pod, double difference) {
        Map<String, Double> scores = world.scores(pod);
        assertThat(scores.get("good") - scores.get("bad")).as(what).isCloseTo(difference, within(1e-6));
        if (difference > 0) {
            assertThat(ChoiceTest.choose(world.cluster, KEY, pod)).isEqualTo(new Choice.Fits("good"));
        }
    }

    @Test
    void aNodeInNoPartIsNoMeasureForTheOthers() {
        World world = world().node("nowhere", node -> node.editMetadata().withLabels(Map.of(HOST, "nowhere")).endMetadata())
                .pods(ScoresTest::plain, ScoresTest::it);
        Map<String, Double> scores = world.scores(spread(new PodBuilder(ChoiceTest.pod("web", "1", "1Gi")), ZONE).build());
        assertThat(scores.get("good") - scores.get("bad")).isCloseTo(200, within(1e-6));
        assertThat(scores.get("nowhere")).isLessThan(scores.get("good"));
    }

    @Test
    void onlyPodsOnNodesThatWouldDoCountForAWishToSpread() {
        World world = new World();
        for (String zone : List.of("good", "bad")) {
            world.node(zone, node -> node.editMetadata().addToLabels("disk", "ssd").addToLabels(ZONE, zone).endMetadata());
            world.node("other-" + zone, node -> node.editMetadata().addToLabels("disk", "hdd").addToLabels(ZONE, zone).endMetadata());
        }
        world.pod("other-good", "100m", "100Mi", ScoresTest::it).pods(ScoresTest::plain, ScoresTest::it);
        Pod pod = spread(new PodBuilder(ChoiceTest.pod("web", "1", "1Gi")), ZONE).editSpec().addToNodeSelector("disk", "ssd").endSpec().build();
        Map<String, Double> scores = world.scores(pod);
        assertThat(scores.get("good") - scores.get("bad")).isCloseTo(200, within(1e-6));
    }

    @Test
    void podsThatAskForNothingDoNotAllGoWhereTheyBalanceBest() {
        World world = world().pod("bad", "1", "1Gi", ScoresTest::plain).pod("good", "1", "200Mi", ScoresTest::plain);
        Pod pod = new PodBuilder(ChoiceTest.pod("web", "0", "0")).build();
        Map<String, Double> scores = world.scores(pod);
        assertThat(scores.get("good") - scores.get("bad")).isCloseTo(100 * (1024 - 200) / 4096.0 / 2, within(1e-6));
        pod.getSpec().getContainers().getFirst().getResources().setRequests(Map.of("example.com/slots", new Quantity("1")));
        assertThat(world.scores(pod)).isEqualTo(scores);
    }

    /// More wishes than a few are asked of all pods at once: three times the same wishes are few, four times are many, and what they weigh is measured by their largest.
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void manyWishesWeighAsFewDo(long seed) {
        Random random = new Random(seed);
        List<String> apps = List.of("it", "other", "third");
        World world = new World();
        for (int i = 0; i < 6; i++) {
            String zone = "z" + i % 3;
            boolean zoned = i != 5;
            world.node("n" + i, node -> zoned ? node.editMetadata().addToLabels(ZONE, zone).endMetadata() : node.editMetadata().removeFromLabels(ZONE).endMetadata());
        }
        for (int i = 0; i < 12; i++) {
            String app = apps.get(random.nextInt(apps.size()));
            world.pod("n" + random.nextInt(6), "100m", "100Mi", pod -> pod.editMetadata().addToLabels("app", app).endMetadata());
        }
        List<WeightedPodAffinityTerm> near = wishes(random, apps), far = wishes(random, apps);

        Map<String, Double> few = world.scores(wishing(near, far, 3));
        Map<String, Double> many = world.scores(wishing(near, far, 4));

        assertThat(Set.copyOf(few.values())).as("they are not all the same").hasSizeGreaterThan(1);
        assertThat(many.keySet()).isEqualTo(few.keySet());
        few.forEach((node, score) -> assertThat(many.get(node)).as(node).isCloseTo(score, within(1e-9)));
    }

    private static List<WeightedPodAffinityTerm> wishes(Random random, List<String> apps) {
        return Stream.generate(() -> new WeightedPodAffinityTermBuilder()
                        .withWeight(1 + random.nextInt(100))
                        .withNewPodAffinityTerm()
                        .withTopologyKey(List.of(HOST, ZONE, "example.com/absent").get(random.nextInt(3)))
                        .withLabelSelector(new LabelSelectorBuilder().addToMatchLabels("app", apps.get(random.nextInt(apps.size()))).build())
                        .endPodAffinityTerm()
                        .build())
                .limit(5)
                .toList();
    }

    private static Pod wishing(List<WeightedPodAffinityTerm> near, List<WeightedPodAffinityTerm> far, int times) {
        return new PodBuilder(ChoiceTest.pod("web", "100m", "100Mi")).editSpec().editOrNewAffinity()
                .withNewPodAffinity().addAllToPreferredDuringSchedulingIgnoredDuringExecution(repeated(near, times)).endPodAffinity()
                .withNewPodAntiAffinity().addAllToPreferredDuringSchedulingIgnoredDuringExecution(repeated(far, times)).endPodAntiAffinity()
                .endAffinity().endSpec().build();
    }

    private static <T> List<T> repeated(List<T> all, int times) {
        return Stream.generate(() -> all).limit(times).flatMap(List::stream).toList();
    }
}
