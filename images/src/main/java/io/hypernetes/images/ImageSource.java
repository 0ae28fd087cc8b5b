package io.hypernetes.images;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// An image on its way in, from a registry or a file.
///
/// @param id digest of its configuration
/// @param config the configuration's bytes
/// @param layers the lowest first
/// @param tag full name to give it; null for none
/// @param repoDigest full name with digest; null for none
record ImageSource(
        Digest id, byte[] config, List<Layer> layers, long sizeBytes, @Nullable String tag, @Nullable String repoDigest) {

    /// @param name short, for progress and errors
    record Layer(String name, long bytes, DiskLayers.Source source) {}
}
