package io.hypernetes.controllers.endpoints;

import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// How to get from the slices that exist to the endpoints that are wanted with few writes: what is right stays where it is, what is new
/// fills slices that change anyway, and only what is left over needs slices of its own.
///
/// @param create the contents of new slices
/// @param update slices with other contents than they have
/// @param delete slices that nothing is left of
record SlicePlan(List<Contents> create, Map<EndpointSlice, List<Endpoint>> update, List<EndpointSlice> delete) {
    /// Upstream's usual size.
    private static final int LARGEST = 100;

    /// The contents of one slice.
    record Contents(String addressType, List<EndpointPort> ports, List<Endpoint> endpoints) {}

    /// What slices have in common: the family of addresses and the ports.
    record Group(String addressType, List<EndpointPort> ports) {}

    /// @param wanted endpoints by group
    /// @param existing slices of the Service, whatever group they belong to
    static SlicePlan of(Map<Group, List<Endpoint>> wanted, List<EndpointSlice> existing) {
        SlicePlan plan = new SlicePlan(new ArrayList<>(), new LinkedHashMap<>(), new ArrayList<>());
        Map<Group, List<EndpointSlice>> byGroup = new HashMap<>();
        for (EndpointSlice slice : existing) {
            Group group = new Group(slice.getAddressType(), sorted(slice.getPorts() == null ? List.of() : slice.getPorts()));
            if (wanted.containsKey(group)) {
                byGroup.computeIfAbsent(group, fresh -> new ArrayList<>()).add(slice);
            } else {
                plan.delete.add(slice);
            }
        }
        wanted.forEach((group, endpoints) -> plan.group(group, endpoints, byGroup.getOrDefault(group, List.of())));
        return plan;
    }

    private void group(Group group, List<Endpoint> wanted, List<EndpointSlice> existing) {
        Map<String, Endpoint> left = new LinkedHashMap<>();
        wanted.forEach(endpoint -> left.put(identity(endpoint), endpoint));
        Map<EndpointSlice, List<Endpoint>> contents = new LinkedHashMap<>();
        List<EndpointSlice> changed = new ArrayList<>();
        for (EndpointSlice slice : existing) {
            List<Endpoint> kept = new ArrayList<>();
            boolean same = true;
            for (Endpoint endpoint : slice.getEndpoints() == null ? List.<Endpoint>of() : slice.getEndpoints()) {
                Endpoint now = left.remove(identity(endpoint));
                if (now == null) {
                    same = false;
                } else {
                    kept.add(now);
                    same &= now.equals(endpoint);
                }
            }
            contents.put(slice, kept);
            if (!same) {
                changed.add(slice);
            }
        }
        List<Endpoint> rest = new ArrayList<>(left.values());
        // Slices that are written anyway take what they can; then the fullest of the others that can take all that is left.
        for (EndpointSlice slice : changed) {
            fill(contents.get(slice), rest);
        }
        if (!rest.isEmpty()) {
            existing.stream()
                    .filter(slice -> !changed.contains(slice) && size(contents, slice) + rest.size() <= LARGEST)
                    .max(Comparator.comparingInt(slice -> size(contents, slice)))
                    .ifPresent(slice -> {
                        fill(contents.get(slice), rest);
                        changed.add(slice);
                    });
        }
        int emptied = 0;
        for (EndpointSlice slice : existing) {
            boolean empty = size(contents, slice) == 0;
            // One slice stays, so that a Service without pods has an answer too.
            boolean last = emptied == existing.size() - 1 && rest.isEmpty();
            if (empty && !last) {
                emptied++;
                delete.add(slice);
            } else if (changed.contains(slice)) {
                update.put(slice, contents.getOrDefault(slice, List.of()));
            }
        }
        while (!rest.isEmpty()) {
            List<Endpoint> fresh = new ArrayList<>();
            fill(fresh, rest);
            create.add(new Contents(group.addressType, group.ports, fresh));
        }
        if (existing.isEmpty() && wanted.isEmpty()) {
            create.add(new Contents(group.addressType, group.ports, List.of()));
        }
    }

    private static int size(Map<EndpointSlice, List<Endpoint>> contents, EndpointSlice slice) {
        return contents.getOrDefault(slice, List.of()).size();
    }

    private static void fill(@org.jspecify.annotations.Nullable List<Endpoint> slice, List<Endpoint> rest) {
        while (slice != null && slice.size() < LARGEST && !rest.isEmpty()) {
            slice.add(rest.removeFirst());
        }
    }

    static List<EndpointPort> sorted(List<EndpointPort> ports) {
        return ports.stream()
                .sorted(Comparator.comparing((EndpointPort port) -> String.valueOf(port.getName()))
                        .thenComparing(port -> String.valueOf(port.getProtocol()))
                        .thenComparing(port -> port.getPort() == null ? 0 : port.getPort()))
                .toList();
    }

    /// By what an endpoint is known again.
    static String identity(Endpoint endpoint) {
        return endpoint.getAddresses() + "/" + (endpoint.getTargetRef() == null ? "" : endpoint.getTargetRef().getUid());
    }
}
