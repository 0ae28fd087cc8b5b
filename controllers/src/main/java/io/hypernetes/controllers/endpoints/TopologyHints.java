package io.hypernetes.controllers.endpoints;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointHints;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.ForZone;
import io.hypernetes.client.EventRecorder.Type;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.controllers.endpoints.SlicePlan.Contents;
import io.hypernetes.controllers.endpoints.SlicePlan.Group;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Hints for Services that ask for them by the annotation `service.kubernetes.io/topology-mode: Auto`: each zone gets as large a part of the
/// endpoints as it has of the cluster's processors, endpoints stay with their own zone as far as that goes, and slices that are right as they
/// are stay as they are (upstream's staging/src/k8s.io/endpointslice/topologycache). Thread-safe for different Services.
final class TopologyHints {
    private static final String MODE = "service.kubernetes.io/topology-mode", FORMER_MODE = "service.kubernetes.io/topology-aware-hints";

    private final Supplier<Collection<Node>> nodes;
    private final Consumer<ObjectKey> wake;
    private final AtomicReference<@Nullable ZoneShares> shares = new AtomicReference<>();
    /// Of those that have hints, by family of addresses, how many endpoints are for each zone.
    private final Map<ObjectKey, Map<String, Map<String, Integer>>> hinted = new ConcurrentHashMap<>();
    private final Set<ObjectKey> refused = ConcurrentHashMap.newKeySet();

    /// @param wake is told of Services that the nodes overtook while they were planned
    TopologyHints(Supplier<Collection<Node>> nodes, Consumer<ObjectKey> wake) {
        this.nodes = nodes;
        this.wake = wake;
    }

    /// What is to be told of a Service, in upstream's words.
    record Told(Type type, String reason, String message) {
        private static Told enabled(String family) {
            return new Told(Type.NORMAL, "TopologyAwareHintsEnabled", "Topology Aware Hints has been enabled, addressType: " + family);
        }

        private static Told disabled(String why, String family) {
            return new Told(Type.WARNING, "TopologyAwareHintsDisabled", why + ", addressType: " + family);
        }
    }

    /// @param told what there is to tell, once it is written
    record Planned(SlicePlan plan, List<Told> told) {}

    static boolean isWantedBy(Service service) {
        Map<String, String> annotations = service.getMetadata().getAnnotations();
        String mode = annotations == null ? null : annotations.getOrDefault(FORMER_MODE, annotations.get(MODE));
        return "Auto".equals(mode) || "auto".equals(mode);
    }

    /// Looks at the nodes anew.
    ///
    /// @return the Services whose hints are wrong since, and those that may have some now
    List<ObjectKey> look() {
        ZoneShares now = ZoneShares.of(nodes.get());
        ZoneShares before = shares.getAndSet(now);
        List<ObjectKey> found = new ArrayList<>();
        hinted.forEach((key, families) -> {
            if (families.values().stream().anyMatch(now::isOverloaded)) {
                found.add(key);
            }
        });
        // Upstream leaves these alone until something else of theirs changes.
        if (!now.equals(before)) {
            found.addAll(refused);
        }
        return found;
    }

    void forget(ObjectKey key) {
        hinted.remove(key);
        refused.remove(key);
    }

    /// For a Service that does not ask for such hints; says so if it had some.
    List<Told> withdraw(ObjectKey key, String family) {
        boolean had = hinted.containsKey(key);
        forget(key);
        return had ? List.of(Told.disabled("Topology Aware Hints has been disabled", family)) : List.of();
    }

    /// A plan with hints where they may be.
    ///
    /// @param wanted endpoints without hints
    Planned plan(ObjectKey key, Map<Group, List<Endpoint>> wanted, List<EndpointSlice> existing) {
        ZoneShares used = shares();
        List<Told> told = new ArrayList<>();
        Map<String, ZoneDues> dues = new LinkedHashMap<>();
        boolean had = hinted.containsKey(key);
        wanted.keySet().stream().map(Group::addressType).distinct().forEach(family -> {
            switch (dues(used, wanted, family)) {
                case ZoneDues found -> dues.put(family, found);
                case ZoneShares.Refused refusal -> told.add(Told.disabled(refusal.why(), family));
            }
        });
        Map<Group, List<Endpoint>> carried = new LinkedHashMap<>();
        wanted.forEach((group, endpoints) -> carried.put(group, dues.containsKey(group.addressType()) ? carried(endpoints, existing) : endpoints));
        SlicePlan plan = SlicePlan.of(carried, existing);
        Map<String, Map<String, Integer>> counts = new HashMap<>();
        dues.forEach((family, its) -> counts.put(family, assign(plan, family, its, existing)));
        // What has hints by now as it had before is no news for the API.
        plan.update().entrySet().removeIf(update -> update.getValue().equals(update.getKey().getEndpoints()));
        if (told.isEmpty()) {
            refused.remove(key);
        } else {
            refused.add(key);
        }
        if (counts.isEmpty()) {
            hinted.remove(key);
        } else {
            hinted.put(key, counts);
            if (!had) {
                counts.keySet().forEach(family -> told.add(Told.enabled(family)));
            }
        }
        // Whoever looked at the nodes meanwhile did not find it among those to be woken.
        if (shares.get() != used) {
            wake.accept(key);
        }
        return new Planned(plan, told);
    }

    private static ZoneShares.Answer dues(ZoneShares shares, Map<Group, List<Endpoint>> wanted, String family) {
        List<Endpoint> ready = wanted.entrySet().stream().filter(group -> group.getKey().addressType().equals(family))
                .flatMap(group -> group.getValue().stream()).filter(TopologyHints::isReady).toList();
        ZoneShares.Answer answer = shares.divide(ready.size());
        return answer instanceof ZoneDues && ready.stream().anyMatch(endpoint -> endpoint.getZone() == null)
                ? new ZoneShares.Refused("One or more endpoints do not have a zone specified")
                : answer;
    }

    private ZoneShares shares() {
        ZoneShares known = shares.get();
        if (known != null) {
            return known;
        }
        // What somebody saw of the nodes meanwhile is newer.
        ZoneShares now = ZoneShares.of(nodes.get());
        ZoneShares newer = shares.compareAndExchange(null, now);
        return newer == null ? now : newer;
    }

    /// With the hints that they have, so that slices do not differ by those alone.
    private static List<Endpoint> carried(List<Endpoint> endpoints, List<EndpointSlice> existing) {
        Map<String, List<String>> hints = new HashMap<>();
        for (EndpointSlice slice : existing) {
            for (Endpoint endpoint : slice.getEndpoints() == null ? List.<Endpoint>of() : slice.getEndpoints()) {
                hints.put(SlicePlan.identity(endpoint), zones(endpoint));
            }
        }
        return endpoints.stream().map(endpoint -> hinted(endpoint, hints.getOrDefault(SlicePlan.identity(endpoint), List.of()))).toList();
    }

    /// Gives hints to the endpoints of the slices that are written anyway, and of those whose hints are no longer right.
    ///
    /// @return how many endpoints are for each zone then
    private static Map<String, Integer> assign(SlicePlan plan, String family, ZoneDues dues, List<EndpointSlice> existing) {
        Map<String, Integer> counts = new HashMap<>();
        for (EndpointSlice slice : existing) {
            if (slice.getAddressType().equals(family) && !plan.update().containsKey(slice) && !plan.delete().contains(slice)) {
                List<Endpoint> endpoints = slice.getEndpoints() == null ? List.of() : slice.getEndpoints();
                Map<String, Integer> its = dues.count(endpoints.stream().filter(TopologyHints::isReady).map(TopologyHints::zones).toList(), counts);
                if (its == null) {
                    plan.update().put(slice, endpoints);
                } else {
                    its.forEach((zone, count) -> counts.merge(zone, count, Integer::sum));
                }
            }
        }
        List<List<Endpoint>> free = new ArrayList<>();
        plan.create().stream().filter(contents -> contents.addressType().equals(family)).map(Contents::endpoints).forEach(free::add);
        plan.update().forEach((slice, endpoints) -> {
            if (slice.getAddressType().equals(family)) {
                free.add(endpoints);
            }
        });
        free.forEach(endpoints -> endpoints.stream().filter(TopologyHints::isReady).forEach(endpoint -> counts.merge(endpoint.getZone(), 1, Integer::sum)));
        ZoneDues.Exchange exchange = dues.exchange(counts);
        plan.create().replaceAll(contents -> contents.addressType().equals(family)
                ? new Contents(family, contents.ports(), assigned(contents.endpoints(), exchange, counts))
                : contents);
        plan.update().replaceAll((slice, endpoints) -> slice.getAddressType().equals(family) ? assigned(endpoints, exchange, counts) : endpoints);
        return counts;
    }

    /// Each endpoint is for its own zone but for those that have to go to another.
    private static List<Endpoint> assigned(List<Endpoint> endpoints, ZoneDues.Exchange exchange, Map<String, Integer> counts) {
        List<Endpoint> assigned = new ArrayList<>();
        for (Endpoint endpoint : endpoints) {
            String zone = endpoint.getZone();
            String other = isReady(endpoint) ? exchange.take(zone) : null;
            if (other != null) {
                counts.merge(zone, -1, Integer::sum);
                counts.merge(other, 1, Integer::sum);
            }
            assigned.add(hinted(endpoint, other != null ? List.of(other) : zone == null ? List.of() : List.of(zone)));
        }
        return assigned;
    }

    private static Endpoint hinted(Endpoint endpoint, List<String> zones) {
        EndpointHints hints = isReady(endpoint) && !zones.isEmpty() ? new EndpointHints(List.of(), zones.stream().map(ForZone::new).toList()) : null;
        return new EndpointBuilder(endpoint).withHints(hints).build();
    }

    private static List<String> zones(Endpoint endpoint) {
        EndpointHints hints = endpoint.getHints();
        return hints == null || hints.getForZones() == null ? List.of() : hints.getForZones().stream().map(ForZone::getName).toList();
    }

    private static boolean isReady(Endpoint endpoint) {
        return endpoint.getConditions() != null && Boolean.TRUE.equals(endpoint.getConditions().getReady());
    }
}
