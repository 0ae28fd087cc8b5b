package io.hypernetes.images;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// How a [LocalImageStore] behaves. [ImageSettingsFile] reads it from a file.
///
/// @param registries settings of single registries by `host` or `host:port`
/// @param credentialsFile a Docker `config.json` with credentials for registries; null for none
/// @param nativeFolder where the zstd library is unpacked, once. Null: `native` in the store's folder
/// @param operators addresses of the operator's own machines: a registry that the operator named and that is at one itself may send on to one, nobody else is spoken to there
public record ImageSettings(
        Map<String, Registry> registries,
        @Nullable Path credentialsFile,
        Transfers transfers,
        Limits limits,
        Disk disk,
        @Nullable Path nativeFolder,
        OperatorAddresses operators) {

    public ImageSettings {
        registries = Map.copyOf(registries);
    }

    /// One registry.
    ///
    /// @param mirrors asked before it, in order: `host[:port][/path]`, with `http://` before it for one without TLS
    /// @param mirrorsOnly never ask the registry itself
    /// @param plainHttp spoken to without TLS; loopback addresses always are
    /// @param skipVerify its certificate is not checked
    /// @param caFile PEM file of the authorities that may sign for it; null for those of the Java runtime
    public record Registry(
            List<String> mirrors, boolean mirrorsOnly, boolean plainHttp, boolean skipVerify, @Nullable Path caFile) {
        static final Registry PLAIN_DEFAULT = new Registry(List.of(), false, false, false, null);

        public Registry {
            mirrors = List.copyOf(mirrors);
        }
    }

    /// @param connectTimeout longest wait for a connection, and for an answer's beginning three times that
    /// @param stallTimeout a transfer that brings no byte for so long, or fewer than 256 a second over such a time, is broken off
    /// @param layerTimeout longest time for a layer or document to come, beside the time that [#slowest] gives it; all that are asked for it, mirrors and registry, share it
    /// @param slowest of how many bytes each gives a layer or document a second more
    /// @param attempts how often in a row a request is tried without any progress
    /// @param longestPause between two attempts, whatever the registry asks for
    /// @param parallelDownloads layers fetched at a time, over all pulls; a tenant that none of them is for gets one more
    /// @param parallelConversions layers converted at a time, over all pulls; likewise
    public record Transfers(
            Duration connectTimeout,
            Duration stallTimeout,
            Duration layerTimeout,
            long slowest,
            int attempts,
            Duration longestPause,
            int parallelDownloads,
            int parallelConversions) {
        static final long SLOWEST = 64 << 10;

        /// With the usual [#slowest].
        public Transfers(Duration connectTimeout, Duration stallTimeout, Duration layerTimeout, int attempts, Duration longestPause, int parallelDownloads, int parallelConversions) {
            this(connectTimeout, stallTimeout, layerTimeout, SLOWEST, attempts, longestPause, parallelDownloads, parallelConversions);
        }
    }

    /// @param layerBytes longest layer as transferred
    /// @param unpackedBytes longest layer as a tar, holes included
    /// @param ratio how many times longer than its blob a layer may unpack, beyond the first 256 MiB
    /// @param entries most files in a layer
    /// @param pathBytes most bytes that the names in a layer may take together, with all folders above each
    /// @param conversionTimeout longest time for the conversion of one layer
    public record Limits(
            long layerBytes, long unpackedBytes, int ratio, int entries, long pathBytes, Duration conversionTimeout) {}

    /// @param reservedBytes space that pulls leave free
    /// @param highPercent when more than this much of the disk is used, unused images are removed, the longest unused first; 100 for never
    /// @param lowPercent until no more than this much is used
    /// @param youngestRemoved an image used or pulled within this time is not removed for want of space
    /// @param keepBlobs keep layers as they came beside the disks made of them, so that images can be saved
    /// @param incomingAge how long parts of broken pulls are kept to go on from
    public record Disk(
            long reservedBytes, int highPercent, int lowPercent, Duration youngestRemoved, boolean keepBlobs, Duration incomingAge) {}

    public static ImageSettings defaults() {
        return new ImageSettings(Map.of(), null,
                new Transfers(Duration.ofSeconds(10), Duration.ofSeconds(60), Duration.ofMinutes(10), 5, Duration.ofSeconds(30), 4, 2),
                new Limits(16L << 30, 32L << 30, 500, 1_000_000, 128L << 20, Duration.ofMinutes(30)),
                new Disk(256L << 20, 85, 80, Duration.ofMinutes(5), true, Duration.ofDays(1)),
                null,
                OperatorAddresses.known(_ -> false));
    }

    /// The settings of a registry, those that nothing is said of included.
    ///
    /// @param host with its port, when it has one
    Registry registry(String host) {
        return registries.getOrDefault(host, Registry.PLAIN_DEFAULT);
    }

    public ImageSettings withInsecureRegistries(Set<String> hosts) {
        Map<String, Registry> all = new HashMap<>(registries);
        for (String host : hosts) {
            Registry known = registry(host);
            all.put(host, new Registry(known.mirrors(), known.mirrorsOnly(), true, known.skipVerify(), known.caFile()));
        }
        return withRegistries(all);
    }

    public ImageSettings withRegistries(Map<String, Registry> all) {
        return new ImageSettings(all, credentialsFile, transfers, limits, disk, nativeFolder, operators);
    }

    public ImageSettings withCredentialsFile(Path file) {
        return new ImageSettings(registries, file, transfers, limits, disk, nativeFolder, operators);
    }

    public ImageSettings withTransfers(Transfers other) {
        return new ImageSettings(registries, credentialsFile, other, limits, disk, nativeFolder, operators);
    }

    public ImageSettings withLimits(Limits other) {
        return new ImageSettings(registries, credentialsFile, transfers, other, disk, nativeFolder, operators);
    }

    public ImageSettings withDisk(Disk other) {
        return new ImageSettings(registries, credentialsFile, transfers, limits, other, nativeFolder, operators);
    }

    public ImageSettings withOperators(OperatorAddresses addresses) {
        return new ImageSettings(registries, credentialsFile, transfers, limits, disk, nativeFolder, addresses);
    }

    public ImageSettings withNativeFolder(Path folder) {
        return new ImageSettings(registries, credentialsFile, transfers, limits, disk, folder, operators);
    }
}
