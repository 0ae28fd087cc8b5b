package io.hypernetes.images;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// How a [LocalImageStore] behaves.
///
/// @param insecureRegistries `host` or `host:port` of registries reached by plain http; loopback addresses always are
/// @param connectTimeout longest wait for a connection, and for an answer's beginning three times that
/// @param stallTimeout a transfer that brings no byte for so long is broken off
/// @param attempts how often a request is tried when the failure may pass
/// @param parallelDownloads layers fetched at a time, over all pulls
/// @param parallelConversions layers converted at a time
/// @param maxLayerBytes longest layer as transferred
/// @param maxUncompressedBytes longest layer as a tar, holes included
/// @param maxEntries most files in a layer
/// @param conversionTimeout longest time for the conversion of one layer
/// @param reservedBytes disk space that pulls leave free
/// @param nativeFolder where the zstd library is unpacked, once. Null: `native` in the store's folder
public record ImageSettings(
        Set<String> insecureRegistries,
        Duration connectTimeout,
        Duration stallTimeout,
        int attempts,
        int parallelDownloads,
        int parallelConversions,
        long maxLayerBytes,
        long maxUncompressedBytes,
        int maxEntries,
        Duration conversionTimeout,
        long reservedBytes,
        @Nullable Path nativeFolder) {

    public ImageSettings {
        insecureRegistries = Set.copyOf(insecureRegistries);
    }

    /// No insecure registries, 10 s to connect, 60 s of stall, 3 attempts, 4 downloads, 2 conversions, layers up to
    /// 16 GiB (32 GiB and a million files unpacked), 30 min a conversion, 256 MiB left free.
    public static ImageSettings defaults() {
        return new ImageSettings(Set.of(), Duration.ofSeconds(10), Duration.ofSeconds(60), 3, 4, 2,
                16L << 30, 32L << 30, 1_000_000, Duration.ofMinutes(30), 256L << 20, null);
    }

    public ImageSettings withInsecureRegistries(Set<String> registries) {
        return new ImageSettings(registries, connectTimeout, stallTimeout, attempts, parallelDownloads, parallelConversions,
                maxLayerBytes, maxUncompressedBytes, maxEntries, conversionTimeout, reservedBytes, nativeFolder);
    }

    public ImageSettings withNativeFolder(Path folder) {
        return new ImageSettings(insecureRegistries, connectTimeout, stallTimeout, attempts, parallelDownloads,
                parallelConversions, maxLayerBytes, maxUncompressedBytes, maxEntries, conversionTimeout, reservedBytes, folder);
    }

    public ImageSettings withLimits(long layerBytes, long uncompressedBytes, int entries) {
        return new ImageSettings(insecureRegistries, connectTimeout, stallTimeout, attempts, parallelDownloads,
                parallelConversions, layerBytes, uncompressedBytes, entries, conversionTimeout, reservedBytes, nativeFolder);
    }

    public ImageSettings withTimeouts(Duration connect, Duration stall) {
        return new ImageSettings(insecureRegistries, connect, stall, attempts, parallelDownloads,
                parallelConversions, maxLayerBytes, maxUncompressedBytes, maxEntries, conversionTimeout, reservedBytes,
                nativeFolder);
    }
}
