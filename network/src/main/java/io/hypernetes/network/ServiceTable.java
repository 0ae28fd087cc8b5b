package io.hypernetes.network;

import java.util.List;

/// What a gateway leads where: plain data, compared by value.
///
/// @param serviceCidr addresses of services; what is sent to one of them that no port below names is refused
/// @param ports every port of every service
public record ServiceTable(String serviceCidr, List<Port> ports) {

    public ServiceTable {
        ports = List.copyOf(ports);
    }

    /// Who comes to a port of the gateway itself.
    public enum Callers {
        ALL,
        /// Pods on this node, and the node itself where it is the gateway.
        NEAR,
        /// Everybody else.
        FAR
    }

    /// One port of a service.
    ///
    /// @param name unique in the table, as `default/web:http`
    /// @param addresses IPv4 addresses under which it is reached
    /// @param port 1 to 65535
    /// @param nodePort port of the gateway itself under which it is reached too; 0 for none
    /// @param callers who reaches it there; of the same node port and protocol there may be one for those that are near and one for the others
    /// @param stickySeconds for how long after its last connection a client comes to the same endpoint; 0 for not
    /// @param endpoints where connections go, each with the same chance
    /// @param silent whether with no endpoint connections are dropped, as others serve them elsewhere, and not refused
    public record Port(
            String name,
            List<String> addresses,
            PortMapping.Protocol protocol,
            int port,
            int nodePort,
            Callers callers,
            int stickySeconds,
            List<Endpoint> endpoints,
            boolean silent) {

        /// A port that refuses when it has no endpoint.
        public Port(
                String name, List<String> addresses, PortMapping.Protocol protocol, int port, int nodePort, Callers callers, int stickySeconds, List<Endpoint> endpoints) {
            this(name, addresses, protocol, port, nodePort, callers, stickySeconds, endpoints, false);
        }

        /// Likewise one that is the same for all callers.
        public Port(
                String name, List<String> addresses, PortMapping.Protocol protocol, int port, int nodePort, int stickySeconds, List<Endpoint> endpoints) {
            this(name, addresses, protocol, port, nodePort, Callers.ALL, stickySeconds, endpoints);
        }

        public Port {
            addresses = List.copyOf(addresses);
            endpoints = List.copyOf(endpoints);
        }
    }

    /// A place that serves.
    ///
    /// @param address IPv4 address
    /// @param port 1 to 65535
    public record Endpoint(String address, int port) {}
}
