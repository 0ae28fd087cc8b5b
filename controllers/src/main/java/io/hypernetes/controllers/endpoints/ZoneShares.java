package io.hypernetes.controllers.endpoints;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.client.Selectors;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Which share of the processors of a cluster each of its zones has, and with that how much of the traffic of a Service is taken to come from
/// there: arithmetic alone, that of upstream's staging/src/k8s.io/endpointslice/topologycache. Immutable.
///
/// @param byZone between 0 and 1, all together 1; empty when that is not known, or when there is one zone only
record ZoneShares(SortedMap<String, Double> byZone) {
    static final String ZONE = "topology.kubernetes.io/zone";
    /// By how much more than its fair part an endpoint may get at most.
    private static final double OVERLOAD = 0.2;
    private static final ZoneShares UNKNOWN = new ZoneShares(new TreeMap<>());
    private static final List<String> APART = List.of("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master");
    private static final BigDecimal MOST_MILLIS = BigDecimal.valueOf(Long.MAX_VALUE >> 20);

    ZoneShares {
        byZone = Collections.unmodifiableSortedMap(new TreeMap<>(byZone));
    }

    /// What a Service's endpoints are to be divided by, or why they are not.
    sealed interface Answer permits ZoneDues, Refused {}

    /// @param why in upstream's words (event.go)
    record Refused(String why) implements Answer {}

    /// Of the nodes that are ready; as soon as one of them does not say where it is, or how large, nothing is known.
    static ZoneShares of(Collection<Node> nodes) {
        TreeMap<String, Long> millis = new TreeMap<>();
        for (Node node : nodes) {
            if (!isReady(node) || APART.stream().anyMatch(Selectors.labelsOf(node)::containsKey)) {
                continue;
            }
            String zone = zone(node);
            long its = processorMillis(node);
            if (zone.isEmpty() || its <= 0) {
                return UNKNOWN;
            }
            millis.merge(zone, its, Long::sum);
        }
        if (millis.size() < 2) {
            return UNKNOWN;
        }
        long all = millis.values().stream().mapToLong(Long::longValue).sum();
        TreeMap<String, Double> shares = new TreeMap<>();
        millis.forEach((zone, its) -> shares.put(zone, (double) its / all));
        return new ZoneShares(shares);
    }

    /// How many of so many endpoints are due to each zone.
    Answer divide(int endpoints) {
        if (byZone.isEmpty()) {
            return new Refused("Insufficient Node information: allocatable CPU or zone not specified on one or more nodes");
        }
        String numbers = " (" + endpoints + " endpoints, " + byZone.size() + " zones)";
        if (byZone.size() > endpoints) {
            return new Refused("Insufficient number of endpoints" + numbers);
        }
        int left = endpoints - byZone.values().stream().mapToInt(share -> least(share, endpoints)).sum();
        if (left < 0) {
            return new Refused("Unable to allocate minimum required endpoints to each zone without exceeding overload threshold" + numbers);
        }
        TreeMap<String, ZoneDues.Due> dues = new TreeMap<>();
        byZone.forEach((zone, share) -> {
            int least = least(share, endpoints);
            dues.put(zone, new ZoneDues.Due(least, least + left, Math.max(share * endpoints, least)));
        });
        return new ZoneDues(dues);
    }

    /// Whether some zone has fewer of a Service's endpoints than it must, so that they have to be divided anew.
    ///
    /// @param endpoints of the Service by the zone that they are for
    boolean isOverloaded(Map<String, Integer> endpoints) {
        if (endpoints.isEmpty()) {
            return false;
        }
        int all = endpoints.values().stream().mapToInt(Integer::intValue).sum();
        return byZone.isEmpty()
                || byZone.entrySet().stream().anyMatch(zone -> endpoints.getOrDefault(zone.getKey(), 0) < least(zone.getValue(), all));
    }

    private static int least(double share, int endpoints) {
        return (int) Math.ceil(share * endpoints * (1 / (1 + OVERLOAD)));
    }

    static boolean isReady(Node node) {
        List<NodeCondition> conditions = node.getStatus() == null ? null : node.getStatus().getConditions();
        return conditions != null && conditions.stream().anyMatch(condition -> "Ready".equals(condition.getType()) && "True".equals(condition.getStatus()));
    }

    static String zone(Node node) {
        return Selectors.labelsOf(node).getOrDefault(ZONE, "");
    }

    private static long processorMillis(Node node) {
        Map<String, Quantity> allocatable = node.getStatus() == null ? null : node.getStatus().getAllocatable();
        @Nullable Quantity processors = allocatable == null ? null : allocatable.get("cpu");
        if (processors == null) {
            return 0;
        }
        // What a node says of itself is bounded, as sums are made of it.
        return processors.getNumericalAmount().movePointRight(3).min(MOST_MILLIS).setScale(0, RoundingMode.CEILING).longValue();
    }
}
