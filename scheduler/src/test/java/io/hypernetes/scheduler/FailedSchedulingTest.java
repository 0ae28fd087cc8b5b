package io.hypernetes.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorTermBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodFluent;
import io.fabric8.kubernetes.api.model.PodSpecFluent;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.TopologySpreadConstraintBuilder;
import io.hypernetes.client.ObjectKey;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What users read when a pod fits nowhere: word for word what kube-scheduler says, since people and programs look for these words.
class FailedSchedulingTest {
    private static final ObjectKey KEY = new ObjectKey("red", "default", "web");
    private static final String NO_HELP = "1 Preemption is not helpful for scheduling";
    private static final String NO_VICTIMS = "1 No preemption victims found for incoming pod";

    private final Cluster cluster = new Cluster();

    private static Node node(String name, String zone) {
        Node node = ChoiceTest.node(name, "4", "4Gi");
        node.getMetadata().getLabels().put("kubernetes.io/hostname", name);
        if (!zone.isEmpty()) {
            node.getMetadata().getLabels().put("zone", zone);
        }
        return node;
    }

    private static PodBuilder pod(String name) {
        return new PodBuilder(ChoiceTest.pod(name, "1m", "1Mi")).editMetadata().addToLabels("app", "web").endMetadata();
    }

    private static PodSpecFluent<PodFluent<PodBuilder>.SpecNested<PodBuilder>>.AffinityNested<PodFluent<PodBuilder>.SpecNested<PodBuilder>> affine(String name) {
        return pod(name).editSpec().withNewAffinity();
    }

    private static Pod apart(String name) {
        return affine(name).withNewPodAntiAffinity().addNewRequiredDuringSchedulingIgnoredDuringExecution()
                .withTopologyKey("zone").withNewLabelSelector().addToMatchLabels("app", "web").endLabelSelector()
                .endRequiredDuringSchedulingIgnoredDuringExecution().endPodAntiAffinity().endAffinity().endSpec().build();
    }

    private void placed(String name, String node, Pod pod) {
        cluster.place(PodFacts.of(new ObjectKey("red", "default", name), pod), node);
    }

    private String why(Pod pod) {
        return ChoiceTest.choose(cluster, KEY, pod) instanceof Choice.FitsNowhere(String message, Preemption.Result makeWay) ? message : "it fits";
    }

    /// That all nodes say the one and taking others' places says the other.
    private void refused(Pod pod, String reasons, String preemption) {
        int nodes = cluster.<Integer>decide(view -> view.nodes().size());
        String start = "0/" + nodes + " nodes are available: ";
        assertThat(why(pod)).isEqualTo(start + reasons + ". preemption: " + start + preemption + ".");
    }

    @Test
    void nodesThatDoNotWantIt() {
        Node node = node("n1", "a");
        cluster.node(node);
        node.getSpec().setUnschedulable(true);
        node.getSpec().setTaints(List.of(new Taint("NoSchedule", "node.kubernetes.io/unschedulable", null, null)));
        refused(pod("web").build(), "1 node(s) were unschedulable", NO_HELP);
        node.getSpec().setUnschedulable(false);
        refused(pod("web").build(), "1 node(s) had untolerated taint {node.kubernetes.io/unschedulable: }", NO_HELP);
        node.getSpec().setTaints(List.of(
                new Taint("PreferNoSchedule", "better", null, "not"),
                new Taint("NoExecute", "only", null, "gpu"),
                new Taint("NoSchedule", "second", null, "one")));
        refused(pod("web").build(), "1 node(s) had untolerated taint {only: gpu}", NO_HELP);
    }

    @Test
    void nodesThatItDoesNotWant() {
        cluster.node(node("n1", "a"));
        refused(pod("web").editSpec().addToNodeSelector("disk", "hdd").endSpec().build(), "1 node(s) didn't match Pod's node affinity/selector", NO_HELP);
        Pod named = pod("web").editSpec().withNodeName("n2").endSpec().build();
        refused(named, "1 node(s) didn't match the requested node name", NO_HELP);
    }

    /// A pod of a DaemonSet.
    private static Pod forNodes(List<String>... each) {
        List<NodeSelectorRequirement> fields = new ArrayList<>();
        for (List<String> names : each) {
            fields.add(new NodeSelectorRequirement("metadata.name", "In", names));
        }
        return affine("web").withNewNodeAffinity().withNewRequiredDuringSchedulingIgnoredDuringExecution()
                .withNodeSelectorTerms(new NodeSelectorTermBuilder().withMatchFields(fields).build())
                .endRequiredDuringSchedulingIgnoredDuringExecution().endNodeAffinity().endAffinity().endSpec().build();
    }

    @Test
    void aPodOfOneNodeIsNotEvenAskedOfOthers() {
        cluster.node(node("n1", "a"));
        cluster.node(node("n2", "a"));
        cluster.node(node("n3", "a"));
        placed("big", "n1", ChoiceTest.pod("big", "4", "4Gi"));
        refused(forNodes(List.of("n1")),
                "1 Insufficient cpu, 1 Insufficient memory, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]",
                NO_VICTIMS + ", 2 Preemption is not helpful for scheduling");
        refused(forNodes(List.of("gone")),
                "3 node(s) didn't satisfy plugin(s) [NodeAffinity]", "3 Preemption is not helpful for scheduling");
        refused(forNodes(List.of("n1"), List.of("n2")), "pod affinity terms conflict", "3 Preemption is not helpful for scheduling");
        assertThat(ChoiceTest.choose(cluster, KEY, forNodes(List.of("n1", "n3"), List.of("n3", "n2")))).isEqualTo(new Choice.Fits("n3"));
    }

    @Test
    void portsOfTheNode() {
        cluster.node(node("n1", "a"));
        Pod pod = pod("web").editSpec().editFirstContainer().addNewPort().withContainerPort(80).withHostPort(80).endPort().endContainer().endSpec().build();
        placed("other", "n1", pod);
        refused(pod, "1 node(s) didn't have free ports for the requested pod ports", NO_VICTIMS);
    }

    @Test
    void resources() {
        Node node = node("n1", "a");
        node.getStatus().getAllocatable().put("pods", new Quantity("1"));
        node.getStatus().getAllocatable().put("ephemeral-storage", new Quantity("1Gi"));
        cluster.node(node);
        Pod greedy = pod("web").editSpec().editFirstContainer().editResources()
                .addToRequests("cpu", new Quantity("5"))
                .addToRequests("memory", new Quantity("5Gi"))
                .addToRequests("ephemeral-storage", new Quantity("2Gi"))
                .addToRequests("example.com/slots", new Quantity("1"))
                .endResources().endContainer().endSpec().build();
        refused(greedy, "1 Insufficient cpu, 1 Insufficient ephemeral-storage, 1 Insufficient example.com/slots, 1 Insufficient memory", NO_HELP);
        placed("other", "n1", pod("other").build());
        refused(pod("web").build(), "1 Too many pods", NO_VICTIMS);
        node.getStatus().getAllocatable().put("pods", new Quantity("0"));
        cluster.node(node);
        cluster.release(new ObjectKey("red", "default", "other"));
        refused(pod("web").build(), "1 Too many pods", NO_VICTIMS);
    }

    @Test
    void otherPods() {
        cluster.node(node("n1", "a"));
        Pod near = affine("web").withNewPodAffinity().addNewRequiredDuringSchedulingIgnoredDuringExecution()
                .withTopologyKey("zone").withNewLabelSelector().addToMatchLabels("app", "db").endLabelSelector()
                .endRequiredDuringSchedulingIgnoredDuringExecution().endPodAffinity().endAffinity().endSpec().build();
        refused(near, "1 node(s) didn't match pod affinity rules", NO_HELP);
        placed("other", "n1", pod("other").build());
        refused(apart("web"), "1 node(s) didn't match pod anti-affinity rules", NO_VICTIMS);
        placed("other", "n1", apart("other"));
        refused(pod("web").build(), "1 node(s) didn't satisfy existing pods anti-affinity rules", NO_VICTIMS);
    }

    @Test
    void spreading() {
        cluster.node(node("n1", "a"));
        cluster.node(node("n2", ""));
        Node full = node("n3", "b");
        full.getSpec().setUnschedulable(true);
        cluster.node(full);
        placed("other", "n1", pod("other").build());
        Pod pod = pod("web").editSpec().addToTopologySpreadConstraints(new TopologySpreadConstraintBuilder()
                .withTopologyKey("zone").withMaxSkew(1).withWhenUnsatisfiable("DoNotSchedule")
                .withNewLabelSelector().addToMatchLabels("app", "web").endLabelSelector().build()).endSpec().build();
        refused(pod,
                "1 node(s) didn't match pod topology spread constraints, 1 node(s) didn't match pod topology spread constraints (missing required label),"
                        + " 1 node(s) were unschedulable",
                NO_VICTIMS + ", 2 Preemption is not helpful for scheduling");
    }

    /// As text: so 10 comes before 2.
    @Test
    void reasonsAreCountedAndInTheOrderOfTheirText() {
        for (int i = 0; i < 13; i++) {
            Node node = node("n" + i, "a");
            node.getSpec().setUnschedulable(i < 10);
            node.getSpec().setTaints(i == 10 ? List.of(new Taint("NoSchedule", "only", null, "gpu")) : List.of());
            cluster.node(node);
        }
        placed("one", "n11", ChoiceTest.pod("one", "4", "1Mi"));
        placed("two", "n12", ChoiceTest.pod("two", "4", "1Mi"));
        refused(pod("web").build(),
                "1 node(s) had untolerated taint {only: gpu}, 10 node(s) were unschedulable, 2 Insufficient cpu",
                "11 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod");
    }

    /// Of the nodes where somebody could go, it says what would still be in the way.
    @Test
    void whatTakingPlacesWouldNotHelp() {
        cluster.node(node("n1", "a"));
        placed("low", "n1", new PodBuilder(ChoiceTest.pod("low", "1", "1Mi")).editSpec().withPriority(-1).endSpec().build());
        placed("equal", "n1", ChoiceTest.pod("equal", "2", "1Mi"));
        refused(ChoiceTest.pod("web", "3", "1Mi"), "1 Insufficient cpu", "1 Insufficient cpu");
        placed("apart", "n1", apart("apart"));
        refused(new PodBuilder(ChoiceTest.pod("web", "1500m", "1Mi")).editMetadata().addToLabels("app", "web").endMetadata().build(),
                "1 Insufficient cpu", "1 node(s) didn't satisfy existing pods anti-affinity rules");
    }

    @Test
    void whoMayNotTakePlaces() {
        cluster.node(node("n1", "a"));
        Pod low = new PodBuilder(ChoiceTest.pod("low", "4", "1Mi")).editSpec().withPriority(-1).endSpec().build();
        placed("low", "n1", low);
        Pod polite = pod("web").editSpec().withPreemptionPolicy("Never").endSpec().build();
        assertThat(why(polite)).isEqualTo("0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.");
        assertThat(why(pod("web").build())).isEqualTo("0/1 nodes are available: 1 Insufficient cpu.");

        Pod nominated = pod("web").withNewStatus().withNominatedNodeName("n1").endStatus().build();
        placed("low", "n1", new PodBuilder(low).editMetadata().withDeletionTimestamp("2026-01-01T00:00:00Z").endMetadata().withNewStatus()
                .withConditions(condition("PreemptionByScheduler")).endStatus().build());
        assertThat(why(nominated)).isEqualTo(
                "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to a terminating pod on the nominated node.");
        // Somebody else ended that one, which says nothing about whether there will be room.
        placed("low", "n1", new PodBuilder(low).editMetadata().withDeletionTimestamp("2026-01-01T00:00:00Z").endMetadata().withNewStatus()
                .withConditions(condition("EvictionByEvictionAPI")).endStatus().build());
        assertThat(why(nominated)).isEqualTo("0/1 nodes are available: 1 Insufficient cpu.");
    }

    private static PodCondition condition(String reason) {
        PodCondition condition = new PodCondition();
        condition.setType("DisruptionTarget");
        condition.setStatus("True");
        condition.setReason(reason);
        return condition;
    }

    /// What was promised to it is worth nothing when that node will not do any more.
    @Test
    void aNominatedNodeThatIsOutOfTheQuestionIsGivenUp() {
        Node first = node("n1", "a");
        cluster.node(first);
        cluster.node(node("n2", "a"));
        Pod low = new PodBuilder(ChoiceTest.pod("low", "4", "1Mi")).editSpec().withPriority(-1).endSpec().build();
        placed("low", "n1", new PodBuilder(low).editMetadata().withDeletionTimestamp("2026-01-01T00:00:00Z").endMetadata().withNewStatus()
                .withConditions(condition("PreemptionByScheduler")).endStatus().build());
        placed("lower", "n2", low);
        first.getSpec().setUnschedulable(true);
        cluster.node(first);
        Pod pod = pod("web").withNewStatus().withNominatedNodeName("n1").endStatus().build();
        assertThat(ChoiceTest.choose(cluster, KEY, pod)).isInstanceOfSatisfying(Choice.FitsNowhere.class, nowhere ->
                assertThat(nowhere.makeWay().node()).isEqualTo("n2"));
        cluster.release(new ObjectKey("red", "default", "lower"));
        placed("equal", "n2", ChoiceTest.pod("equal", "4", "1Mi"));
        assertThat(ChoiceTest.choose(cluster, KEY, pod)).isInstanceOfSatisfying(Choice.FitsNowhere.class, nowhere ->
                assertThat(nowhere.makeWay().node()).isEmpty());
    }

    @Test
    void noNodesAtAll() {
        assertThat(why(pod("web").build())).isEqualTo("no nodes available to schedule pods");
    }
}
