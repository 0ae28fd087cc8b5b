package io.hypernetes.hyperd.docker;

import java.util.Map;

/// What is kept of a volume.
///
/// @param createdNanos since 1970
/// @param bytes size of its disk, which takes room only as it fills
/// @param anonymous whether it was made for a container without being named; it goes with that container when asked
/// @param used whether a container has started with it, so that it has its first content
record VolumeRecord(String name, long createdNanos, Map<String, String> labels, Map<String, String> options, long bytes, boolean anonymous, boolean used) {
    VolumeRecord {
        labels = Map.copyOf(labels);
        options = Map.copyOf(options);
    }

    VolumeRecord withUse() {
        return new VolumeRecord(name, createdNanos, labels, options, bytes, anonymous, true);
    }
}
