package io.hypernetes.images;

import java.time.Duration;

/// Limits for tests, and none.
final class Limits {
    /// A disk that is never full.
    static final DiskLayers.Space NO_END = (what, whole, missing) -> new DiskLayers.Room() {
        @Override
        public void check() {}

        @Override
        public void close() {}
    };

    private Limits() {}

    static ImageSettings.Limits of(long layerBytes, long unpackedBytes, int entries) {
        return new ImageSettings.Limits(layerBytes, unpackedBytes, 500, entries, 128L << 20, Duration.ofMinutes(5));
    }
}
