package io.hypernetes.kubelet.pod;

import java.time.Duration;

/// How long a pod's start took.
///
/// @param all from the binding to the last container's start
/// @param withoutPulls the same without the time that images took to come
public record StartTime(Duration all, Duration withoutPulls) {
    /// There was no start to be measured.
    static final StartTime NOTHING = new StartTime(Duration.ZERO, Duration.ZERO);
}
