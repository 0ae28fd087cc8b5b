package io.hypernetes.controllers;

import java.time.Duration;

/// How the controllers work.
///
/// @param clusterCidr addresses of all pods, as `10.88.0.0/16`; each node gets a /24 of it
/// @param nodeMonitorGracePeriod how old a node's lease may be before the node counts as gone
/// @param jobPause how long a Job waits after a first failed pod; each further failure doubles it, up to ten minutes
public record ControllerSettings(String clusterCidr, Duration nodeMonitorGracePeriod, Duration jobPause) {

    /// The defaults: upstream's 40 s and 10 s.
    public static ControllerSettings ordinary(String clusterCidr) {
        return new ControllerSettings(clusterCidr, Duration.ofSeconds(40), Duration.ofSeconds(10));
    }
}
