package io.hypernetes.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.client.ObjectKey;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What room that is kept for a pod of one tenant means to those of others. Within a tenant: [ChoiceTest].
class PromisesTest {
    private static final Choice N1 = new Choice.Fits("n1");

    private final Cluster cluster = new Cluster();

    @BeforeEach
    void aNode() {
        Node node = ChoiceTest.node("n1", "5", "4Gi");
        node.getStatus().getAllocatable().put("example.com/slots", new Quantity("2"));
        cluster.node(node);
    }

    private static ObjectKey key(String tenant, Pod pod) {
        return new ObjectKey(tenant, "default", pod.getMetadata().getName());
    }

    private static Pod pod(String name, int priority, String cpu) {
        Pod pod = ChoiceTest.pod(name, cpu, "1Mi");
        pod.getSpec().setPriority(priority);
        return pod;
    }

    private void place(String tenant, Pod pod) {
        cluster.place(PodFacts.of(key(tenant, pod), pod), "n1");
    }

    private void nominate(String tenant, Pod pod) {
        cluster.nominate(PodFacts.of(key(tenant, pod), pod), "n1");
    }

    /// As when it was there, was told to make way, and has gone.
    private void madeWay(String tenant, Pod pod) {
        place(tenant, pod);
        place(tenant, new PodBuilder(pod).editMetadata().withDeletionTimestamp("2026-01-01T00:00:00Z").endMetadata().withNewStatus()
                .addNewCondition().withType("DisruptionTarget").withStatus("True").withReason("PreemptionByScheduler").endCondition().endStatus().build());
        cluster.release(key(tenant, pod));
    }

    private Choice choose(String tenant, Pod pod) {
        return ChoiceTest.choose(cluster, key(tenant, pod), pod);
    }

    private boolean fits(String tenant, int priority, String cpu) {
        return choose(tenant, pod("asking", priority, cpu)).equals(N1);
    }

    @Test
    void aPriorityKeepsNothingFromOtherTenants() {
        nominate("red", pod("high", 2_000_000_000, "5"));
        assertThat(fits("red", 1, "1")).isFalse();
        assertThat(fits("blue", 1, "5")).isTrue();
    }

    @Test
    void whatATenantsOwnPodsLeftIsKeptFromOthersWhateverTheirPriority() {
        place("blue", pod("there", 0, "2"));
        nominate("red", pod("high", 10, "3"));
        madeWay("red", pod("low", 0, "2"));
        assertThat(fits("blue", 1000, "2")).isFalse();
        assertThat(fits("blue", 0, "1")).as("what was free before is anybody's").isTrue();
        assertThat(fits("red", 11, "3")).as("within the tenant the higher priority has it").isTrue();
        assertThat(choose("red", pod("high", 10, "3"))).isEqualTo(N1);
        // Another of its pods is to make way there, so it waits on.
        nominate("red", pod("high", 10, "3"));
        assertThat(fits("blue", 1000, "2")).isFalse();
        cluster.release(key("red", pod("high", 10, "3")));
        assertThat(fits("blue", 0, "3")).isTrue();
    }

    @Test
    void noMoreIsKeptThanIsNeeded() {
        nominate("red", pod("high", 10, "1"));
        nominate("red", pod("higher", 11, "1"));
        madeWay("red", pod("low", 0, "5"));
        assertThat(fits("blue", 0, "3")).isTrue();
        assertThat(fits("blue", 0, "4")).isFalse();
    }

    @Test
    void whoLeftForAnotherReasonOrForAnotherTenantLeavesNothing() {
        nominate("red", pod("high", 10, "5"));
        place("red", pod("done", 0, "2"));
        cluster.release(key("red", pod("done", 0, "2")));
        madeWay("blue", pod("low", 0, "2"));
        madeWay("red", pod("same", 10, "1"));
        assertThat(fits("green", 0, "5")).isTrue();
    }

    @Test
    void portsAndOtherResourcesAreKeptTheSame() {
        Pod high = odd(pod("high", 10, "1m"));
        nominate("red", high);
        assertThat(choose("blue", odd(pod("asking", 0, "1m")))).isEqualTo(N1);
        madeWay("red", odd(pod("low", 0, "1m")));
        assertThat(choose("blue", port(pod("asking", 1000, "1m"), 80))).isNotEqualTo(N1);
        assertThat(choose("blue", port(pod("asking", 1000, "1m"), 81))).isEqualTo(N1);
        assertThat(choose("blue", slots(pod("asking", 1000, "1m")))).isNotEqualTo(N1);
    }

    private static Pod odd(Pod pod) {
        return slots(port(pod, 80));
    }

    private static Pod port(Pod pod, int port) {
        return new PodBuilder(pod).editSpec().editFirstContainer().addNewPort().withContainerPort(80).withHostPort(port).endPort().endContainer().endSpec().build();
    }

    private static Pod slots(Pod pod) {
        return new PodBuilder(pod).editSpec().editFirstContainer().editResources().addToRequests("example.com/slots", new Quantity("2")).endResources().endContainer()
                .endSpec().build();
    }

    /// As those of it may take the places of others'.
    @Test
    void theOperatorsPodsKeepAllFromWhomTheyCouldSendAway() {
        nominate("root", pod("agent", 100, "5"));
        assertThat(fits("red", 99, "1")).isFalse();
        assertThat(fits("root", 100, "1")).isFalse();
        assertThat(fits("root", 101, "5")).isTrue();
        assertThat(fits("red", 100, "5")).isTrue();
        madeWay("red", pod("low", 0, "2"));
        assertThat(fits("red", 100, "3")).isTrue();
        assertThat(fits("red", 100, "4")).as("it would have the place of the pod that made way").isFalse();
    }

    @Test
    void nothingIsKeptFromTheOperatorsPodsThatCouldSendAwayWhomItIsFor() {
        nominate("red", pod("high", 10, "5"));
        madeWay("red", pod("low", 0, "2"));
        assertThat(fits("root", 11, "5")).isTrue();
        assertThat(fits("root", 10, "3")).isTrue();
        assertThat(fits("root", 10, "4")).isFalse();
    }
}
