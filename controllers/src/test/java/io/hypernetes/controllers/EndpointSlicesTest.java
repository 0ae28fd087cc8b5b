package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Informers;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.client.WorkLoop;
import io.hypernetes.client.WorkQueue;
import io.hypernetes.controllers.endpoints.EndpointSlices;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The controller of slices by itself, with nodes and pods that are made by hand.
class EndpointSlicesTest {
    private static final String TENANT = "red", MODE = "service.kubernetes.io/topology-mode";

    private final FakeApi api = new FakeApi();
    private final Client client = api.client();
    private final Informers informers = new Informers(client);
    private final EventRecorder events = new EventRecorder(client, "endpoint-slice-controller", null, Clock.systemUTC());
    private final WorkQueue<ObjectKey> queue = new WorkQueue<>(ObjectKey::tenant);
    private final EndpointSlices controller = new EndpointSlices(client, events);
    private final WorkLoop<ObjectKey> loop = new WorkLoop<>("slices", queue, 4, controller::reconcile);

    @BeforeEach
    void start() throws InterruptedException {
        Caches caches = Caches.of(informers).view();
        controller.watch(caches, queue::add);
        informers.start();
        assertThat(caches.awaitSynced(Duration.ofSeconds(20))).isTrue();
        loop.start();
    }

    @AfterEach
    void stop() {
        loop.close();
        events.close();
        informers.close();
        client.close();
        api.close();
    }

    private void node(String name, String zone) {
        client.of(Kind.NODE).create("root", new NodeBuilder().withNewMetadata().withName(name).addToLabels("topology.kubernetes.io/zone", zone).endMetadata()
                .withNewStatus().addToAllocatable("cpu", new Quantity("2")).addNewCondition().withType("Ready").withStatus("True").endCondition().endStatus().build());
    }

    private void change(String node, java.util.function.UnaryOperator<Node> change) {
        client.of(Kind.NODE).change(ObjectKey.root(node), null, change);
    }

    private static Pod pod(String name, String node, int address, String since) {
        return new PodBuilder().withNewMetadata().withNamespace("default").withName(name).addToLabels("app", "web").endMetadata()
                .withNewSpec().withNodeName(node).addNewContainer().withName("c").withImage("i").endContainer().endSpec()
                .withNewStatus().withPhase("Running").withPodIP("10.0.0." + address)
                .addNewCondition().withType("Ready").withStatus("True").withLastTransitionTime(since).endCondition().endStatus().build();
    }

    private void create(Pod pod) {
        client.of(Kind.POD).create(TENANT, pod);
    }

    private void service(Map<String, String> annotations, boolean unready) {
        client.of(Kind.SERVICE).create(TENANT, new ServiceBuilder().withNewMetadata().withNamespace("default").withName("web").withAnnotations(annotations).endMetadata()
                .withNewSpec().addToSelector("app", "web").withPublishNotReadyAddresses(unready).addNewPort().withPort(80).endPort().endSpec().build());
    }

    private List<EndpointSlice> slices() {
        return client.of(Kind.ENDPOINT_SLICE).list(Scope.namespace(TENANT, "default"), Selection.everything()).items();
    }

    /// The names of the pods that are served, with the zone where they are and the zones that they are for.
    private Map<String, String> served() {
        Map<String, String> served = new TreeMap<>();
        for (EndpointSlice slice : slices()) {
            for (Endpoint endpoint : slice.getEndpoints()) {
                served.put(endpoint.getTargetRef().getName(), endpoint.getZone()
                        + (endpoint.getHints() == null ? "" : " for " + String.join(",", endpoint.getHints().getForZones().stream().map(zone -> zone.getName()).toList())));
            }
        }
        return served;
    }

    private void awaitServed(Map<String, String> wanted) {
        await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> assertThat(served()).isEqualTo(wanted));
    }

    private void awaitTold(String reason, String message) {
        await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> assertThat(client.of(Kind.EVENT).list(Scope.namespace(TENANT, "default"), Selection.everything()).items())
                .anySatisfy(event -> {
                    assertThat(event.getReason()).isEqualTo(reason);
                    assertThat(event.getMessage()).isEqualTo(message);
                    assertThat(event.getInvolvedObject().getKind()).isEqualTo("Service");
                }));
    }

    /// reconcileByAddressType in upstream's endpointslice/reconciler.go.
    @Test
    void podsOfNodesThatAreNotThereAreLeftOutUntilTheyCome() {
        node("one", "east");
        create(pod("a", "one", 1, "2026-01-01T00:00:00Z"));
        create(pod("b", "two", 2, "2026-01-01T00:00:00Z"));
        service(Map.of(), false);
        awaitServed(Map.of("a", "east"));
        awaitTold("FailedToUpdateEndpointSlices", "Error updating Endpoint Slices for Service default/web: skipping Pod b for Service default/web: Node two Not Found");
        node("two", "west");
        awaitServed(Map.of("a", "east", "b", "west"));
        change("two", now -> new NodeBuilder(now).editMetadata().addToLabels("topology.kubernetes.io/zone", "north").endMetadata().build());
        awaitServed(Map.of("a", "east", "b", "north"));
        client.of(Kind.NODE).delete(ObjectKey.root("one"), Deletion.ordinary());
        awaitServed(Map.of("b", "north"));
    }

    @Test
    void whoWantsPodsThatAreNotReadyGetsThoseOfNoNodeToo() {
        create(pod("a", "gone", 1, "2026-01-01T00:00:00Z"));
        service(Map.of(), true);
        awaitServed(Map.of("a", "null"));
        node("gone", "east");
        awaitServed(Map.of("a", "east"));
    }

    @Test
    void aRefusedWriteIsDueSinceItsChangeStill() {
        node("one", "east");
        service(Map.of(), false);
        await().atMost(Duration.ofSeconds(20)).until(() -> slices().size() == 1);
        api.failNext("PUT /tenants/red/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", 500, 2);
        create(pod("a", "one", 1, "2026-01-01T00:00:05Z"));
        awaitServed(Map.of("a", "east"));
        assertThat(slices().getFirst().getMetadata().getAnnotations()).containsEntry("endpoints.kubernetes.io/last-change-trigger-time", "2026-01-01T00:00:05Z");
    }

    @Test
    void hintsByTheProcessorsOfZonesComeAndGoWithTheirEvents() {
        node("one", "east");
        create(pod("a", "one", 1, "2026-01-01T00:00:00Z"));
        create(pod("b", "one", 2, "2026-01-01T00:00:00Z"));
        service(Map.of(MODE, "Auto"), false);
        awaitTold("TopologyAwareHintsDisabled", "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes, addressType: IPv4");
        awaitServed(Map.of("a", "east", "b", "east"));
        node("two", "west");
        awaitServed(Map.of("a", "east for west", "b", "east for east"));
        awaitTold("TopologyAwareHintsEnabled", "Topology Aware Hints has been enabled, addressType: IPv4");
        // It asks for those that are near as well: the mode comes first.
        client.of(Kind.SERVICE).change(new ObjectKey(TENANT, "default", "web"), null,
                now -> new ServiceBuilder(now).editSpec().withTrafficDistribution("PreferSameNode").endSpec().build());
        create(pod("c", "two", 3, "2026-01-01T00:00:00Z"));
        awaitTold("TopologyAwareHintsDisabled", "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (3 endpoints, 2 zones), addressType: IPv4");
        awaitServed(Map.of("a", "east", "b", "east", "c", "west"));
        create(pod("d", "two", 4, "2026-01-01T00:00:00Z"));
        awaitServed(Map.of("a", "east for east", "b", "east for east", "c", "west for west", "d", "west for west"));
        client.of(Kind.SERVICE).change(new ObjectKey(TENANT, "default", "web"), null,
                now -> new ServiceBuilder(now).editMetadata().removeFromAnnotations(MODE).endMetadata().editSpec().withTrafficDistribution(null).endSpec().build());
        awaitServed(Map.of("a", "east", "b", "east", "c", "west", "d", "west"));
        awaitTold("TopologyAwareHintsDisabled", "Topology Aware Hints has been disabled, addressType: IPv4");
    }
}
