package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.Node;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// How fast the pods of lost nodes are told to leave: in each zone a node in ten seconds; a node in a hundred seconds, or none in a zone of
/// fifty nodes or fewer, while most nodes of the zone are lost, since then it may be the way to them that is broken; and none anywhere while
/// no node of any zone is ready, since then it is this machine that is cut off. A zone that is lost as a whole while another lives goes on at
/// the ordinary pace. The numbers are upstream's defaults, the rules those of handleDisruption and ComputeZoneState in its
/// pkg/controller/nodelifecycle/node_lifecycle_controller.go. Thread-safe.
final class EvictionPace {
    private static final Duration ORDINARY = Duration.ofSeconds(10);
    private static final Duration SLOW = Duration.ofSeconds(100);
    private static final int LARGE_ZONE = 50;
    private static final double MOST = 0.55;
    /// Of so few lost nodes nothing is concluded.
    private static final int FEW = 2;
    private static final String EXCLUDED = "node.kubernetes.io/exclude-disruption";

    private final InstantSource clock;
    private final Map<String, Zone> zones = new HashMap<>();
    /// Nodes that had their turn and have not come back since: to be asked again costs them none.
    private final Set<String> gone = new HashSet<>();
    private boolean cutOff;

    private static final class Zone {
        int ready;
        int lost;
        /// From the turn of one node to that of the next; null while none has a turn.
        @Nullable Duration pace = ORDINARY;
        /// When the next has its turn.
        Instant next = Instant.EPOCH;
    }

    EvictionPace(InstantSource clock) {
        this.clock = clock;
    }

    /// Takes in how all nodes are.
    ///
    /// @return whether nodes are heard of again after none was
    synchronized boolean judge(Collection<Node> nodes, Predicate<Node> isReady) {
        Set<String> there = new HashSet<>();
        zones.values().forEach(zone -> zone.ready = zone.lost = 0);
        for (Node node : nodes) {
            there.add(zone(node));
            Zone zone = zones.computeIfAbsent(zone(node), name -> new Zone());
            if (!labels(node).containsKey(EXCLUDED)) {
                if (isReady.test(node)) {
                    zone.ready++;
                } else {
                    zone.lost++;
                }
            }
        }
        zones.keySet().retainAll(there);
        boolean wasCutOff = cutOff;
        cutOff = zones.values().stream().allMatch(zone -> zone.ready == 0) && zones.values().stream().anyMatch(zone -> zone.lost > 0);
        if (cutOff) {
            gone.clear();
        }
        zones.values().forEach(zone -> set(zone, cutOff ? null : pace(zone)));
        return wasCutOff && !cutOff;
    }

    /// Whether the pods of a node that is lost are to leave now.
    ///
    /// @param leaving whether they were told so already
    synchronized boolean mayLeave(Node node, boolean leaving) {
        String name = node.getMetadata().getName();
        if (cutOff) {
            return false;
        }
        if (leaving || gone.contains(name)) {
            gone.add(name);
            return true;
        }
        Zone zone = zones.computeIfAbsent(zone(node), fresh -> new Zone());
        Instant now = clock.instant();
        if (zone.pace == null || zone.next.isAfter(now)) {
            return false;
        }
        zone.next = now.plus(zone.pace);
        gone.add(name);
        return true;
    }

    /// A node is back, or is no more.
    synchronized void forget(String node) {
        gone.remove(node);
    }

    private static @Nullable Duration pace(Zone zone) {
        boolean most = zone.ready > 0 && zone.lost > FEW && (double) zone.lost / (zone.lost + zone.ready) >= MOST;
        if (!most) {
            return ORDINARY;
        }
        return zone.lost + zone.ready > LARGE_ZONE ? SLOW : null;
    }

    /// Who waits when the pace changes waits for a whole turn of the new one.
    private void set(Zone zone, @Nullable Duration pace) {
        if (Objects.equals(zone.pace, pace)) {
            return;
        }
        Instant now = clock.instant();
        if (pace != null && (zone.pace == null || zone.next.isAfter(now))) {
            zone.next = now.plus(pace);
        }
        zone.pace = pace;
    }

    private static String zone(Node node) {
        return label(node, "region") + "\n" + label(node, "zone");
    }

    private static String label(Node node, String which) {
        Map<String, String> labels = labels(node);
        String newer = labels.getOrDefault("topology.kubernetes.io/" + which, "");
        return newer.isEmpty() ? labels.getOrDefault("failure-domain.beta.kubernetes.io/" + which, "") : newer;
    }

    private static Map<String, String> labels(Node node) {
        return node.getMetadata().getLabels() == null ? Map.of() : node.getMetadata().getLabels();
    }
}
