package io.hypernetes.proxy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/// How much of a tenant's services a node has room for. What the API takes may be thousands of endpoints with thousands of ports each, and a node has rules for every
/// pair of them, in the memory of its kernel and of its one process for all tenants; so their product is bounded here, before anybody makes it.
///
/// A port counts as one and an endpoint as many as it has ports, or as one where only names lead to it.
final class Room {
    static final int MOST_OF_SERVICE = 8_192, MOST_OF_TENANT = 32_768;

    /// Who serves best first, then who is meant for clients here; in the same order on every look, so that the same ones stay.
    private static final Comparator<ServiceView.Endpoint> PREFERRED = Choice.BETTER.reversed()
            .thenComparing(endpoint -> endpoint.forNode() != ServiceView.Hint.HERE)
            .thenComparing(endpoint -> endpoint.forZone() != ServiceView.Hint.HERE)
            .thenComparing(ServiceView.Endpoint::address);

    private Room() {}

    /// What of a service there is no room for.
    ///
    /// @param service as `default/web`
    record LeftOut(String service, int ports, int endpoints) {}

    private record Sized(String key, ServiceView.Entry service, long size) {}

    /// The services as far as there is room. A service too large for itself has some endpoints for each of its ports; of a tenant that has too much the smallest
    /// services are served whole, so that one that grows without measure takes nothing from the others.
    ///
    /// @param services by namespace and name
    /// @param leftOut is told of each service that is not whole
    static Map<String, ServiceView.Entry> within(Map<String, ServiceView.Entry> services, Consumer<LeftOut> leftOut) {
        List<Sized> bySize = new ArrayList<>();
        services.forEach((key, service) -> bySize.add(new Sized(key, service, Math.min(size(service), MOST_OF_SERVICE))));
        bySize.sort(Comparator.comparing(Sized::size).thenComparing(Sized::key));
        Map<String, ServiceView.Entry> kept = new HashMap<>();
        long left = MOST_OF_TENANT;
        for (Sized each : bySize) {
            ServiceView.Entry whole = each.service();
            ServiceView.Entry part = cut(whole, (int) Math.min(left, MOST_OF_SERVICE));
            left -= size(part);
            kept.put(each.key(), part);
            int ports = whole.ports().size() - part.ports().size();
            int endpoints = whole.endpoints().size() - part.endpoints().size();
            if (ports > 0 || endpoints > 0) {
                leftOut.accept(new LeftOut(each.key(), ports, endpoints));
            }
        }
        return kept;
    }

    /// The first ports, for which half of the room is enough, and of the endpoints as many as the rest is for.
    private static ServiceView.Entry cut(ServiceView.Entry service, int room) {
        if (size(service) <= room) {
            return service;
        }
        List<ServiceView.Port> ports = service.ports().subList(0, Math.min(service.ports().size(), room / 2));
        Set<String> names = ports.stream().map(port -> Views.portKey(port.name(), port.protocol())).collect(Collectors.toSet());
        Map<Map<String, Integer>, Map<String, Integer>> fitting = new IdentityHashMap<>();
        int left = room - ports.size();
        List<ServiceView.Endpoint> endpoints = new ArrayList<>();
        for (ServiceView.Endpoint whole : service.endpoints().stream().sorted(PREFERRED).toList()) {
            ServiceView.Endpoint endpoint = ports.size() == service.ports().size()
                    ? whole
                    : whole.with(fitting.computeIfAbsent(whole.ports(), all -> fitting(all, names)));
            int size = size(service, endpoint);
            if (size <= left) {
                left -= size;
                endpoints.add(endpoint);
            }
        }
        return service.with(ports, endpoints);
    }

    private static Map<String, Integer> fitting(Map<String, Integer> all, Set<String> names) {
        Map<String, Integer> kept = new HashMap<>(all);
        kept.keySet().retainAll(names);
        return Collections.unmodifiableMap(kept);
    }

    private static long size(ServiceView.Entry service) {
        return service.ports().size() + service.endpoints().stream().mapToLong(endpoint -> size(service, endpoint)).sum();
    }

    private static int size(ServiceView.Entry service, ServiceView.Endpoint endpoint) {
        return service.clusterIp().isEmpty() ? 1 : Math.max(1, endpoint.ports().size());
    }
}
