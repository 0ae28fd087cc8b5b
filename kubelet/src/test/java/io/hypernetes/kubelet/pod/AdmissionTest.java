package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.kubelet.cri.ObservedPod;
import io.hypernetes.kubelet.cri.ObservedSandbox;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Upstream's pkg/kubelet/lifecycle/predicate.go.
class AdmissionTest {
    private final Map<String, Standing> standing = new HashMap<>();
    private final Allocations allocations = new Allocations(
            () -> Map.of("cpu", new Quantity("4"), "memory", new Quantity("1Gi"), "pods", new Quantity("3"), "ephemeral-storage", new Quantity("1Gi")),
            uid -> standing.getOrDefault(uid, Standing.STAYS), () -> {});
    private Optional<Node> known = Optional.of(new NodeBuilder().withNewMetadata().withName("n1").addToLabels("disk", "ssd").endMetadata().withNewSpec().endSpec().build());
    private final Admission admission = new Admission(allocations);

    private static Pod pod(String uid, String cpu) {
        return new PodBuilder().withNewMetadata().withUid(uid).endMetadata().withNewSpec().addNewContainer().withName("main")
                .withNewResources().addToRequests("cpu", new Quantity(cpu)).endResources().endContainer().endSpec().build();
    }

    private void here(String uid, String cpu) {
        allocations.admit(pod(uid, cpu));
    }

    private Admission.Verdict judge(Pod pod) {
        return admission.judge(pod, known, true);
    }

    private static Admission.Verdict rejected(String reason, String message) {
        return new Admission.Rejected(new Rejection(reason, message));
    }

    @Test
    void whatDoesNotFitIsRejected() {
        here("a", "3");
        assertThat(judge(pod("b", "1"))).isEqualTo(new Admission.Admitted());
        assertThat(allocations.knows(pod("b", "1"))).isTrue();
        assertThat(judge(pod("c", "2"))).isEqualTo(rejected("OutOfcpu", "Node didn't have enough resource: cpu, requested: 2000, used: 4000, capacity: 4000"));
        here("e", "0");
        assertThat(judge(pod("d", "0"))).isEqualTo(rejected("OutOfpods", "Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3"));
    }

    @Test
    void whatOthersUseIsNotToldToATenant() {
        here("a", "3");
        Pod own = pod("b", "2").edit().editMetadata().addToAnnotations(ObjectKey.TENANT_ANNOTATION, "acme").endMetadata().build();
        assertThat(judge(own)).isEqualTo(rejected("OutOfcpu", "Node didn't have enough resource: cpu, requested: 2000, capacity: 4000"));
    }

    /// A deleted pod's machine may end a moment after the API has forgotten the pod.
    @Test
    void whatFitsOnceOthersHaveGoneWaits() {
        here("a", "3");
        standing.put("a", Standing.LEAVES);
        assertThat(judge(pod("b", "2"))).isInstanceOfSatisfying(Admission.Waits.class, waits ->
                assertThat(waits.until().message(ObjectKey.ROOT)).isEqualTo("Node didn't have enough resource: cpu, requested: 2000, used: 3000, capacity: 4000"));
        assertThat(allocations.knows(pod("b", "2"))).isFalse();
        assertThat(judge(pod("c", "5"))).isInstanceOf(Admission.Rejected.class);
        standing.put("a", Standing.LEFT);
        assertThat(judge(pod("b", "2"))).isEqualTo(new Admission.Admitted());
    }

    @Test
    void whatWaitsLosesNoRoomToOneThatComesBehindIt() {
        here("a", "1");
        standing.put("a", Standing.LEAVES);
        assertThat(judge(pod("b", "4"))).isInstanceOf(Admission.Waits.class);
        allocations.promise(pod("b", "4"));
        assertThat(judge(pod("c", "1"))).isEqualTo(rejected("OutOfcpu", "Node didn't have enough resource: cpu, requested: 1000, used: 4000, capacity: 4000"));
        standing.put("a", Standing.LEFT);
        assertThat(judge(pod("b", "4"))).isEqualTo(new Admission.Admitted());
    }

    private void waits(Pod pod) {
        allocations.await(pod);
        assertThat(judge(pod)).isInstanceOf(Admission.Waits.class);
        allocations.promise(pod);
    }

    /// Or a tenant could have another one's pod turned away for good.
    @Test
    void whatAsksForMoreWhileItWaitsStandsBehindAllOthers() {
        here("leaving", "3");
        standing.put("leaving", Standing.LEAVES);
        waits(pod("p", "1.5"));
        waits(pod("q", "1.2"));
        allocations.await(pod("q", "3"));
        assertThat(judge(pod("p", "1.5"))).isInstanceOf(Admission.Waits.class);
        assertThat(judge(pod("q", "3"))).isEqualTo(rejected("OutOfcpu", "Node didn't have enough resource: cpu, requested: 3000, used: 1500, capacity: 4000"));
        standing.put("leaving", Standing.LEFT);
        assertThat(judge(pod("p", "1.5"))).isEqualTo(new Admission.Admitted());
    }

    @Test
    void whatAsksForMoreThanItWaitsForAndStillFitsWaitsAnew() {
        here("leaving", "3");
        standing.put("leaving", Standing.LEAVES);
        waits(pod("p", "1.2"));
        waits(pod("q", "1.2"));
        allocations.await(pod("p", "1.3"));
        waits(pod("p", "1.3"));
        assertThat(allocations.place(pod("p", "1.3"))).isGreaterThan(allocations.place(pod("q", "1.2")));
    }

    @Test
    void whatAsksForNoMoreKeepsItsPlace() {
        here("leaving", "3");
        standing.put("leaving", Standing.LEAVES);
        waits(pod("p", "1.5"));
        waits(pod("q", "1.2"));
        long place = allocations.place(pod("p", "1.5"));
        allocations.await(pod("p", "1.4"));
        allocations.promise(pod("p", "1.4"));
        assertThat(allocations.place(pod("p", "1.4"))).isEqualTo(place).isLessThan(allocations.place(pod("q", "1.2")));
        allocations.await(pod("p", "1.5"));
        assertThat(allocations.place(pod("p", "1.5"))).as("what it gave back it asks for anew").isGreaterThan(allocations.place(pod("q", "1.2")));
    }

    @Test
    void whatIsPutHereMeanwhileCostsThoseThatWaitLastFirst() {
        here("leaving", "3");
        standing.put("leaving", Standing.LEAVES);
        waits(pod("p", "1.5"));
        waits(pod("q", "1.2"));
        here("static", "1.5");
        assertThat(judge(pod("p", "1.5"))).isInstanceOf(Admission.Waits.class);
        assertThat(judge(pod("q", "1.2"))).as("the other one may not come").isInstanceOf(Admission.Waits.class);
        standing.put("leaving", Standing.LEFT);
        assertThat(judge(pod("q", "1.2"))).as("it would fit, but takes nothing from who is before").isInstanceOf(Admission.Waits.class);
        assertThat(judge(pod("p", "1.5"))).isEqualTo(new Admission.Admitted());
        assertThat(judge(pod("q", "1.2"))).isEqualTo(rejected("OutOfcpu", "Node didn't have enough resource: cpu, requested: 1200, used: 3000, capacity: 4000"));
    }

    @Test
    void whatWaitsIsTurnedAwayWhenWhatStaysLeavesItNoRoom() {
        here("leaving", "4");
        standing.put("leaving", Standing.LEAVES);
        waits(pod("p", "1.5"));
        waits(pod("q", "1"));
        here("static", "3");
        assertThat(judge(pod("p", "1.5"))).isEqualTo(rejected("OutOfcpu", "Node didn't have enough resource: cpu, requested: 1500, used: 3000, capacity: 4000"));
        assertThat(judge(pod("q", "1"))).isInstanceOf(Admission.Waits.class);
        allocations.decided("p");
        standing.put("leaving", Standing.LEFT);
        assertThat(judge(pod("q", "1"))).isEqualTo(new Admission.Admitted());
    }

    /// Of what nobody has told of, only what runs is known.
    @Test
    void whatFitsOnlyWithoutAnOrphanWaits() {
        ObservedPod seen = new ObservedPod(List.of(new ObservedSandbox("s", 0, true, Instant.EPOCH, List.of(), Map.of(), Map.of("hypernetes.io/requested-memory", String.valueOf(800L << 20)))), List.of());
        allocations.machine("orphan", seen);
        allocations.orphan("orphan", seen);
        standing.put("orphan", Standing.LEAVES);
        Pod large = pod("b", "1").edit().editSpec().editContainer(0).editResources().addToRequests("memory", new Quantity("512Mi")).endResources().endContainer().endSpec().build();
        assertThat(judge(large)).isInstanceOf(Admission.Waits.class);
        assertThat(judge(pod("c", "1"))).isEqualTo(new Admission.Admitted());
        allocations.forget("orphan");
        assertThat(judge(large)).isEqualTo(new Admission.Admitted());
    }

    @Test
    void anOrphanOfWhichTheApiTellsCountsForWhatItAsksFor() {
        allocations.orphan("a", ObservedPod.NOTHING);
        assertThat(allocations.knows(pod("a", "4"))).isFalse();
        here("a", "4");
        assertThat(allocations.knows(pod("a", "4"))).isTrue();
        assertThat(judge(pod("b", "1"))).isInstanceOf(Admission.Rejected.class);
    }

    @Test
    void aNodeWithoutTheLabelsIsAskedForThemOnceMore() {
        Pod pod = pod("a", "1").edit().editSpec().addToNodeSelector("disk", "hdd").endSpec().build();
        assertThat(admission.judge(pod, known, false)).isEqualTo(new Admission.Unsure());
        assertThat(judge(pod)).isEqualTo(rejected("NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"));
        assertThat(allocations.knows(pod)).isFalse();
        known = Optional.of(new NodeBuilder().withNewMetadata().withName("n1").addToLabels("disk", "hdd").endMetadata().build());
        assertThat(admission.judge(pod, known, false)).isEqualTo(new Admission.Admitted());
        known = Optional.empty();
        assertThat(admission.judge(pod("b", "1"), known, false)).as("nothing is known").isEqualTo(new Admission.Admitted());
    }

    @Test
    void aTaintThatLetsNothingRunLetsNothingIn() {
        known = known.map(node -> node.edit().editSpec().addNewTaint().withKey("broken").withEffect("NoExecute").endTaint()
                .addNewTaint().withKey("full").withEffect("NoSchedule").endTaint().endSpec().build());
        assertThat(judge(pod("a", "1"))).isEqualTo(rejected("TaintToleration", "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate"));
        Pod tolerating = pod("a", "1").edit().editSpec().addNewToleration().withKey("broken").withOperator("Exists").endToleration().endSpec().build();
        assertThat(judge(tolerating)).isEqualTo(new Admission.Admitted());
    }
}
