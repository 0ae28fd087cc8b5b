package io.hypernetes.proxy;

import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// One tenant's services as a node sees them at one moment. Immutable.
///
/// @param services by namespace and name, as `default/web`
public record ServiceView(Map<String, Entry> services) {
    /// Before anything is known.
    public static final ServiceView EMPTY = new ServiceView(Map.of());

    public ServiceView {
        // Tenants choose the names: of those whose hashes are the same `Map.copyOf` compares each with each.
        services = Collections.unmodifiableMap(new HashMap<>(services));
    }

    public Optional<Entry> find(String namespace, String name) {
        return Optional.ofNullable(services.get(namespace + "/" + name));
    }

    /// A service with its endpoints.
    ///
    /// @param clusterIp its address; empty for a headless one and for one of another name
    /// @param externalName the name it stands for; empty for none
    /// @param stickySeconds for how long a client stays with an endpoint; 0 for not
    /// @param localOnly whether connections from pods go to endpoints on their own node only
    /// @param externallyLocalOnly whether connections from outside to its node ports do; pods and the node itself reach any endpoint there
    /// @param healthCheckNodePort where load balancers ask whether there are endpoints on this node; 0 for nowhere
    public record Entry(
            String namespace,
            String name,
            String clusterIp,
            String externalName,
            List<Port> ports,
            int stickySeconds,
            boolean localOnly,
            boolean externallyLocalOnly,
            int healthCheckNodePort,
            List<Endpoint> endpoints) {

        public Entry {
            ports = List.copyOf(ports);
            endpoints = List.copyOf(endpoints);
        }

        /// One of which no load balancer asks.
        public Entry(
                String namespace, String name, String clusterIp, String externalName, List<Port> ports, int stickySeconds, boolean localOnly, boolean externallyLocalOnly,
                List<Endpoint> endpoints) {
            this(namespace, name, clusterIp, externalName, ports, stickySeconds, localOnly, externallyLocalOnly, 0, endpoints);
        }

        /// The same service with these of its ports and endpoints.
        Entry with(List<Port> ports, List<Endpoint> endpoints) {
            return new Entry(namespace, name, clusterIp, externalName, ports, stickySeconds, localOnly, externallyLocalOnly, healthCheckNodePort, endpoints);
        }

        /// How many addresses on this node take new connections: those that end do not count, though they may be led to.
        int readyHere() {
            return (int) endpoints.stream().filter(each -> each.local() && each.ready() && !each.ports().isEmpty()).map(Endpoint::address).distinct().count();
        }

        public boolean isHeadless() {
            return clusterIp.isEmpty() && externalName.isEmpty();
        }
    }

    /// A port of a service.
    ///
    /// @param name empty when it is the only one
    /// @param protocol TCP, UDP or SCTP
    /// @param nodePort 0 for none
    public record Port(String name, String protocol, int port, int nodePort) {}

    /// For whom an endpoint is, as far as a hint of it goes.
    public enum Hint {
        /// Nothing is said.
        NONE,
        /// This node, or its zone, is among those that it is for.
        HERE,
        /// It is for others.
        ELSEWHERE
    }

    /// A place that serves a service.
    ///
    /// @param address IPv4 address
    /// @param hostname the name it has below its service; empty for none of its own
    /// @param local whether it is on this node
    /// @param ready whether it takes new connections
    /// @param serving whether it answers, which one that is ending may still do
    /// @param terminating whether it is ending
    /// @param forNode whether it is for clients on this node
    /// @param forZone whether it is for clients in this node's zone
    /// @param ports number by the service's port name and protocol, as `http/TCP`; thousands of endpoints may share it, so it is not copied, and must not be changed
    public record Endpoint(
            String address,
            String hostname,
            boolean local,
            boolean ready,
            boolean serving,
            boolean terminating,
            Hint forNode,
            Hint forZone,
            Map<String, Integer> ports) {

        /// The same place with these of its ports.
        Endpoint with(Map<String, Integer> ports) {
            return new Endpoint(address, hostname, local, ready, serving, terminating, forNode, forZone, ports);
        }
    }
}
