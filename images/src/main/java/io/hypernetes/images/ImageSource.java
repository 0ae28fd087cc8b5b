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
/// @param documents its manifest, behind the index that led to it when there is one; kept for saving
record ImageSource(
        Digest id,
        byte[] config,
        List<Layer> layers,
        long sizeBytes,
        @Nullable String tag,
        @Nullable String repoDigest,
        List<Document> documents) {

    /// A manifest or index.
    record Document(Digest digest, byte[] content) {}

    /// @param name short, for progress and errors
    /// @param origin host of the registry that its image is named after; nothing when it is on this machine
    /// @param fetch brings the blob into a file
    record Layer(String name, long bytes, Digest digest, String origin, Blobs.Fetch fetch) {}
}
