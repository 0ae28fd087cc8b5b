package io.hypernetes.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import io.fabric8.kubernetes.api.model.NodeSelectorTermBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodAffinityTerm;
import io.fabric8.kubernetes.api.model.PodAffinityTermBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PreferredSchedulingTerm;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.WeightedPodAffinityTerm;
import io.hypernetes.client.ObjectKey;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class ChoiceTest {
    private static final ObjectKey KEY = new ObjectKey("red", "default", "web");

    static Node node(String name, String cpu, String memory) {
        Map<String, Quantity> room = new HashMap<>(Map.of("cpu", new Quantity(cpu), "memory", new Quantity(memory), "pods", new Quantity("110")));
        return new NodeBuilder()
                .withNewMetadata().withName(name).addToLabels("disk", name.equals("n1") ? "ssd" : "hdd").endMetadata()
                .withNewSpec().endSpec()
                .withNewStatus().withCapacity(room).withAllocatable(room).endStatus()
                .build();
    }

    static Pod pod(String name, String cpu, String memory) {
        return new PodBuilder()
                .withNewMetadata().withName(name).withNamespace("default").endMetadata()
                .withNewSpec()
                .addNewContainer().withName("c").withImage("i").withNewResources()
                .addToRequests("cpu", new Quantity(cpu)).addToRequests("memory", new Quantity(memory)).endResources().endContainer()
                .endSpec()
                .build();
    }

    private static final String NO_VICTIMS = " preemption: 0/%d nodes are available: %s.";

    static Choice choose(Cluster cluster, ObjectKey key, Pod pod) {
        PodTerm.Namespaces namespaces = (tenant, namespace) -> Map.of("kubernetes.io/metadata.name", namespace);
        return cluster.decide(view -> Choice.of(
                PodFacts.of(key, pod), view, VolumeRules.NONE, namespaces, new Preemption((tenant, namespace) -> List.of()), new Random(1)));
    }

    private static Cluster cluster(Node... nodes) {
        Cluster cluster = new Cluster();
        List.of(nodes).forEach(cluster::node);
        return cluster;
    }

    private static Choice choose(Pod pod, Node... nodes) {
        return choose(cluster(nodes), KEY, pod);
    }

    private static String why(Choice choice) {
        return choice instanceof Choice.FitsNowhere(String message, Preemption.Result makeWay) ? message : "it fits: " + choice;
    }

    /// Each value compared with the label of each node would hold up every other pod.
    @Test
    @Timeout(10)
    void aPodThatNamesVeryManyValuesIsDecidedAtOnce() {
        Cluster cluster = new Cluster();
        IntStream.range(0, 10_000).mapToObj(i -> node("n" + i, "2", "4Gi")).forEach(cluster::node);
        List<String> values = IntStream.range(0, 200_000).mapToObj(i -> "value-" + i).toList();
        NodeSelectorRequirement outside = new NodeSelectorRequirement("disk", "NotIn", values);
        NodeSelectorTerm near = new NodeSelectorTermBuilder().withMatchExpressions(Collections.nCopies(5, outside)).build();
        NodeSelectorTerm far = new NodeSelectorTermBuilder(near).addToMatchExpressions(new NodeSelectorRequirement("disk", "In", values)).build();
        assertThat(why(choose(cluster, KEY, on(far, far)))).contains("10000 node(s) didn't match Pod's node affinity/selector");
        assertThat(choose(cluster, KEY, on(near, far))).isInstanceOf(Choice.Fits.class);
    }

    /// Each term asked of each node would hold up every other pod.
    @Test
    @Timeout(20)
    void aPodWithVeryManyTermsIsDecidedAtOnce() {
        Cluster cluster = new Cluster();
        IntStream.range(0, 10_000).mapToObj(i -> node("n" + i, "2", "4Gi")).forEach(cluster::node);
        List<NodeSelectorTerm> terms = IntStream.range(0, 40_000).mapToObj(i -> new NodeSelectorTermBuilder()
                .addToMatchExpressions(new NodeSelectorRequirement("disk", "NotIn", List.of("value-" + i)))
                .addToMatchExpressions(new NodeSelectorRequirement("disk", "Exists", List.of()))
                .addToMatchExpressions(new NodeSelectorRequirement("disk", "In", List.of("other-" + i))).build()).toList();
        Pod nowhere = new PodBuilder(on(terms.getFirst(), terms.getFirst())).editSpec().editAffinity().editNodeAffinity()
                .editRequiredDuringSchedulingIgnoredDuringExecution().withNodeSelectorTerms(terms).endRequiredDuringSchedulingIgnoredDuringExecution()
                .endNodeAffinity().endAffinity().endSpec().build();
        assertThat(why(choose(cluster, KEY, nowhere))).contains("10000 node(s) didn't match Pod's node affinity/selector");
        Pod likes = new PodBuilder(pod("web", "1", "1Mi")).editSpec().withNewAffinity().withNewNodeAffinity()
                .withPreferredDuringSchedulingIgnoredDuringExecution(terms.stream().map(term -> new PreferredSchedulingTerm(term, 1)).toList())
                .endNodeAffinity().endAffinity().endSpec().build();
        assertThat(choose(cluster, KEY, likes)).isInstanceOf(Choice.Fits.class);
    }

    /// The same of terms of pods, each asked of each pod and of each node.
    @Test
    @Timeout(20)
    void aPodWithVeryManyTermsOfOthersIsDecidedAtOnce() {
        Cluster cluster = new Cluster();
        IntStream.range(0, 10_000).mapToObj(i -> node("n" + i, "2", "4Gi")).forEach(cluster::node);
        IntStream.range(0, 5_000).forEach(i -> cluster.place(
                PodFacts.of(new ObjectKey("blue", "default", "p" + i), new PodBuilder(pod("p" + i, "1m", "1Mi")).editMetadata().addToLabels("app", "a" + i).endMetadata().build()), "n" + i));
        List<PodAffinityTerm> terms = IntStream.range(0, 20_000).mapToObj(i -> new PodAffinityTermBuilder().withTopologyKey("key-" + i % 1000)
                .withNewLabelSelector().addNewMatchExpression().withKey("app").withOperator("NotIn").withValues("b" + i).endMatchExpression().endLabelSelector().build()).toList();
        Pod apart = new PodBuilder(pod("web", "1", "1Mi")).editSpec().withNewAffinity().withNewPodAntiAffinity()
                .withRequiredDuringSchedulingIgnoredDuringExecution(terms).endPodAntiAffinity().endAffinity().endSpec().build();
        assertThat(choose(cluster, KEY, apart)).isInstanceOf(Choice.Fits.class);
        Pod near = new PodBuilder(pod("web", "1", "1Mi")).editSpec().withNewAffinity().withNewPodAffinity()
                .withRequiredDuringSchedulingIgnoredDuringExecution(terms).endPodAffinity().endAffinity().endSpec().build();
        assertThat(why(choose(cluster, KEY, near))).contains("10000 node(s) didn't match pod affinity rules");
        Pod likes = new PodBuilder(pod("web", "1", "1Mi")).editSpec().withNewAffinity().withNewPodAffinity()
                .withPreferredDuringSchedulingIgnoredDuringExecution(terms.stream().map(term -> new WeightedPodAffinityTerm(term, 1)).toList()).endPodAffinity().endAffinity().endSpec().build();
        assertThat(choose(cluster, KEY, likes)).isInstanceOf(Choice.Fits.class);
    }

    private static Pod on(NodeSelectorTerm required, NodeSelectorTerm preferred) {
        return new PodBuilder(pod("web", "1", "1Mi")).editSpec().withNewAffinity().withNewNodeAffinity()
                .withNewRequiredDuringSchedulingIgnoredDuringExecution().withNodeSelectorTerms(required).endRequiredDuringSchedulingIgnoredDuringExecution()
                .addNewPreferredDuringSchedulingIgnoredDuringExecution().withWeight(5).withPreference(preferred).endPreferredDuringSchedulingIgnoredDuringExecution()
                .endNodeAffinity().endAffinity().endSpec().build();
    }

    @Test
    void theMessageNamesEachReasonWithItsCount() {
        Node small = node("n1", "1", "1Gi");
        Node tainted = node("n2", "8", "8Gi");
        tainted.getSpec().setTaints(List.of(new io.fabric8.kubernetes.api.model.Taint("NoSchedule", "only", null, "gpu")));
        assertThat(why(choose(pod("web", "2", "1Mi"), small, tainted))).isEqualTo(
                "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {only: gpu}."
                        + NO_VICTIMS.formatted(2, "2 Preemption is not helpful for scheduling"));
        assertThat(why(choose(pod("web", "2", "4Gi"), small))).isEqualTo(
                "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory."
                        + NO_VICTIMS.formatted(1, "1 Preemption is not helpful for scheduling"));
        assertThat(why(choose(pod("web", "1", "1Mi")))).isEqualTo("no nodes available to schedule pods");
        Cluster full = cluster(small);
        full.place(PodFacts.of(new ObjectKey("blue", "x", "y"), pod("y", "1", "1Mi")), "n1");
        assertThat(why(choose(full, KEY, pod("web", "1", "1Mi")))).isEqualTo(
                "0/1 nodes are available: 1 Insufficient cpu." + NO_VICTIMS.formatted(1, "1 No preemption victims found for incoming pod"));
    }

    @Test
    void selectorsAffinityAndCordonsAreRespected() {
        Pod wantsSsd = pod("web", "1", "1Mi");
        wantsSsd.getSpec().setNodeSelector(Map.of("disk", "ssd"));
        assertThat(choose(wantsSsd, node("n1", "2", "2Gi"), node("n2", "64", "64Gi"))).isEqualTo(new Choice.Fits("n1"));
        Pod refusesSsd = new PodBuilder(pod("web", "1", "1Mi")).editSpec().withNewAffinity().withNewNodeAffinity()
                .withNewRequiredDuringSchedulingIgnoredDuringExecution().addNewNodeSelectorTerm()
                .addNewMatchExpression().withKey("disk").withOperator("NotIn").withValues("ssd").endMatchExpression().endNodeSelectorTerm()
                .endRequiredDuringSchedulingIgnoredDuringExecution().endNodeAffinity().endAffinity().endSpec().build();
        assertThat(why(choose(refusesSsd, node("n1", "2", "2Gi")))).startsWith(
                "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.");
        Node cordoned = node("n1", "2", "2Gi");
        cordoned.getSpec().setUnschedulable(true);
        assertThat(why(choose(pod("web", "1", "1Mi"), cordoned))).startsWith(
                "0/1 nodes are available: 1 node(s) were unschedulable.");
    }

    @Test
    void theEmptierNodeWins() {
        Cluster cluster = cluster(node("n1", "4", "4Gi"), node("n2", "4", "4Gi"));
        cluster.place(PodFacts.of(new ObjectKey("blue", "x", "y"), pod("y", "3", "3Gi")), "n1");
        assertThat(choose(cluster, KEY, pod("web", "500m", "512Mi"))).isEqualTo(new Choice.Fits("n2"));
    }

    /// As the pod that a ReplicaSet makes for the one that had to go.
    private static Pod slots(String name, int priority) {
        return new PodBuilder(pod(name, "1m", "1Mi")).editMetadata().addToLabels("app", "it").endMetadata()
                .editSpec().withPriority(priority).editFirstContainer().editResources()
                .addToRequests("example.com/slots", new Quantity("2")).endResources().endContainer().endSpec().build();
    }

    private static Pod port(String name, int priority) {
        return new PodBuilder(pod(name, "1m", "1Mi")).editSpec().withPriority(priority).editFirstContainer()
                .addNewPort().withContainerPort(80).withHostPort(80).endPort().endContainer().endSpec().build();
    }

    private static Pod alone(String name, int priority) {
        return new PodBuilder(slots(name, priority)).editSpec()
                .editFirstContainer().editResources().removeFromRequests("example.com/slots").endResources().endContainer()
                .withNewAffinity().withNewPodAntiAffinity().addNewRequiredDuringSchedulingIgnoredDuringExecution()
                .withTopologyKey("disk").withNewLabelSelector().addToMatchLabels("app", "it").endLabelSelector()
                .endRequiredDuringSchedulingIgnoredDuringExecution().endPodAntiAffinity().endAffinity().endSpec().build();
    }

    @Test
    void roomThatOthersMakeForAPodIsKeptFromLessImportantOnes() {
        Node node = node("n1", "4", "4Gi");
        node.getStatus().getAllocatable().put("example.com/slots", new Quantity("2"));
        for (BiFunction<String, Integer, Pod> kind : List.<BiFunction<String, Integer, Pod>>of(ChoiceTest::slots, ChoiceTest::port, ChoiceTest::alone)) {
            Cluster cluster = cluster(node);
            cluster.nominate(PodFacts.of(KEY, kind.apply("web", 10)), "n1");
            ObjectKey other = new ObjectKey("red", "default", "other");
            assertThat(why(choose(cluster, other, kind.apply("other", 1)))).startsWith("0/1 nodes are available: 1 ");
            assertThat(choose(cluster, other, kind.apply("other", 11))).isEqualTo(new Choice.Fits("n1"));
            assertThat(choose(cluster, KEY, kind.apply("web", 10))).isEqualTo(new Choice.Fits("n1"));
            cluster.release(KEY);
            assertThat(choose(cluster, other, kind.apply("other", 1))).isEqualTo(new Choice.Fits("n1"));
        }
    }

    @Test
    void demandIsTheLargerOfInitAndRunningPlusOverhead() {
        Pod pod = new PodBuilder(pod("web", "1", "1Gi")).editSpec()
                .addNewInitContainer().withName("big").withNewResources().addToRequests("cpu", new Quantity("2500m")).endResources().endInitContainer()
                .addNewInitContainer().withName("side").withRestartPolicy("Always").withNewResources()
                .addToRequests("memory", new Quantity("64Mi")).endResources().endInitContainer()
                .addToOverhead("memory", new Quantity("20Mi")).endSpec().build();
        Demand demand = Demand.of(pod);
        assertThat(demand.cpuMillis()).isEqualTo(2500);
        assertThat(demand.memory()).isEqualTo((1024 + 64 + 20) * 1024L * 1024);
    }
}
