package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.client.ObjectKey;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class NodeRoomTest {
    private static final Map<String, Quantity> NODE = Map.of("cpu", new Quantity("2"), "memory", new Quantity("1Gi"));

    private static Pod pod(String asked) {
        return new PodBuilder()
                .withNewMetadata().endMetadata()
                .withNewSpec().addNewContainer().withName("main").withNewResources().addToRequests("cpu", new Quantity(asked)).endResources().endContainer().endSpec()
                .withNewStatus().withPhase("Running").endStatus()
                .build();
    }

    private static Pod with(Pod pod, String init, String policy, String asked) {
        return pod.edit().editSpec().addNewInitContainer().withName(init).withRestartPolicy(policy)
                .withNewResources().addToRequests("cpu", new Quantity(asked)).endResources().endInitContainer().endSpec().build();
    }

    private static Optional<NodeRoom.Refusal> refusal(List<Pod> others, Pod pod) {
        return NodeRoom.refusal(NODE, others, pod("0"), pod);
    }

    @Test
    void whoAsksForNoMoreTakesNothingFromAnybody() {
        assertThat(NodeRoom.refusal(NODE, List.of(pod("2")), pod("1"), pod("500m"))).isEmpty();
        assertThat(NodeRoom.refusal(NODE, List.of(pod("2")), pod("1"), pod("1500m"))).isPresent();
        assertThat(NodeRoom.shortage(Map.of("pods", new Quantity("2"), "cpu", new Quantity("2")), List.of(pod("3")), pod("0"))).isEmpty();
    }

    /// Upstream's words, pkg/kubelet/lifecycle/predicate.go.
    @Test
    void whatThereIsTooLittleOfIsToldInUpstreamsOrder() {
        Map<String, Quantity> node = new HashMap<>(NODE);
        node.put("pods", new Quantity("2"));
        node.put("ephemeral-storage", new Quantity("1Gi"));
        assertThat(NodeRoom.shortage(node, List.of(pod("100m"), pod("100m")), pod("800")).map(shortage -> shortage.message(ObjectKey.ROOT)))
                .contains("Node didn't have enough resource: pods, requested: 1, used: 2, capacity: 2");
        assertThat(NodeRoom.shortage(node, List.of(pod("100m")), pod("500")).map(shortage -> shortage.message(ObjectKey.ROOT)))
                .contains("Node didn't have enough resource: cpu, requested: 500000, used: 100, capacity: 2000");
        Pod large = pod("100m").edit().editSpec().editContainer(0).editResources().addToRequests("ephemeral-storage", new Quantity("2Gi")).endResources().endContainer().endSpec().build();
        assertThat(NodeRoom.shortage(node, List.of(), large).map(shortage -> shortage.message(ObjectKey.ROOT)))
                .contains("Node didn't have enough resource: ephemeral-storage, requested: 2147483648, used: 0, capacity: 1073741824");
        assertThat(NodeRoom.shortage(node, List.of(), pod("2"))).isEmpty();
    }

    @Test
    void whatFitsNowOrLaterOrNever() {
        assertThat(refusal(List.of(pod("1")), pod("1"))).isEmpty();
        assertThat(refusal(List.of(pod("1")), pod("1500m"))).map(NodeRoom.Refusal::reason).contains("Deferred");
        assertThat(refusal(List.of(), pod("800"))).map(NodeRoom.Refusal::reason).contains("Infeasible");
    }

    /// What others have of a node is theirs to know; what a node has, a tenant sees of the Node.
    @Test
    void whatOthersUseIsToldToTheOperatorAlone() {
        Pod own = pod("1500m").edit().editMetadata().addToAnnotations(ObjectKey.TENANT_ANNOTATION, "acme").endMetadata().build();
        assertThat(refusal(List.of(pod("1")), own)).map(NodeRoom.Refusal::message)
                .contains("Node didn't have enough resource: cpu, requested: 1500, capacity: 2000");
        assertThat(refusal(List.of(pod("1")), pod("1500m"))).map(NodeRoom.Refusal::message)
                .contains("Node didn't have enough resource: cpu, requested: 1500, used: 1000, capacity: 2000");
    }

    @Test
    void whatAPodAsksForAsAWholeStandsInPlaceOfItsContainers() {
        Pod whole = pod("100m").edit().editSpec().withNewResources().addToRequests("cpu", new Quantity("1500m")).endResources().endSpec().build();
        assertThat(refusal(List.of(whole), pod("1"))).map(NodeRoom.Refusal::reason).contains("Deferred");
        assertThat(refusal(List.of(pod("1")), whole)).map(NodeRoom.Refusal::reason).contains("Deferred");
    }

    @Test
    void sidecarsRunBesideAllThatComesAfterThem() {
        assertThat(refusal(List.of(with(with(pod("100m"), "side", "Always", "1"), "init", null, "500m")), pod("600m"))).isPresent();
        assertThat(refusal(List.of(with(with(pod("100m"), "init", null, "500m"), "side", "Always", "1")), pod("600m"))).isEmpty();
    }
}
