package io.hypernetes.proxy;

import io.hypernetes.network.PortMapping.Protocol;
import io.hypernetes.network.ServiceTable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What a gateway is told of a tenant's services: which addresses and ports lead to which of the endpoints that [Choice] takes.
final class Tables {
    private static final Map<String, Protocol> PROTOCOLS = Map.of("TCP", Protocol.TCP, "UDP", Protocol.UDP, "SCTP", Protocol.SCTP);

    private Tables() {}

    /// @param own ports of the gateway itself, which no service of the tenant may stand in for
    static ServiceTable of(ServiceView view, String serviceCidr, List<ServiceTable.Port> own) {
        List<ServiceTable.Port> ports = new ArrayList<>(own);
        List<String> reserved = own.stream().flatMap(port -> port.addresses().stream()).toList();
        view.services().values().stream()
                .filter(service -> !reserved.contains(service.clusterIp()))
                .sorted(Comparator.comparing(service -> service.namespace() + "/" + service.name()))
                .forEach(service -> add(service, ports));
        return new ServiceTable(serviceCidr, ports);
    }

    private static void add(ServiceView.Entry service, List<ServiceTable.Port> ports) {
        if (service.clusterIp().isEmpty()) {
            return;
        }
        // Looked through once, and not for each of what may be thousands of ports.
        Map<String, List<ServiceView.Endpoint>> serving = new HashMap<>();
        service.endpoints().forEach(endpoint -> endpoint.ports().keySet().forEach(key -> serving.computeIfAbsent(key, first -> new ArrayList<>()).add(endpoint)));
        for (ServiceView.Port port : service.ports()) {
            Protocol protocol = PROTOCOLS.get(port.protocol());
            if (protocol == null) {
                continue;
            }
            String name = service.namespace() + "/" + service.name() + ":" + port.name();
            List<String> addresses = List.of(service.clusterIp());
            boolean local = service.localOnly();
            // That connections from outside stay on the node is for the sake of their addresses; pods and the node itself are served from anywhere
            // (upstream's pkg/proxy/serviceport.go, `UsesClusterEndpoints`).
            boolean far = service.externallyLocalOnly() && port.nodePort() > 0;
            String key = Views.portKey(port.name(), port.protocol());
            List<ServiceView.Endpoint> places = serving.getOrDefault(key, List.of());
            List<ServiceTable.Endpoint> all = endpoints(places, key, false);
            if (!local || port.nodePort() > 0) {
                ports.add(new ServiceTable.Port(
                        local ? name + "#node" : name, local ? List.of() : addresses, protocol, port.port(), port.nodePort(),
                        far ? ServiceTable.Callers.NEAR : ServiceTable.Callers.ALL, service.stickySeconds(), all, false));
            }
            if (local || far) {
                // Who is not served here, but elsewhere, hears nothing, and with patience reaches whoever comes back; refused is only who is served nowhere.
                ports.add(new ServiceTable.Port(
                        local ? name : name + "#node", local ? addresses : List.of(), protocol, port.port(), far ? port.nodePort() : 0,
                        ServiceTable.Callers.FAR, service.stickySeconds(), endpoints(places, key, true), !all.isEmpty()));
            }
        }
    }

    private static List<ServiceTable.Endpoint> endpoints(List<ServiceView.Endpoint> serving, String key, boolean localOnly) {
        // Two slices that differ in other ports may name the same place.
        Map<ServiceTable.Endpoint, ServiceView.Endpoint> places = new LinkedHashMap<>();
        for (ServiceView.Endpoint endpoint : serving) {
            places.merge(new ServiceTable.Endpoint(endpoint.address(), endpoint.ports().getOrDefault(key, 0)), endpoint, Choice::better);
        }
        List<ServiceView.Endpoint> all = List.copyOf(places.values());
        return (localOnly ? Choice.onNode(all) : Choice.anywhere(all)).stream()
                .map(endpoint -> new ServiceTable.Endpoint(endpoint.address(), endpoint.ports().getOrDefault(key, 0)))
                .sorted(Comparator.comparing(ServiceTable.Endpoint::address).thenComparing(ServiceTable.Endpoint::port))
                .toList();
    }
}
