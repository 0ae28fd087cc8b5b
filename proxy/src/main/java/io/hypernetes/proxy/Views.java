package io.hypernetes.proxy;

import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.ServiceSpec;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointConditions;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.ForNode;
import io.fabric8.kubernetes.api.model.discovery.v1.ForZone;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Reads the API's objects into a [ServiceView]. What is malformed is left out: a tenant writes these objects.
final class Views {
    static final String SERVICE_NAME = "kubernetes.io/service-name", ADDRESSES = "IPv4";
    private static final int STICKY_DEFAULT_SECONDS = 10_800, STICKY_MOST_SECONDS = 86_400;

    private Views() {}

    /// @param here where this node is
    static ServiceView of(Collection<Service> services, Collection<EndpointSlice> slices, Place here) {
        return of(services, slices, here, leftOut -> {});
    }

    /// @param leftOut is told of each service for which there is not [Room] enough
    static ServiceView of(Collection<Service> services, Collection<EndpointSlice> slices, Place here, Consumer<Room.LeftOut> leftOut) {
        Map<String, List<EndpointSlice>> byService = new HashMap<>();
        for (EndpointSlice slice : slices) {
            String name = slice.getMetadata().getLabels() == null ? null : slice.getMetadata().getLabels().get(SERVICE_NAME);
            if (name != null && ADDRESSES.equals(slice.getAddressType())) {
                byService.computeIfAbsent(slice.getMetadata().getNamespace() + "/" + name, key -> new ArrayList<>()).add(slice);
            }
        }
        Map<String, ServiceView.Entry> entries = new HashMap<>();
        for (Service service : services) {
            String key = service.getMetadata().getNamespace() + "/" + service.getMetadata().getName();
            if (service.getSpec() != null) {
                entries.put(key, entry(service, service.getSpec(), byService.getOrDefault(key, List.of()), here));
            }
        }
        return new ServiceView(Room.within(entries, leftOut));
    }

    private static ServiceView.Entry entry(Service service, ServiceSpec spec, List<EndpointSlice> slices, Place here) {
        boolean external = "ExternalName".equals(spec.getType());
        String address = external || !Addresses.isIpv4(text(spec.getClusterIP())) ? "" : text(spec.getClusterIP());
        List<ServiceView.Port> ports = new ArrayList<>();
        if (spec.getPorts() != null && !external) {
            for (ServicePort port : spec.getPorts()) {
                if (port.getPort() != null && isPort(port.getPort())) {
                    int nodePort = port.getNodePort() == null || !isPort(port.getNodePort()) ? 0 : port.getNodePort();
                    ports.add(new ServiceView.Port(text(port.getName()), protocol(port.getProtocol()), port.getPort(), nodePort));
                }
            }
        }
        return new ServiceView.Entry(
                service.getMetadata().getNamespace(),
                service.getMetadata().getName(),
                address,
                external ? text(spec.getExternalName()) : "",
                ports,
                sticky(spec),
                "Local".equals(spec.getInternalTrafficPolicy()),
                "Local".equals(spec.getExternalTrafficPolicy()),
                address.isEmpty() || ports.isEmpty() ? 0 : healthCheckNodePort(spec),
                external ? List.of() : endpoints(slices, ports, here));
    }

    private static int healthCheckNodePort(ServiceSpec spec) {
        Integer port = spec.getHealthCheckNodePort();
        return port != null && isPort(port) && "LoadBalancer".equals(spec.getType()) && "Local".equals(spec.getExternalTrafficPolicy()) ? port : 0;
    }

    private static int sticky(ServiceSpec spec) {
        if (!"ClientIP".equals(spec.getSessionAffinity())) {
            return 0;
        }
        var config = spec.getSessionAffinityConfig();
        Integer seconds = config == null || config.getClientIP() == null ? null : config.getClientIP().getTimeoutSeconds();
        return seconds == null ? STICKY_DEFAULT_SECONDS : Math.clamp(seconds, 1, STICKY_MOST_SECONDS);
    }

    /// An address with what its slices say of ports. They may be many and are the same for all of a slice, so they are compared once for each slice.
    private record Found(String address, int ports) {}

    private static List<ServiceView.Endpoint> endpoints(List<EndpointSlice> slices, List<ServiceView.Port> wanted, Place here) {
        Map<String, String> names = new HashMap<>();
        wanted.forEach(port -> names.computeIfAbsent(portKey(port.name(), port.protocol()), name -> name));
        // Slices mostly have the same ports.
        Map<Map<String, Integer>, Integer> numbers = new HashMap<>();
        List<Map<String, Integer>> shared = new ArrayList<>();
        // An address may be in two slices while it moves between them; the same twice would have a double share.
        Map<Found, ServiceView.Endpoint> found = new LinkedHashMap<>();
        for (EndpointSlice slice : slices) {
            int number = numbers.computeIfAbsent(ports(slice, names), first -> {
                shared.add(first);
                return shared.size() - 1;
            });
            Map<String, Integer> ports = shared.get(number);
            if (slice.getEndpoints() == null) {
                continue;
            }
            for (var endpoint : slice.getEndpoints()) {
                EndpointConditions conditions = endpoint.getConditions();
                boolean ready = conditions == null || conditions.getReady() == null || conditions.getReady();
                boolean terminating = conditions != null && Boolean.TRUE.equals(conditions.getTerminating());
                // What is not said is taken for true, whatever is said of readiness (newEndpointSliceInfo in upstream's pkg/proxy/endpointslicecache.go).
                boolean serving = conditions == null || conditions.getServing() == null || conditions.getServing();
                if (endpoint.getAddresses() != null && !endpoint.getAddresses().isEmpty() && Addresses.isIpv4(endpoint.getAddresses().getFirst())) {
                    String address = endpoint.getAddresses().getFirst();
                    found.merge(
                            new Found(address, number),
                            new ServiceView.Endpoint(
                                    address,
                                    text(endpoint.getHostname()),
                                    here.node().equals(endpoint.getNodeName()),
                                    ready,
                                    serving,
                                    terminating,
                                    hint(here.node(), endpoint.getHints() == null ? null : endpoint.getHints().getForNodes(), ForNode::getName),
                                    hint(here.zone(), endpoint.getHints() == null ? null : endpoint.getHints().getForZones(), ForZone::getName),
                                    ports),
                            Choice::better);
                }
            }
        }
        return List.copyOf(found.values());
    }

    /// Those that the service has too.
    ///
    /// @param names of the service's ports
    private static Map<String, Integer> ports(EndpointSlice slice, Map<String, String> names) {
        Map<String, Integer> ports = new HashMap<>();
        if (slice.getPorts() != null) {
            for (EndpointPort port : slice.getPorts()) {
                String name = names.get(portKey(text(port.getName()), protocol(port.getProtocol())));
                if (name != null && port.getPort() != null && isPort(port.getPort())) {
                    ports.put(name, port.getPort());
                }
            }
        }
        return Collections.unmodifiableMap(ports);
    }

    private static <T> ServiceView.Hint hint(String here, @Nullable List<T> hinted, Function<T, @Nullable String> name) {
        if (hinted == null || hinted.isEmpty()) {
            return ServiceView.Hint.NONE;
        }
        return hinted.stream().anyMatch(each -> here.equals(name.apply(each))) ? ServiceView.Hint.HERE : ServiceView.Hint.ELSEWHERE;
    }

    /// Names of ports are one's own per protocol only by convention, so both are looked at.
    static String portKey(String name, String protocol) {
        return name + "/" + protocol;
    }

    private static String protocol(@Nullable String protocol) {
        return protocol == null || protocol.isEmpty() ? "TCP" : protocol;
    }

    private static boolean isPort(int number) {
        return number >= 1 && number <= 65535;
    }

    private static String text(@Nullable String text) {
        return text == null ? "" : text;
    }
}
