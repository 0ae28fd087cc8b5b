package io.hypernetes.apiserver.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class NodeAddressTest {
    private static ObjectNode node(String json) {
        return (ObjectNode) JsonMapper.shared().readTree(json);
    }

    @Test
    void aNodeIsWhereItSaysAndOneThatIsSimulatedIsNowhere() {
        assertThat(NodeAddress.of(node("{\"metadata\":{\"name\":\"n\"},\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"10.0.0.7\"}]}}")))
                .isEqualTo(new NodeAddress("n", "10.0.0.7", 10250));
        assertThatThrownBy(() -> NodeAddress.of(node("{\"metadata\":{\"name\":\"n\"}}"))).hasMessageContaining("is its kubelet running");
        assertThatThrownBy(() -> NodeAddress.of(node("{\"metadata\":{\"name\":\"simulated-0\",\"labels\":{\"hypernetes.io/simulated\":\"true\"}}}")))
                .hasMessageContaining("node simulated-0 is simulated").hasMessageContaining("no logs");
    }
}
