package io.hypernetes.proxy;

import io.hypernetes.network.PortMapping.Protocol;
import io.hypernetes.network.ServiceTable;
import java.util.ArrayList;
import java.util.Comparator;
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
        for (ServiceView.Port port : service.ports()) {
            Protocol protocol = PROTOCOLS.get(port.protocol());
            if (protocol == null) {
                continue;
            }
            String name = service.namespace() + "/" + service.name() + ":" + port.name();
            List<ServiceTable.Endpoint> inside = endpoints(service, port, service.localOnly());
            boolean apart = port.nodePort() > 0 && service.externallyLocalOnly() != service.localOnly();
            ports.add(new ServiceTable.Port(
                    name, List.of(service.clusterIp()), protocol, port.port(), apart ? 0 : port.nodePort(), service.stickySeconds(), inside));
            if (apart) {
                ports.add(new ServiceTable.Port(
                        name + "#node", List.of(), protocol, port.port(), port.nodePort(), service.stickySeconds(),
                        endpoints(service, port, service.externallyLocalOnly())));
            }
        }
    }

    private static List<ServiceTable.Endpoint> endpoints(ServiceView.Entry service, ServiceView.Port port, boolean localOnly) {
        String key = Views.portKey(port.name(), port.protocol());
        // Two slices that differ in other ports may name the same place.
        Map<ServiceTable.Endpoint, ServiceView.Endpoint> places = new LinkedHashMap<>();
        for (ServiceView.Endpoint endpoint : service.endpoints()) {
            Integer number = endpoint.ports().get(key);
            if (number != null) {
                places.merge(new ServiceTable.Endpoint(endpoint.address(), number), endpoint, (one, other) -> one.ready() ? one : other);
            }
        }
        List<ServiceView.Endpoint> all = List.copyOf(places.values());
        return (localOnly ? Choice.onNode(all) : Choice.anywhere(all)).stream()
                .map(endpoint -> new ServiceTable.Endpoint(endpoint.address(), endpoint.ports().getOrDefault(key, 0)))
                .sorted(Comparator.comparing(ServiceTable.Endpoint::address).thenComparing(ServiceTable.Endpoint::port))
                .toList();
    }
}
