package io.hypernetes.controllers;

import java.time.Duration;
import java.util.Set;

/// How the controllers work.
///
/// @param clusterCidr addresses of all pods, as `10.88.0.0/16`; each node gets a /24 of it
/// @param nodeMonitorGracePeriod how long a node may say nothing before it counts as silent
/// @param jobPause how long a Job waits after a first failed pod; each further failure doubles it, up to ten minutes
/// @param lostNodeQuarantine how long a node is missing before its pods go
/// @param reserved names and addresses of the API server: no node's serving certificate has one of them
public record ControllerSettings(String clusterCidr, Duration nodeMonitorGracePeriod, Duration jobPause, Duration lostNodeQuarantine, Set<String> reserved) {

    public ControllerSettings {
        reserved = Set.copyOf(reserved);
    }

    /// The defaults: upstream's 50 s, 10 s and 40 s.
    public static ControllerSettings ordinary(String clusterCidr) {
        return new ControllerSettings(clusterCidr, Duration.ofSeconds(50), Duration.ofSeconds(10), Duration.ofSeconds(40), Set.of());
    }

    /// The same with names and addresses that no node may have in its certificate.
    public ControllerSettings withReserved(Set<String> apiServer) {
        return new ControllerSettings(clusterCidr, nodeMonitorGracePeriod, jobPause, lostNodeQuarantine, apiServer);
    }
}
