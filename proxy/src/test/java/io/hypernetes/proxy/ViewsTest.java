package io.hypernetes.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.ServicePortBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPortBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import io.hypernetes.network.PortMapping.Protocol;
import io.hypernetes.network.ServiceTable;
import io.hypernetes.network.ServiceTable.Callers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ViewsTest {
    private static final Place HERE = new Place("here", "east");

    static Service service(String name, String address) {
        return new ServiceBuilder()
                .withNewMetadata().withNamespace("shop").withName(name).endMetadata()
                .withNewSpec().withType("ClusterIP").withClusterIP(address)
                .addNewPort().withName("http").withProtocol("TCP").withPort(80).endPort()
                .addNewPort().withName("dns").withProtocol("UDP").withPort(53).endPort()
                .endSpec().build();
    }

    private static EndpointSlice slice(String service, String name, EndpointBuilder... endpoints) {
        return new EndpointSliceBuilder()
                .withNewMetadata().withNamespace("shop").withName(name).withLabels(Map.of("kubernetes.io/service-name", service)).endMetadata()
                .withAddressType("IPv4")
                .addNewPort().withName("http").withProtocol("TCP").withPort(8080).endPort()
                .addNewPort().withName("dns").withProtocol("UDP").withPort(5353).endPort()
                .withEndpoints(List.of(endpoints).stream().map(EndpointBuilder::build).toList())
                .build();
    }

    private static EndpointBuilder endpoint(String address, boolean ready, boolean serving, boolean terminating, String node) {
        return new EndpointBuilder().withAddresses(address).withNodeName(node)
                .withNewConditions().withReady(ready).withServing(serving).withTerminating(terminating).endConditions();
    }

    private static List<ServiceTable.Port> ports(Service service, EndpointSlice... slices) {
        return Tables.of(Views.of(List.of(service), List.of(slices), HERE), "10.96.0.0/12", List.of()).ports();
    }

    private static ServiceTable.Endpoint at(String address) {
        return new ServiceTable.Endpoint(address, 8080);
    }

    @Test
    void connectionsGoToWhatIsReadyEachOnce() {
        List<ServiceTable.Port> ports = ports(
                service("web", "10.96.1.1"),
                slice("web", "a", endpoint("10.88.0.2", true, true, false, "here"), endpoint("10.88.0.3", false, false, false, "here")),
                slice("web", "b", endpoint("10.88.0.2", true, true, false, "here"), endpoint("10.88.0.4", false, true, true, "there")),
                slice("other", "c", endpoint("10.88.0.9", true, true, false, "here")));
        assertThat(ports).hasSize(2);
        assertThat(ports.getFirst().addresses()).containsExactly("10.96.1.1");
        assertThat(ports.getFirst().endpoints()).containsExactly(at("10.88.0.2"));
        assertThat(ports.getLast().protocol()).isEqualTo(Protocol.UDP);
        assertThat(ports.getLast().endpoints()).containsExactly(new ServiceTable.Endpoint("10.88.0.2", 5353));
    }

    /// Upstream's pkg/proxy/endpointslicecache.go (`addEndpoints`).
    @Test
    void ofAPlaceThatTwoSlicesTellOfTheBetterWordCounts() {
        Service local = service("web", "10.96.1.1").edit().editSpec().withInternalTrafficPolicy("Local").endSpec().build();
        EndpointBuilder ready = endpoint("10.88.0.2", true, true, false, "there");
        EndpointBuilder ending = endpoint("10.88.0.2", false, true, true, "here");
        EndpointBuilder ended = endpoint("10.88.0.2", false, false, true, "there");
        EndpointBuilder unready = endpoint("10.88.0.2", false, true, false, "there");
        EndpointBuilder here = endpoint("10.88.0.2", true, true, false, "here");
        for (List<EndpointBuilder> both : List.of(List.of(ending, ended), List.of(ended, ending), List.of(ending, unready), List.of(unready, ending),
                List.of(ready, here), List.of(here, ready))) {
            EndpointSlice[] slices = {slice("web", "a", both.getFirst()), slice("web", "b", both.getLast())};
            assertThat(ports(service("web", "10.96.1.1"), slices).getFirst().endpoints()).containsExactly(at("10.88.0.2"));
            assertThat(ports(local, slices).getFirst().endpoints()).containsExactly(at("10.88.0.2"));
        }
        EndpointSlice[] late = {slice("web", "a", ready), slice("web", "b", ending)};
        assertThat(ports(service("web", "10.96.1.1"), late[0], late[1], slice("web", "c", endpoint("10.88.0.3", true, true, false, "here"))).getFirst().endpoints())
                .as("it is ready").containsExactly(at("10.88.0.2"), at("10.88.0.3"));
    }

    @Test
    void whenNoneIsReadyThoseThatEndStillServe() {
        assertThat(ports(
                                service("web", "10.96.1.1"),
                                slice("web", "a", endpoint("10.88.0.3", false, true, true, "here"), endpoint("10.88.0.4", false, false, true, "here")))
                        .getFirst().endpoints())
                .containsExactly(at("10.88.0.3"));
    }

    @Test
    void hintsOfOneNodeSayWhoIsMeantThere() {
        EndpointBuilder near = endpoint("10.88.0.2", true, true, false, "here").withNewHints().addNewForZone("east").addNewForNode("here").endHints();
        EndpointBuilder far = endpoint("10.88.7.2", true, true, false, "there").withNewHints().addNewForZone("west").addNewForNode("there").endHints();
        EndpointBuilder next = endpoint("10.88.8.2", true, true, false, "next").withNewHints().addNewForZone("east").addNewForNode("next").endHints();
        Service service = service("web", "10.96.1.1");
        assertThat(ports(service, slice("web", "a", near, far), slice("web", "b", next)).getFirst().endpoints()).containsExactly(at("10.88.0.2"));
        assertThat(ports(service, slice("web", "a", far), slice("web", "b", next)).getFirst().endpoints()).as("none on this node, one in its zone").containsExactly(at("10.88.8.2"));
        assertThat(ports(service, slice("web", "a", far)).getFirst().endpoints()).as("none near").containsExactly(at("10.88.7.2"));
        assertThat(ports(service, slice("web", "a", near, far), slice("web", "b", endpoint("10.88.9.2", true, true, false, "there"))).getFirst().endpoints())
                .as("one of them without").hasSize(3);
        service.getSpec().setInternalTrafficPolicy("Local");
        assertThat(ports(service, slice("web", "a", near, far, next)).getFirst().endpoints()).containsExactly(at("10.88.0.2"));
        assertThat(ports(service, slice("web", "a", far, next)).getFirst().endpoints()).isEmpty();
    }

    /// As upstream's pkg/proxy/endpointslicecache.go, for slices that are written by hand.
    @Test
    void whatSaysThatItEndsAndNotWhetherItServesStillDoes() {
        EndpointBuilder ending = new EndpointBuilder().withAddresses("10.88.0.3").withNewConditions().withReady(false).withTerminating(true).endConditions();
        assertThat(ports(service("web", "10.96.1.1"), slice("web", "a", ending)).getFirst().endpoints()).containsExactly(at("10.88.0.3"));
    }

    @Test
    void nodePortsMayHaveEndpointsOfTheirOwnAndClientsMayStick() {
        Service service = service("web", "10.96.1.1");
        service.getSpec().setType("NodePort");
        service.getSpec().getPorts().getFirst().setNodePort(30080);
        service.getSpec().setExternalTrafficPolicy("Local");
        service.getSpec().setSessionAffinity("ClientIP");
        List<ServiceTable.Port> ports = ports(
                service, slice("web", "a", endpoint("10.88.0.2", true, true, false, "here"), endpoint("10.88.7.2", true, true, false, "there")));
        assertThat(ports).hasSize(3);
        assertThat(ports.get(0).nodePort()).isEqualTo(30080);
        assertThat(ports.get(0).callers()).as("pods, and the node itself").isEqualTo(Callers.NEAR);
        assertThat(ports.get(0).stickySeconds()).isEqualTo(10_800);
        assertThat(ports.get(0).endpoints()).hasSize(2);
        assertThat(ports.get(1).nodePort()).isEqualTo(30080);
        assertThat(ports.get(1).callers()).isEqualTo(Callers.FAR);
        assertThat(ports.get(1).addresses()).isEmpty();
        assertThat(ports.get(1).endpoints()).containsExactly(at("10.88.0.2"));

        // Both policies each for itself, whatever the other says.
        EndpointSlice slice = slice("web", "a", endpoint("10.88.0.2", true, true, false, "here"), endpoint("10.88.7.2", true, true, false, "there"));
        service.getSpec().setInternalTrafficPolicy("Local");
        assertThat(ports(service, slice).stream().filter(port -> port.protocol() == Protocol.TCP))
                .extracting(ServiceTable.Port::name, port -> port.addresses().size(), ServiceTable.Port::nodePort, ServiceTable.Port::callers, port -> port.endpoints().size())
                .containsExactlyInAnyOrder(tuple("shop/web:http", 1, 30080, Callers.FAR, 1), tuple("shop/web:http#node", 0, 30080, Callers.NEAR, 2));
        service.getSpec().setExternalTrafficPolicy("Cluster");
        assertThat(ports(service, slice).stream().filter(port -> port.protocol() == Protocol.TCP))
                .extracting(ServiceTable.Port::name, port -> port.addresses().size(), ServiceTable.Port::nodePort, ServiceTable.Port::callers, port -> port.endpoints().size())
                .containsExactlyInAnyOrder(tuple("shop/web:http", 1, 0, Callers.FAR, 1), tuple("shop/web:http#node", 0, 30080, Callers.ALL, 2));
    }

    /// As upstream's proxies: who hears nothing tries again, and reaches whoever comes back on this node meanwhile; only where nobody serves at all it is refused.
    @Test
    void whoIsServedElsewhereOnlyHearsNothing() {
        Service service = service("web", "10.96.1.1");
        service.getSpec().setType("NodePort");
        service.getSpec().getPorts().getFirst().setNodePort(30080);
        service.getSpec().setExternalTrafficPolicy("Local");
        service.getSpec().setInternalTrafficPolicy("Local");
        EndpointSlice there = slice("web", "a", endpoint("10.88.7.2", true, true, false, "there"));
        assertThat(ports(service, there)).extracting(ServiceTable.Port::name, port -> port.endpoints().size(), ServiceTable.Port::silent)
                .containsExactlyInAnyOrder(tuple("shop/web:http#node", 1, false), tuple("shop/web:http", 0, true), tuple("shop/web:dns", 0, true));
        assertThat(ports(service, slice("web", "a", endpoint("10.88.7.2", false, true, true, "there"))).stream().filter(port -> port.name().equals("shop/web:http")))
                .singleElement().extracting(ServiceTable.Port::silent).as("one that ends there still serves").isEqualTo(true);
        assertThat(ports(service, slice("web", "a", endpoint("10.88.7.2", false, false, false, "there")))).noneMatch(ServiceTable.Port::silent);
        assertThat(ports(service)).noneMatch(ServiceTable.Port::silent);
        service.getSpec().setInternalTrafficPolicy("Cluster");
        assertThat(ports(service, there)).extracting(ServiceTable.Port::name, port -> port.endpoints().size(), ServiceTable.Port::silent)
                .containsExactlyInAnyOrder(tuple("shop/web:http", 1, false), tuple("shop/web:http#node", 0, true), tuple("shop/web:dns", 1, false));
    }

    @Test
    void loadBalancersAskHowManyAddressesOnThisNodeAreReady() {
        Service service = service("web", "10.96.1.1");
        service.getSpec().setType("LoadBalancer");
        service.getSpec().setExternalTrafficPolicy("Local");
        service.getSpec().setHealthCheckNodePort(30100);
        EndpointSlice first = slice("web", "a", endpoint("10.88.0.2", true, true, false, "here"), endpoint("10.88.7.2", true, true, false, "there"),
                endpoint("10.88.0.3", false, true, true, "here"), endpoint("10.88.0.4", true, true, false, "here"));
        EndpointSlice second = slice("web", "b", endpoint("10.88.0.2", true, true, false, "here"));
        second.getPorts().removeFirst();
        EndpointSlice without = slice("web", "c", endpoint("10.88.0.9", true, true, false, "here"));
        without.setPorts(List.of());
        assertThat(checked(service, first, second, without).healthCheckNodePort()).isEqualTo(30100);
        assertThat(checked(service, first, second, without).readyHere()).isEqualTo(2);

        assertThat(checked(service.edit().editSpec().withType("NodePort").endSpec().build()).healthCheckNodePort()).isZero();
        assertThat(checked(service.edit().editSpec().withExternalTrafficPolicy("Cluster").endSpec().build()).healthCheckNodePort()).isZero();
        assertThat(checked(service.edit().editSpec().withClusterIP("None").endSpec().build()).healthCheckNodePort()).isZero();
        assertThat(checked(service.edit().editSpec().withHealthCheckNodePort(70_000).endSpec().build()).healthCheckNodePort()).isZero();
        assertThat(checked(service.edit().editSpec().withHealthCheckNodePort(null).endSpec().build()).healthCheckNodePort()).isZero();
    }

    private static ServiceView.Entry checked(Service service, EndpointSlice... slices) {
        return Views.of(List.of(service), List.of(slices), HERE).find("shop", "web").orElseThrow();
    }

    @Test
    void nothingMalformedAndNothingOfTheGatewayIsTakenFromTenants() {
        ServiceTable.Port door = new ServiceTable.Port(
                "default/kubernetes:https", List.of("10.96.0.1"), Protocol.TCP, 443, 0, 0, List.of(new ServiceTable.Endpoint("10.88.0.1", 4)));
        for (String address : List.of("10.96.0.1", "None", "", "::1", "10.96.0.5 ; flush ruleset", "300.1.1.1", "010.1.1.1")) {
            ServiceTable table = Tables.of(Views.of(List.of(service("web", address)), List.of(), HERE), "10.96.0.0/12", List.of(door));
            assertThat(table.ports()).as(address).containsExactly(door);
        }
        EndpointSlice slice = slice("web", "a", endpoint("10.88.0.2:80 }", true, true, false, "here"), endpoint("fd00::1", true, true, false, "here"));
        assertThat(ports(service("web", "10.96.1.1"), slice).getFirst().endpoints()).isEmpty();
    }

    private static Service manyPorts(String name, String address, int from, int to) {
        Service service = service(name, address);
        service.getSpec().setPorts(IntStream.range(from, to).mapToObj(i -> new ServicePortBuilder().withName("p" + i).withProtocol("TCP").withPort(1 + i).build()).toList());
        return service;
    }

    private static EndpointSlice many(String service, String name, int network, int endpoints, int ports) {
        EndpointSlice slice = slice(service, name, IntStream.range(0, endpoints)
                .mapToObj(i -> endpoint("10." + network + "." + i / 250 + "." + (1 + i % 250), i != 7, true, false, i == 900 ? "here" : "there")).toArray(EndpointBuilder[]::new));
        slice.setPorts(IntStream.range(0, ports).mapToObj(i -> new EndpointPortBuilder().withName("p" + i).withProtocol("TCP").withPort(1 + i).build()).toList());
        return slice;
    }

    /// Both numbers are what one object may have, so that their product must be nowhere.
    @Test
    void theEndpointsOfASliceShareItsPortsAsFarAsTheServiceHasThem() {
        List<ServiceView.Endpoint> endpoints = checked(manyPorts("web", "10.96.1.1", 10, 15), many("web", "a", 88, 1000, 2000), many("web", "b", 88, 1000, 2000)).endpoints();
        assertThat(endpoints).hasSize(1000);
        assertThat(endpoints.getFirst().ports()).hasSize(5).containsEntry("p10/TCP", 11);
        assertThat(endpoints).allMatch(each -> each.ports() == endpoints.getFirst().ports());
    }

    private static int places(ServiceView view) {
        return Tables.of(view, "10.96.0.0/12", List.of()).ports().stream().mapToInt(port -> 1 + port.endpoints().size()).sum();
    }

    @Test
    void ofAServiceThatIsTooLargeEachPortHasSomeAndThoseThatServeBest() {
        List<Room.LeftOut> left = new ArrayList<>();
        ServiceView view = Views.of(List.of(manyPorts("web", "10.96.1.1", 0, 100), service("small", "10.96.1.2")),
                List.of(many("web", "a", 88, 1000, 100), slice("small", "b", endpoint("10.88.0.2", true, true, false, "there"))), HERE, left::add);
        assertThat(places(view)).isBetween(Room.MOST_OF_SERVICE / 2, Room.MOST_OF_SERVICE + 4);
        List<ServiceTable.Port> ports = Tables.of(view, "10.96.0.0/12", List.of()).ports();
        assertThat(ports).hasSize(102);
        assertThat(ports).filteredOn(port -> port.name().startsWith("shop/web")).allSatisfy(port -> assertThat(port.endpoints())
                .hasSize((Room.MOST_OF_SERVICE - 100) / 100)
                .as("here").anyMatch(each -> each.address().equals("10.88.3.151"))
                .as("not ready").noneMatch(each -> each.address().equals("10.88.0.8")));
        assertThat(ports).filteredOn(port -> port.name().startsWith("shop/small")).allMatch(port -> port.endpoints().size() == 1);
        assertThat(left).containsExactly(new Room.LeftOut("shop/web", 0, 1000 - (Room.MOST_OF_SERVICE - 100) / 100));
    }

    @Test
    void ofMorePortsThanFitTheFirstAreServed() {
        List<Room.LeftOut> left = new ArrayList<>();
        ServiceView view = Views.of(List.of(manyPorts("web", "10.96.1.1", 0, 15_000)), List.of(many("web", "a", 88, 1000, 15_000)), HERE, left::add);
        assertThat(places(view)).isEqualTo(Room.MOST_OF_SERVICE);
        assertThat(left).containsExactly(new Room.LeftOut("shop/web", 15_000 - Room.MOST_OF_SERVICE / 2, 999));
    }

    @Test
    void ofATenantThatHasTooMuchTheSmallestServicesAreWhole() {
        List<Room.LeftOut> left = new ArrayList<>();
        List<Service> services = new ArrayList<>();
        List<EndpointSlice> slices = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            services.add(manyPorts("a" + i, "10.96.1." + (1 + i), 0, 100));
            slices.add(many("a" + i, "a" + i, 80 + i, 1000, 100));
        }
        services.add(service("small", "10.96.2.1"));
        slices.add(slice("small", "b", endpoint("10.88.0.2", true, true, false, "there")));
        ServiceView view = Views.of(services, slices, HERE, left::add);
        assertThat(places(view)).isBetween(Room.MOST_OF_TENANT / 2, Room.MOST_OF_TENANT);
        assertThat(view.find("shop", "small").orElseThrow().endpoints()).hasSize(1);
        assertThat(view.find("shop", "a0").orElseThrow().endpoints()).hasSizeGreaterThan(50);
        assertThat(left).extracting(Room.LeftOut::service).containsExactlyInAnyOrder("shop/a0", "shop/a1", "shop/a2", "shop/a3", "shop/a4");
        assertThat(left.stream().filter(each -> each.service().equals("shop/a4"))).singleElement().matches(last -> last.endpoints() > 950);
    }

    @Test
    void endpointsWithoutClusterIpAreCountedOnceWhateverTheirPorts() {
        List<Room.LeftOut> left = new ArrayList<>();
        ServiceView view = Views.of(List.of(manyPorts("web", "None", 0, 100)), List.of(many("web", "a", 88, 1000, 100)), HERE, left::add);
        assertThat(view.find("shop", "web").orElseThrow().endpoints()).hasSize(1000);
        assertThat(left).isEmpty();
    }

    @Test
    void variablesTellOfServices() {
        ServiceView view = Views.of(List.of(service("my-web", "10.96.1.1"), service("headless", "None")), List.of(), HERE);
        Map<String, String> variables = ServiceVariables.of(view, "shop");
        assertThat(variables)
                .containsEntry("MY_WEB_SERVICE_HOST", "10.96.1.1")
                .containsEntry("MY_WEB_SERVICE_PORT", "80")
                .containsEntry("MY_WEB_SERVICE_PORT_DNS", "53")
                .containsEntry("MY_WEB_PORT", "tcp://10.96.1.1:80")
                .containsEntry("MY_WEB_PORT_53_UDP", "udp://10.96.1.1:53")
                .containsEntry("MY_WEB_PORT_53_UDP_PROTO", "udp")
                .containsEntry("MY_WEB_PORT_53_UDP_ADDR", "10.96.1.1")
                .doesNotContainKey("HEADLESS_SERVICE_HOST");
        assertThat(ServiceVariables.of(view, "elsewhere")).isEmpty();
        assertThat(ServiceVariables.ofApiServer("10.96.0.1"))
                .containsEntry("KUBERNETES_SERVICE_HOST", "10.96.0.1")
                .containsEntry("KUBERNETES_SERVICE_PORT_HTTPS", "443")
                .containsEntry("KUBERNETES_PORT_443_TCP", "tcp://10.96.0.1:443");
    }
}
