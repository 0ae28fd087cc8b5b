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

    private static Pod pod(String asked, String granted) {
        return new PodBuilder()
                .withNewSpec().addNewContainer().withName("main").withNewResources().addToRequests("cpu", new Quantity(asked)).endResources().endContainer().endSpec()
                .withNewStatus().withPhase("Running").addNewContainerStatus().withName("main").addToAllocatedResources("cpu", new Quantity(granted)).endContainerStatus().endStatus()
                .build();
    }

    @Test
    void aResizeThatIsRefusedTakesNoRoomFromOthers() {
        assertThat(NodeRoom.refusal(NODE, List.of(pod("800", "1")), pod("1", "500m"))).isEmpty();
        assertThat(NodeRoom.refusal(NODE, List.of(pod("1", "1")), pod("1500m", "500m"))).map(NodeRoom.Refusal::reason).contains("Deferred");
        assertThat(NodeRoom.refusal(NODE, List.of(), pod("800", "1"))).map(NodeRoom.Refusal::reason).contains("Infeasible");
    }
}
