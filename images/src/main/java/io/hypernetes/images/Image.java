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
public record Image(
        String id, List<String> tags, List<String> digests, long sizeBytes, ImageConfig config, List<DiskLayer> layers) {

    public Image {
        tags = List.copyOf(tags);
        digests = List.copyOf(digests);
        layers = List.copyOf(layers);
    }
}
