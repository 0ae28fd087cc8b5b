package io.hypernetes.images;

import java.util.Collection;
import java.util.List;

/// How much of this process' memory is taken by what is known of an image, about: every image that is here is known at any time, and how many there are, and with what labels, is up to who builds them.
final class ImageWeight {
    /// What a string takes beside its characters, with its place in a list or map.
    static final int STRING_BYTES = 64;
    private static final int ITEM_BYTES = 1000;
    /// The names of a layer and its disk, and of the blob that it came as.
    private static final int LAYER_BYTES = 700;

    private ImageWeight() {}

    static long of(ImageConfig config) {
        return of(config.entrypoint()) + of(config.command()) + of(config.environment()) + of(config.exposedPorts()) + of(config.volumes())
                + of(List.of(config.user(), config.workingDirectory(), config.stopSignal()))
                + config.labels().entrySet().stream().mapToLong(label -> of(List.of(label.getKey(), label.getValue()))).sum();
    }

    /// @param layers how many it has
    static long of(ImageConfig config, int layers) {
        return ITEM_BYTES + of(config) + (long) LAYER_BYTES * layers;
    }

    static long of(Image image, Catalogue.Item item) {
        return of(image.config(), item.layers().size()) + 2 * (of(item.tags()) + of(item.digests())) + of(item.documents()) + of(item.blobs());
    }

    private static long of(Collection<String> strings) {
        return strings.stream().mapToLong(string -> STRING_BYTES + string.length()).sum();
    }
}
