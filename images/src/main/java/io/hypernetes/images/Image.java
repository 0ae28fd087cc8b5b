package io.hypernetes.images;

import java.util.List;

/// One image of this node.
///
/// @param id digest of its configuration, `sha256:…`
/// @param tags full names with tag, as `docker.io/library/busybox:latest`
/// @param digests full names with digest
/// @param sizeBytes bytes of its blobs as pulled
/// @param config what it runs
/// @param layers its layers, the lowest first
/// @param forAll whether the operator loaded it, or somebody pulled it without credentials of their own, whoever else pulled it before or since
public record Image(
        String id, List<String> tags, List<String> digests, long sizeBytes, ImageConfig config, List<DiskLayer> layers, boolean forAll) {

    public Image {
        tags = List.copyOf(tags);
        digests = List.copyOf(digests);
        layers = List.copyOf(layers);
    }

    /// One of which nothing is known of who may have it.
    public Image(String id, List<String> tags, List<String> digests, long sizeBytes, ImageConfig config, List<DiskLayer> layers) {
        this(id, tags, digests, sizeBytes, config, layers, false);
    }
}
