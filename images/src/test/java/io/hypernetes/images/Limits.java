package io.hypernetes.images;

import java.time.Duration;

/// Limits for tests.
final class Limits {
    private Limits() {}

    static ImageSettings.Limits of(long layerBytes, long unpackedBytes, int entries) {
        return new ImageSettings.Limits(layerBytes, unpackedBytes, 500, entries, 128L << 20, Duration.ofMinutes(5));
    }
}
