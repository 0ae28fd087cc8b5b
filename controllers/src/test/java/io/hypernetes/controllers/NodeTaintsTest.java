package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// What becomes of nodes that are full, silent or back, and of the pods there.
class NodeTaintsTest extends RunningControllers {
    private void beat(String name) {
        ObjectKey key = new ObjectKey("root", "kube-node-lease", name);
        var lease = new LeaseBuilder().withNewMetadata().withNamespace("kube-node-lease").withName(name).endMetadata()
                .withNewSpec().withRenewTime(clock.instant().atZone(ZoneOffset.UTC)).endSpec().build();
        if (client.of(Kind.LEASE).find(key).isPresent()) {
            client.of(Kind.LEASE).update("root", lease);
        } else {
            client.of(Kind.LEASE).create("root", lease);
        }
    }

    private Node read(String name) {
        return client.of(Kind.NODE).get(ObjectKey.root(name));
    }

    private Set<String> taints(String name) {
        return read(name).getSpec().getTaints().stream().map(Taint::getKey).collect(Collectors.toSet());
    }

    @Test
    void nodesGetPartsOfTheClusterCidrOfTheirOwn() {
        node("n1", "True");
        node("n2", "True");
        await().untilAsserted(() -> assertThat(List.of("n1", "n2")).extracting(name -> read(name).getSpec().getPodCIDR())
                .doesNotContainNull().doesNotHaveDuplicates().allMatch(cidr -> cidr.matches("10\\.88\\.\\d+\\.0/24")));
    }

    @Test
    void aNodeThatTakesNoPodsIsTaintedUntilItDoes() {
        node("n1", "True");
        beat("n1");
        client.of(Kind.NODE).change(ObjectKey.root("n1"), null, node -> {
            node.getSpec().setUnschedulable(true);
            node.getSpec().setTaints(List.of(new Taint("NoSchedule", "own", null, null)));
            return node;
        });
        await().untilAsserted(() -> assertThat(taints("n1")).containsExactlyInAnyOrder("own", "node.kubernetes.io/unschedulable"));
        client.of(Kind.NODE).change(ObjectKey.root("n1"), null, node -> {
            node.getSpec().setUnschedulable(null);
            return node;
        });
        await().untilAsserted(() -> assertThat(taints("n1")).containsExactly("own"));
    }

    @Test
    void aSilentNodeIsTaintedAndItsPodsMovedOffAndOneThatIsBackIsNot() {
        node("n1", "True");
        beat("n1");
        client.of(Kind.POD).create("red", new PodBuilder().withNewMetadata().withNamespace("default").withName("p").endMetadata()
                .withNewSpec().withNodeName("n1").withTerminationGracePeriodSeconds(3L).endSpec()
                .withNewStatus().addNewCondition().withType("Ready").withStatus("True").endCondition().endStatus().build());
        await().untilAsserted(() -> assertThat(read("n1").getSpec().getPodCIDR()).isNotNull());
        assertThat(taints("n1")).isEmpty();

        clock.advance(Duration.ofSeconds(45));
        node("other", "True");
        await().untilAsserted(() -> {
            clock.advance(Duration.ofSeconds(2));
            beat("other");
            client.of(Kind.NODE).patch(ObjectKey.root("n1"), io.hypernetes.client.Patch.merge(java.util.Map.of("metadata", java.util.Map.of("labels", java.util.Map.of("poke", clock.instant().toString().replace(":", "-"))))));
            assertThat(taints("n1")).containsExactly("node.kubernetes.io/unreachable");
            assertThat(read("n1").getStatus().getConditions().getFirst().getStatus()).isEqualTo("Unknown");
            var pod = client.of(Kind.POD).get(new ObjectKey("red", "default", "p"));
            assertThat(pod.getMetadata().getDeletionTimestamp()).isNotNull();
            assertThat(pod.getStatus().getConditions()).anySatisfy(condition -> {
                assertThat(condition.getType()).isEqualTo("Ready");
                assertThat(condition.getStatus()).isEqualTo("False");
            }).anySatisfy(condition -> assertThat(condition.getReason()).isEqualTo("DeletionByTaintManager"));
        });

        beat("n1");
        client.of(Kind.NODE).change(ObjectKey.root("n1"), "status", node -> {
            node.getStatus().getConditions().getFirst().setStatus("True");
            return node;
        });
        await().untilAsserted(() -> assertThat(taints("n1")).isEmpty());
    }

    @Test
    void aTaintThatSaysNotSinceWhenIsToleratedForItsSecondsAndNoLonger() {
        node("n1", "True");
        client.of(Kind.POD).create("red", new PodBuilder().withNewMetadata().withNamespace("default").withName("p").endMetadata()
                .withNewSpec().withNodeName("n1").withTerminationGracePeriodSeconds(3L)
                .addNewToleration().withKey("leave").withOperator("Exists").withEffect("NoExecute").withTolerationSeconds(2L).endToleration()
                .endSpec().build());
        client.of(Kind.NODE).change(ObjectKey.root("n1"), null, node -> {
            node.getSpec().getTaints().add(new Taint("NoExecute", "leave", null, null));
            return node;
        });
        await().untilAsserted(() -> {
            clock.advance(Duration.ofSeconds(1));
            beat("n1");
            client.of(Kind.NODE).patch(ObjectKey.root("n1"), io.hypernetes.client.Patch.merge(java.util.Map.of("metadata", java.util.Map.of("labels", java.util.Map.of("poke", clock.instant().toString().replace(":", "-"))))));
            assertThat(client.of(Kind.POD).get(new ObjectKey("red", "default", "p")).getMetadata().getDeletionTimestamp()).isNotNull();
        });
    }

    @Test
    void oldLeasesOfAMasterThatWasAwayBlameNobody() {
        beat("n1");
        clock.advance(Duration.ofHours(1));
        node("n1", "True");
        await().untilAsserted(() -> assertThat(read("n1").getSpec().getPodCIDR()).isNotNull());
        assertThat(taints("n1")).isEmpty();
    }
}
