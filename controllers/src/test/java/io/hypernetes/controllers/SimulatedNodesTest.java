package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.client.Client;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.simulate.SimulatedNodes;
import io.hypernetes.simulate.SimulationSettings;
import java.time.Clock;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SimulatedNodesTest {
    private static SimulationSettings nodes(int count) {
        SimulationSettings ordinary = SimulationSettings.nodes(count);
        return new SimulationSettings(ordinary.prefix(), count, 0, ordinary.room(), Map.of(), ordinary.taints(), Duration.ofMillis(50));
    }

    /// Whose API server was away for longer than the node life cycle waits.
    @Test
    void aNodeThatWasTakenForLostTellsThatItIsReady() throws Exception {
        try (FakeApi api = new FakeApi(); Client client = api.client(); SimulatedNodes nodes = new SimulatedNodes(client, nodes(3), Clock.systemUTC()).start()) {
            assertThat(nodes).isNotNull();
            ObjectKey key = ObjectKey.root("simulated-1");
            client.of(Kind.NODE).change(key, "status", node -> {
                node.getStatus().getConditions().forEach(condition -> condition.setStatus("Unknown"));
                return node;
            });
            Awaitility.await().until(() -> client.of(Kind.NODE).get(key).getStatus().getConditions().stream()
                    .filter(condition -> condition.getType().equals("Ready")).allMatch(condition -> condition.getStatus().equals("True")));
        }
    }

    @Test
    void theHeartbeatOfOneIsNotKeptBackByThatOfAnother() throws Exception {
        try (FakeApi api = new FakeApi(); Client client = api.client(); SimulatedNodes nodes = new SimulatedNodes(client, nodes(200), Clock.systemUTC()).start()) {
            assertThat(nodes).isNotNull();
            api.failNext("/leases/simulated-0", 500, 1_000_000);
            for (int round = 0; round < 3; round++) {
                ZonedDateTime before = renewed(client, 199);
                Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> renewed(client, 199).isAfter(before));
            }
        }
    }

    private static ZonedDateTime renewed(Client client, int number) {
        return client.of(Kind.LEASE).get(new ObjectKey(ObjectKey.ROOT, "kube-node-lease", "simulated-" + number)).getSpec().getRenewTime();
    }
}
