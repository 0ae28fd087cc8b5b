package io.hypernetes.hyperd.docker;

import java.util.Map;

/// What is kept of a network that somebody made.
///
/// @param createdNanos since 1970
/// @param internal whether it leads nowhere beyond its containers and the host
record NetworkRecord(String id, String name, long createdNanos, Map<String, String> labels, boolean internal, boolean attachable) {
    /// The one that is there without being made, in which are all containers that name no other.
    static final NetworkRecord BRIDGE = new NetworkRecord("0".repeat(63) + "1", "bridge", 0, Map.of(), false, false);

    NetworkRecord {
        labels = Map.copyOf(labels);
    }

    boolean isBridge() {
        return id.equals(BRIDGE.id);
    }
}
