package io.hypernetes.controllers.endpoints;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.ForZone;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.controllers.endpoints.SlicePlan.Group;
import io.hypernetes.controllers.endpoints.TopologyHints.Planned;
import io.hypernetes.controllers.endpoints.TopologyHints.Told;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// As upstream's staging/src/k8s.io/endpointslice/topologycache/topologycache.go.
class TopologyHintsTest {
    private static final ObjectKey KEY = new ObjectKey("red", "default", "web");
    private static final Group GROUP = new Group("IPv4", List.of());

    private List<Node> nodes = List.of(node("a", 2), node("b", 2));
    private final List<ObjectKey> woken = new ArrayList<>();
    private final TopologyHints hints = new TopologyHints(() -> nodes, woken::add);
    private List<EndpointSlice> slices = new ArrayList<>();
    private int named;

    private static Node node(String zone, int processors) {
        return new NodeBuilder().withNewMetadata().withName("node-" + zone).addToLabels(ZoneShares.ZONE, zone).endMetadata().withNewStatus()
                .addToAllocatable("cpu", new Quantity(String.valueOf(processors))).addNewCondition().withType("Ready").withStatus("True").endCondition().endStatus().build();
    }

    private static Endpoint endpoint(int number, String zone, boolean ready) {
        return new EndpointBuilder().withAddresses("10.0.0." + number).withZone(zone.isEmpty() ? null : zone)
                .withNewConditions().withReady(ready).endConditions().build();
    }

    /// Plans, and does what is planned.
    private Planned plan(Endpoint... endpoints) {
        Planned planned = hints.plan(KEY, new LinkedHashMap<>(Map.of(GROUP, new ArrayList<>(List.of(endpoints)))), slices);
        List<EndpointSlice> now = new ArrayList<>();
        for (EndpointSlice slice : slices) {
            if (!planned.plan().delete().contains(slice)) {
                List<Endpoint> update = planned.plan().update().get(slice);
                now.add(update == null ? slice : new EndpointSliceBuilder(slice).withEndpoints(update).build());
            }
        }
        planned.plan().create().forEach(contents -> now.add(new EndpointSliceBuilder().withNewMetadata().withName("s" + named++).endMetadata()
                .withAddressType("IPv4").withPorts(contents.ports()).withEndpoints(contents.endpoints()).build()));
        slices = now;
        return planned;
    }

    /// The zones that endpoints are for, by the last part of their addresses.
    private Map<Integer, String> zones() {
        Map<Integer, String> zones = new TreeMap<>();
        slices.forEach(slice -> slice.getEndpoints().forEach(endpoint -> zones.put(
                Integer.parseInt(endpoint.getAddresses().getFirst().substring("10.0.0.".length())),
                endpoint.getHints() == null ? "" : String.join(",", endpoint.getHints().getForZones().stream().map(ForZone::getName).toList()))));
        return zones;
    }

    private static List<String> messages(List<Told> told) {
        return told.stream().map(each -> each.reason() + ": " + each.message()).toList();
    }

    private static Service service(String... annotations) {
        ServiceBuilder service = new ServiceBuilder().withNewMetadata().withName("web").endMetadata();
        for (int i = 0; i < annotations.length; i += 2) {
            service.editMetadata().addToAnnotations("service.kubernetes.io/" + annotations[i], annotations[i + 1]).endMetadata();
        }
        return service.build();
    }

    @Test
    void theOlderAnnotationIsAskedFirst() {
        assertThat(TopologyHints.isWantedBy(service())).isFalse();
        assertThat(TopologyHints.isWantedBy(service("topology-mode", "Auto"))).isTrue();
        assertThat(TopologyHints.isWantedBy(service("topology-mode", "auto"))).isTrue();
        assertThat(TopologyHints.isWantedBy(service("topology-mode", "AUTO"))).isFalse();
        assertThat(TopologyHints.isWantedBy(service("topology-aware-hints", "Disabled", "topology-mode", "Auto"))).isFalse();
        assertThat(TopologyHints.isWantedBy(service("topology-aware-hints", "Auto"))).isTrue();
    }

    @Test
    void endpointsAreForTheirZonesAndTheRestIsDivided() {
        assertThat(messages(plan(endpoint(1, "a", true), endpoint(2, "b", true), endpoint(3, "b", false)).told()))
                .containsExactly("TopologyAwareHintsEnabled: Topology Aware Hints has been enabled, addressType: IPv4");
        assertThat(zones()).isEqualTo(Map.of(1, "a", 2, "b", 3, ""));
        Planned again = plan(endpoint(1, "a", true), endpoint(2, "b", true), endpoint(3, "b", false));
        assertThat(again.told()).as("said once").isEmpty();
        assertThat(again.plan().update()).as("nothing to write").isEmpty();
        plan(endpoint(1, "a", true), endpoint(2, "a", true), endpoint(3, "a", true), endpoint(4, "a", true));
        assertThat(zones()).as("b has half of the processors").isEqualTo(Map.of(1, "b", 2, "b", 3, "a", 4, "a"));
    }

    @Test
    void withoutEnoughThereAreNoHints() {
        plan(endpoint(1, "a", true), endpoint(2, "b", true));
        assertThat(messages(plan(endpoint(1, "a", true)).told()))
                .containsExactly("TopologyAwareHintsDisabled: Insufficient number of endpoints (1 endpoints, 2 zones), addressType: IPv4");
        assertThat(zones()).isEqualTo(Map.of(1, ""));
        assertThat(messages(plan(endpoint(1, "a", true), endpoint(2, "", true)).told()))
                .containsExactly("TopologyAwareHintsDisabled: One or more endpoints do not have a zone specified, addressType: IPv4");
        nodes = List.of(node("a", 2));
        hints.look();
        assertThat(messages(plan(endpoint(1, "a", true), endpoint(2, "b", true)).told())).containsExactly(
                "TopologyAwareHintsDisabled: Insufficient Node information: allocatable CPU or zone not specified on one or more nodes, addressType: IPv4");
        assertThat(zones()).isEqualTo(Map.of(1, "", 2, ""));
        assertThat(hints.withdraw(KEY, "IPv4")).as("it had none").isEmpty();
    }

    @Test
    void whoAsksNoLongerIsTold() {
        plan(endpoint(1, "a", true), endpoint(2, "b", true));
        assertThat(messages(hints.withdraw(KEY, "IPv4"))).containsExactly("TopologyAwareHintsDisabled: Topology Aware Hints has been disabled, addressType: IPv4");
        assertThat(hints.withdraw(KEY, "IPv4")).isEmpty();
    }

    @Test
    void nodesThatComeAndGoWakeThoseWhomTheyConcern() {
        plan(endpoint(1, "a", true), endpoint(2, "a", true), endpoint(3, "b", true), endpoint(4, "b", true));
        assertThat(hints.look()).as("nothing has changed").isEmpty();
        nodes = List.of(node("a", 20), node("b", 19));
        assertThat(hints.look()).as("no zone has too few").isEmpty();
        nodes = List.of(node("a", 6), node("b", 2));
        assertThat(hints.look()).as("a has too few").containsExactly(KEY);
        plan(endpoint(1, "a", true), endpoint(2, "a", true), endpoint(3, "b", true), endpoint(4, "b", true));
        assertThat(zones()).isEqualTo(Map.of(1, "a", 2, "a", 3, "a", 4, "b"));
        nodes = List.of(node("a", 6));
        assertThat(hints.look()).as("one zone is left").containsExactly(KEY);
        plan(endpoint(1, "a", true), endpoint(2, "a", true));
        assertThat(hints.look()).as("as before").isEmpty();
        nodes = List.of(node("a", 1), node("b", 1));
        assertThat(hints.look()).as("what was refused may be granted now").containsExactly(KEY);
        hints.forget(KEY);
        nodes = List.of(node("a", 2), node("b", 1));
        assertThat(hints.look()).isEmpty();
    }

    @Test
    void nodesThatChangeWhileAServiceIsPlannedWakeIt() {
        hints.look();
        List<Endpoint> overtaken = new ArrayList<>(List.of(endpoint(1, "a", true), endpoint(2, "a", true), endpoint(3, "b", true), endpoint(4, "b", true)));
        Map<Group, List<Endpoint>> wanted = new LinkedHashMap<>(Map.of(GROUP, overtaken));
        hints.plan(KEY, wanted, new ArrayList<>());
        assertThat(woken).isEmpty();
        hints.forget(KEY);
        hints.plan(KEY, wanted, new AbstractList<>() {
            @Override
            public EndpointSlice get(int index) {
                throw new IndexOutOfBoundsException(index);
            }

            @Override
            public int size() {
                nodes = List.of(node("a", 6), node("b", 2));
                assertThat(hints.look()).as("not entered yet").isEmpty();
                return 0;
            }
        });
        assertThat(woken).contains(KEY);
    }

    @Test
    void hintsOfNodesGoWithTheModeThatWroteThem() {
        slices = new ArrayList<>(List.of(new EndpointSliceBuilder().withNewMetadata().withName("old").endMetadata().withAddressType("IPv4").withPorts(List.of()).withEndpoints(
                new EndpointBuilder(endpoint(1, "a", true)).withNewHints().addNewForZone("a").addNewForNode("n").endHints().build(),
                new EndpointBuilder(endpoint(2, "b", true)).withNewHints().addNewForZone("b").addNewForNode("m").endHints().build()).build()));
        plan(endpoint(1, "a", true), endpoint(2, "b", true));
        assertThat(slices.getFirst().getEndpoints()).allSatisfy(endpoint -> assertThat(endpoint.getHints().getForNodes()).isEmpty());
        assertThat(zones()).isEqualTo(Map.of(1, "a", 2, "b"));
    }

    @Test
    void whateverHappensEachReadyEndpointIsForOneZoneAndNothingIsWrittenTwice() {
        Random random = new Random(20261130);
        for (int round = 0; round < 300; round++) {
            Map<Integer, Endpoint> live = new TreeMap<>();
            slices = new ArrayList<>();
            hints.forget(KEY);
            for (int step = 0; step < 12; step++) {
                if (random.nextInt(4) == 0) {
                    List<Node> some = new ArrayList<>();
                    for (String zone : List.of("a", "b", "c").subList(0, 1 + random.nextInt(3))) {
                        some.add(node(zone, 1 + random.nextInt(8)));
                    }
                    nodes = some;
                    hints.look();
                }
                for (int i = random.nextInt(60); i > 0; i--) {
                    int number = random.nextInt(250);
                    if (random.nextInt(3) == 0) {
                        live.remove(number);
                    } else {
                        live.put(number, endpoint(number, List.of("a", "b", "c").get(random.nextInt(3)), random.nextInt(5) > 0));
                    }
                }
                Endpoint[] endpoints = live.values().toArray(Endpoint[]::new);
                Planned planned = plan(endpoints);
                boolean refused = planned.told().stream().anyMatch(told -> told.reason().endsWith("Disabled"));
                Map<Integer, String> zones = zones();
                assertThat(zones.keySet()).as("round %d step %d", round, step).isEqualTo(live.keySet());
                live.forEach((number, endpoint) -> assertThat(zones.get(number)).matches(refused || !endpoint.getConditions().getReady() ? "" : "[abc]"));
                if (!nodes.stream().map(ZoneShares::zone).toList().containsAll(live.values().stream().map(Endpoint::getZone).toList())) {
                    // Slices with endpoints in a zone without a node are never right, and divided from the beginning.
                    plan(endpoints);
                }
                SlicePlan again = plan(endpoints).plan();
                assertThat(again.update().isEmpty() && again.create().isEmpty() && again.delete().isEmpty()).as("round %d step %d: nothing is left to do", round, step).isTrue();
            }
        }
    }
}
