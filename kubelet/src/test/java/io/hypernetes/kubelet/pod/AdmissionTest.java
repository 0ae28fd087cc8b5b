package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Upstream's pkg/kubelet/lifecycle/predicate.go.
class AdmissionTest {
    private final Allocations allocations = new Allocations(Map.of("cpu", new Quantity("4"), "memory", new Quantity("1Gi"), "pods", new Quantity("3"), "ephemeral-storage", new Quantity("1Gi")), List::of);
    private Optional<Node> known = Optional.of(new NodeBuilder().withNewMetadata().withName("n1").addToLabels("disk", "ssd").endMetadata().withNewSpec().endSpec().build());
    private Optional<Node> fresh = known;
    private final Admission admission = new Admission(allocations, afresh -> afresh ? fresh : known);

    private static Pod pod(String uid, String cpu) {
        return new PodBuilder().withNewMetadata().withUid(uid).endMetadata().withNewSpec().addNewContainer().withName("main")
                .withNewResources().addToRequests("cpu", new Quantity(cpu)).endResources().endContainer().endSpec().build();
    }

    private Pod here(String uid, String cpu) {
        Pod pod = pod(uid, cpu);
        allocations.admit(pod);
        return pod;
    }

    private static Admission.Verdict rejected(String reason, String message) {
        return new Admission.Rejected(new Rejection(reason, message));
    }

    @Test
    void whatDoesNotFitIsRejected() {
        List<Pod> others = List.of(here("a", "3"));
        assertThat(admission.judge(pod("b", "1"), others, List.of())).isEqualTo(new Admission.Admitted());
        assertThat(allocations.knows(pod("b", "1"))).isTrue();
        assertThat(admission.judge(pod("c", "2"), others, List.of()))
                .isEqualTo(rejected("OutOfcpu", "Node didn't have enough resource: cpu, requested: 2000, used: 3000, capacity: 4000"));
        assertThat(admission.judge(pod("d", "0"), List.of(here("a", "3"), here("e", "0"), here("f", "0")), List.of()))
                .isEqualTo(rejected("OutOfpods", "Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3"));
    }

    /// A deleted pod's machine may end a moment after the API has forgotten the pod.
    @Test
    void whatFitsOnceOthersHaveGoneWaits() {
        List<Pod> leaving = List.of(here("a", "3"));
        assertThat(admission.judge(pod("b", "2"), List.of(), leaving)).isEqualTo(new Admission.Waits());
        assertThat(allocations.knows(pod("b", "2"))).isFalse();
        assertThat(admission.judge(pod("c", "5"), List.of(), leaving)).isInstanceOf(Admission.Rejected.class);
        assertThat(admission.judge(pod("b", "2"), List.of(), List.of())).isEqualTo(new Admission.Admitted());
    }

    @Test
    void aNodeWithoutTheLabelsIsAskedForThemOnceMore() {
        Pod pod = pod("a", "1").edit().editSpec().addToNodeSelector("disk", "hdd").endSpec().build();
        Admission.Verdict no = rejected("NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector");
        assertThat(admission.judge(pod, List.of(), List.of())).isEqualTo(no);
        assertThat(allocations.knows(pod)).isFalse();
        fresh = Optional.of(new NodeBuilder().withNewMetadata().withName("n1").addToLabels("disk", "hdd").endMetadata().build());
        assertThat(admission.judge(pod, List.of(), List.of())).isEqualTo(new Admission.Admitted());
        known = Optional.empty();
        fresh = Optional.empty();
        assertThat(admission.judge(pod("b", "1"), List.of(), List.of())).as("nothing is known").isEqualTo(new Admission.Admitted());
    }

    @Test
    void aTaintThatLetsNothingRunLetsNothingIn() {
        known = fresh = known.map(node -> node.edit().editSpec().addNewTaint().withKey("broken").withEffect("NoExecute").endTaint()
                .addNewTaint().withKey("full").withEffect("NoSchedule").endTaint().endSpec().build());
        assertThat(admission.judge(pod("a", "1"), List.of(), List.of()))
                .isEqualTo(rejected("TaintToleration", "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate"));
        Pod tolerating = pod("a", "1").edit().editSpec().addNewToleration().withKey("broken").withOperator("Exists").endToleration().endSpec().build();
        assertThat(admission.judge(tolerating, List.of(), List.of())).isEqualTo(new Admission.Admitted());
    }
}
