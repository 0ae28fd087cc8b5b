package io.hypernetes.kubelet.eviction;

import java.util.HashMap;
import java.util.Map;

/// How much disks that outlive their pods have grown since the node's disk began to fill. What they take as a whole says nothing of who fills it, as a large one may have been so for years, and is
/// no reason for its pod to go; but who writes on must end before those do whose pods are in nobody's way. For one thread.
final class VolumeGrowth {
    /// With so much free, from 0 to 1, nobody's growth matters.
    static final double ROOMY = 0.25;

    private final Map<String, Long> begun = new HashMap<>();

    /// There is room: whatever comes counts from the next look on.
    void forget() {
        begun.clear();
    }

    /// @param bytes by disk, as they are now
    /// @return how much more that is than at the first look at each
    long of(Map<String, Long> bytes) {
        return bytes.entrySet().stream().mapToLong(disk -> {
            Long then = begun.putIfAbsent(disk.getKey(), disk.getValue());
            return then == null ? 0 : Math.max(0, disk.getValue() - then);
        }).sum();
    }
}
