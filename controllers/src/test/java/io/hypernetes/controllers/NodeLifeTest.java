package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.NodeConditionBuilder;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Informers;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.client.ManualClock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What becomes of nodes as they report themselves, one look at a time; the words are those of upstream's
/// pkg/controller/nodelifecycle/node_lifecycle_controller.go and pkg/controller/util/node/controller_utils.go.
class NodeLifeTest {
    private static final ObjectKey NODE = ObjectKey.root("n1");

    private final FakeApi api = new FakeApi();
    private final Client client = api.client();
    private final ManualClock clock = new ManualClock(Instant.now());
    private final Informers informers = new Informers(client);
    private final EventRecorder recorder = new EventRecorder(client, "node-controller", null, clock);
    private final NodeLife life = new NodeLife(client, recorder, Duration.ofSeconds(40), clock);
    private Caches caches;

    @BeforeEach
    void start() throws InterruptedException {
        caches = Caches.of(informers).view();
        life.watch(caches, key -> {});
        informers.start();
        assertThat(caches.awaitSynced(Duration.ofSeconds(20))).isTrue();
    }

    @AfterEach
    void stop() {
        recorder.close();
        informers.close();
        client.close();
        api.close();
    }

    private void create(Map<String, String> conditions) {
        client.of(Kind.NODE).create("root", new NodeBuilder().withNewMetadata().withName("n1").endMetadata().withNewSpec().endSpec().withNewStatus()
                .withConditions(conditions.entrySet().stream().map(each -> new NodeConditionBuilder().withType(each.getKey()).withStatus(each.getValue()).build()).toList())
                .endStatus().build());
    }

    private void look() {
        Awaitility.await().untilAsserted(() -> assertThat(caches.nodes().get(NODE).map(node -> node.getMetadata().getResourceVersion()))
                .isEqualTo(client.of(Kind.NODE).find(NODE).map(node -> node.getMetadata().getResourceVersion())));
        life.reconcile(NODE);
    }

    private Node node() {
        return client.of(Kind.NODE).get(NODE);
    }

    private List<String> taints() {
        return node().getSpec().getTaints().stream().map(taint -> taint.getKey() + ":" + taint.getEffect()).toList();
    }

    private List<String> conditions() {
        return node().getStatus().getConditions().stream()
                .map(condition -> condition.getType() + " " + condition.getStatus() + " " + condition.getReason() + " " + condition.getMessage()).toList();
    }

    private List<String> events() {
        return client.of(Kind.EVENT).list(Scope.tenant("root"), Selection.everything()).items().stream()
                .sorted(java.util.Comparator.comparing((Event event) -> Long.parseLong(event.getMetadata().getResourceVersion())))
                .filter(event -> event.getInvolvedObject().getKind().equals("Node"))
                .map(event -> event.getType() + " " + event.getReason() + " " + event.getMessage()).toList();
    }

    private void set(String condition, String status) {
        client.of(Kind.NODE).change(NODE, "status", node -> {
            node.getStatus().getConditions().stream().filter(there -> there.getType().equals(condition)).forEach(there -> there.setStatus(status));
            return node;
        });
    }

    @Test
    void aNodeThatIsShortOfSomethingTakesNoNewPodsUntilItHasEnough() {
        create(Map.of("Ready", "True", "MemoryPressure", "True", "DiskPressure", "True", "PIDPressure", "True", "NetworkUnavailable", "True"));
        client.of(Kind.NODE).change(NODE, null, node -> {
            node.getSpec().setTaints(List.of(new Taint("NoExecute", "node.kubernetes.io/memory-pressure", null, null)));
            return node;
        });
        look();
        assertThat(taints()).containsExactly(
                "node.kubernetes.io/memory-pressure:NoExecute",
                "node.kubernetes.io/disk-pressure:NoSchedule",
                "node.kubernetes.io/memory-pressure:NoSchedule",
                "node.kubernetes.io/network-unavailable:NoSchedule",
                "node.kubernetes.io/pid-pressure:NoSchedule");
        for (String condition : List.of("MemoryPressure", "PIDPressure", "NetworkUnavailable")) {
            set(condition, "False");
        }
        set("DiskPressure", "Unknown");
        look();
        assertThat(taints()).as("another effect is whoever added it's own").containsExactly("node.kubernetes.io/memory-pressure:NoExecute");
    }

    @Test
    void whatASilentNodeReportedIsUnknownAndWhatOthersSayOfItIsNot() {
        create(Map.of("Ready", "True", "KernelDeadlock", "False"));
        look();
        assertThat(conditions()).as("it may report still").hasSize(2);
        clock.advance(Duration.ofSeconds(41));
        look();
        assertThat(conditions()).containsExactlyInAnyOrder(
                "KernelDeadlock False null null",
                "Ready Unknown NodeStatusUnknown Kubelet stopped posting node status.",
                "MemoryPressure Unknown NodeStatusNeverUpdated Kubelet never posted node status.",
                "DiskPressure Unknown NodeStatusNeverUpdated Kubelet never posted node status.",
                "PIDPressure Unknown NodeStatusNeverUpdated Kubelet never posted node status.");
        look();
        assertThat(taints()).containsExactly("node.kubernetes.io/unreachable:NoSchedule");
        String version = node().getMetadata().getResourceVersion();
        clock.advance(Duration.ofSeconds(41));
        look();
        assertThat(node().getMetadata().getResourceVersion()).as("said once").isEqualTo(version);
    }

    /// As of upstream's fullyDisrupted zones (handleDisruption).
    @Test
    void podsAreMovedOnlyWhileSomeNodeIsReady() {
        create(Map.of("Ready", "False"));
        look();
        assertThat(taints()).containsExactly("node.kubernetes.io/not-ready:NoSchedule");
        client.of(Kind.NODE).create("root", new NodeBuilder().withNewMetadata().withName("n2").endMetadata().withNewSpec().endSpec().withNewStatus()
                .addNewCondition().withType("Ready").withStatus("True").endCondition().endStatus().build());
        Awaitility.await().untilAsserted(() -> assertThat(caches.nodes().get(ObjectKey.root("n2"))).isPresent());
        clock.advance(Duration.ofSeconds(5));
        look();
        assertThat(taints()).as("the first turn is due in ten seconds").containsExactly("node.kubernetes.io/not-ready:NoSchedule");
        clock.advance(Duration.ofSeconds(10));
        look();
        assertThat(taints()).containsExactly("node.kubernetes.io/not-ready:NoSchedule", "node.kubernetes.io/not-ready:NoExecute");
        client.of(Kind.NODE).delete(ObjectKey.root("n2"), Deletion.ordinary());
        Awaitility.await().untilAsserted(() -> assertThat(caches.nodes().get(ObjectKey.root("n2"))).isEmpty());
        clock.advance(Duration.ofSeconds(5));
        look();
        assertThat(taints()).containsExactly("node.kubernetes.io/not-ready:NoSchedule");
    }

    /// Of tryUpdateNodeHealth the node-startup-grace-period.
    @Test
    void aNodeThatNeverReportedIsNotReadyYetAndUnreachableAfterAMinute() {
        create(Map.of());
        client.of(Kind.NODE).create("root", new NodeBuilder().withNewMetadata().withName("n2").endMetadata().withNewSpec().endSpec().withNewStatus()
                .addNewCondition().withType("Ready").withStatus("True").endCondition().endStatus().build());
        Awaitility.await().untilAsserted(() -> assertThat(caches.nodes().get(ObjectKey.root("n2"))).isPresent());
        look();
        clock.advance(Duration.ofSeconds(59));
        lives("n2");
        look();
        assertThat(taints()).containsExactly("node.kubernetes.io/not-ready:NoSchedule");
        assertThat(conditions()).isEmpty();
        clock.advance(Duration.ofSeconds(2));
        look();
        assertThat(conditions()).contains("Ready Unknown NodeStatusNeverUpdated Kubelet never posted node status.");
        assertThat(taints()).containsExactly("node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unreachable:NoExecute");
    }

    private void lives(String node) {
        ObjectKey lease = new ObjectKey("root", "kube-node-lease", node);
        client.of(Kind.LEASE).create("root", new LeaseBuilder().withNewMetadata().withNamespace("kube-node-lease").withName(node).endMetadata().build());
        Awaitility.await().untilAsserted(() -> assertThat(caches.leases().get(lease)).isPresent());
    }

    /// SwapNodeControllerTaint in upstream's pkg/controller/util/node/controller_utils.go.
    @Test
    void eachTaintSaysSinceWhenItIsThere() {
        clock.advance(Duration.between(clock.instant(), Instant.parse("2030-01-01T00:00:00Z")));
        create(Map.of("Ready", "False", "MemoryPressure", "True"));
        client.of(Kind.NODE).create("root", new NodeBuilder().withNewMetadata().withName("n2").endMetadata().withNewSpec().endSpec().withNewStatus()
                .addNewCondition().withType("Ready").withStatus("True").endCondition().endStatus().build());
        Awaitility.await().untilAsserted(() -> assertThat(caches.nodes().get(ObjectKey.root("n2"))).isPresent());
        client.of(Kind.NODE).change(NODE, null, node -> {
            node.getSpec().setUnschedulable(true);
            node.getSpec().setTaints(List.of(new Taint("NoSchedule", "node.kubernetes.io/not-ready", "2029-12-31T00:00:00Z", null),
                    new Taint("NoExecute", "node.kubernetes.io/memory-pressure", "2029-12-31T00:00:00Z", null)));
            return node;
        });
        look();
        clock.advance(Duration.ofSeconds(20));
        look();
        assertThat(node().getSpec().getTaints().stream().map(taint -> taint.getKey().substring(19) + ":" + taint.getEffect() + " " + taint.getTimeAdded())).containsExactlyInAnyOrder(
                "not-ready:NoSchedule 2029-12-31T00:00:00Z",
                "not-ready:NoExecute 2030-01-01T00:00:00Z",
                "unschedulable:NoSchedule 2030-01-01T00:00:00Z",
                "memory-pressure:NoExecute 2029-12-31T00:00:00Z",
                "memory-pressure:NoSchedule 2030-01-01T00:00:00Z");
    }

    /// Of tryUpdateNodeHealth: a lease or the heartbeat of its condition, whichever is seen to change.
    @Test
    void aNodeWithoutALeaseLivesAsLongAsItReportsItself() {
        create(Map.of("Ready", "True"));
        look();
        for (int i = 0; i < 3; i++) {
            clock.advance(Duration.ofSeconds(30));
            client.of(Kind.NODE).change(NODE, "status", node -> {
                node.getStatus().getConditions().getFirst().setLastHeartbeatTime(clock.instant().truncatedTo(java.time.temporal.ChronoUnit.SECONDS).toString());
                return node;
            });
            look();
        }
        assertThat(conditions()).containsExactly("Ready True null null");
        clock.advance(Duration.ofSeconds(41));
        look();
        assertThat(conditions()).contains("Ready Unknown NodeStatusUnknown Kubelet stopped posting node status.");
    }

    /// reconcileNodeLabels: what still asks for the older names finds nodes.
    @Test
    void theOlderNamesOfSystemAndMachineFollowTheNewerOnes() {
        create(Map.of("Ready", "True"));
        look();
        assertThat(node().getMetadata().getLabels()).isNullOrEmpty();
        client.of(Kind.NODE).change(NODE, null, node -> new NodeBuilder(node).editMetadata()
                .addToLabels("kubernetes.io/os", "linux").addToLabels("kubernetes.io/arch", "amd64").addToLabels("beta.kubernetes.io/arch", "other").endMetadata().build());
        look();
        assertThat(node().getMetadata().getLabels()).isEqualTo(Map.of("kubernetes.io/os", "linux", "kubernetes.io/arch", "amd64",
                "beta.kubernetes.io/os", "linux", "beta.kubernetes.io/arch", "amd64"));
        String version = node().getMetadata().getResourceVersion();
        look();
        assertThat(node().getMetadata().getResourceVersion()).isEqualTo(version);
    }

    /// Thousands of them would be told of whenever a master begins.
    @Test
    void whoWasThereLongBeforeIsNoNews() throws InterruptedException {
        create(Map.of("Ready", "True"));
        clock.advance(Duration.ofMinutes(2));
        Informers others = new Informers(client);
        try {
            NodeLife late = new NodeLife(client, recorder, Duration.ofSeconds(40), clock);
            Caches view = Caches.of(others).view();
            late.watch(view, key -> {});
            others.start();
            assertThat(view.awaitSynced(Duration.ofSeconds(20))).isTrue();
            late.reconcile(NODE);
            clock.advance(Duration.ofSeconds(41));
            late.reconcile(NODE);
            Awaitility.await().untilAsserted(() -> assertThat(events()).containsExactly("Normal NodeNotReady Node n1 status is now: NodeNotReady"));
        } finally {
            others.close();
        }
    }

    @Test
    void eventsTellOfNodesThatComeFallSilentAndGo() {
        create(Map.of("Ready", "True"));
        look();
        look();
        clock.advance(Duration.ofSeconds(41));
        look();
        look();
        client.of(Kind.NODE).delete(NODE, Deletion.ordinary());
        look();
        look();
        Awaitility.await().untilAsserted(() -> assertThat(events()).containsExactly(
                "Normal RegisteredNode Node n1 event: Registered Node n1 in Controller",
                "Normal NodeNotReady Node n1 status is now: NodeNotReady",
                "Normal RemovingNode Node n1 event: Removing Node n1 from Controller"));
    }
}
