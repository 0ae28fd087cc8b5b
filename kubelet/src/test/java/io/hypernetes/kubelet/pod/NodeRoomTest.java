package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class NodeRoomTest {
    private static final Map<String, Quantity> NODE = Map.of("cpu", new Quantity("2"), "memory", new Quantity("1Gi"));

    private static Pod pod(String asked) {
        return new PodBuilder()
                .withNewSpec().addNewContainer().withName("main").withNewResources().addToRequests("cpu", new Quantity(asked)).endResources().endContainer().endSpec()
                .withNewStatus().withPhase("Running").endStatus()
                .build();
    }

    private static Pod with(Pod pod, String init, String policy, String asked) {
        return pod.edit().editSpec().addNewInitContainer().withName(init).withRestartPolicy(policy)
                .withNewResources().addToRequests("cpu", new Quantity(asked)).endResources().endInitContainer().endSpec().build();
    }

    @Test
    void whatFitsNowOrLaterOrNever() {
        assertThat(NodeRoom.refusal(NODE, List.of(pod("1")), pod("1"))).isEmpty();
        assertThat(NodeRoom.refusal(NODE, List.of(pod("1")), pod("1500m"))).map(NodeRoom.Refusal::reason).contains("Deferred");
        assertThat(NodeRoom.refusal(NODE, List.of(), pod("800"))).map(NodeRoom.Refusal::reason).contains("Infeasible");
        assertThat(NodeRoom.refusal(NODE, List.of(pod("2").edit().editStatus().withPhase("Failed").endStatus().build()), pod("2"))).isEmpty();
    }

    @Test
    void whatAPodAsksForAsAWholeStandsInPlaceOfItsContainers() {
        Pod whole = pod("100m").edit().editSpec().withNewResources().addToRequests("cpu", new Quantity("1500m")).endResources().endSpec().build();
        assertThat(NodeRoom.refusal(NODE, List.of(whole), pod("1"))).map(NodeRoom.Refusal::reason).contains("Deferred");
        assertThat(NodeRoom.refusal(NODE, List.of(pod("1")), whole)).map(NodeRoom.Refusal::reason).contains("Deferred");
    }

    @Test
    void sidecarsRunBesideAllThatComesAfterThem() {
        assertThat(NodeRoom.refusal(NODE, List.of(with(with(pod("100m"), "side", "Always", "1"), "init", null, "500m")), pod("600m"))).isPresent();
        assertThat(NodeRoom.refusal(NODE, List.of(with(with(pod("100m"), "init", null, "500m"), "side", "Always", "1")), pod("600m"))).isEmpty();
    }
}
