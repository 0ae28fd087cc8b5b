package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.ContainerSpec;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.images.DiskLayer;
import io.hypernetes.images.Image;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The one read-only disk of a pod: all layers of all its containers end to end. A layer that is there already is used again.
///
/// @param layers what the disk holds, with the image's layers
/// @param extents where the image's layers lie, the lowest first
/// @param grown whether the disk must be appended to
record LayerDisk(List<SandboxRecord.Layer> layers, List<ContainerSpec.Layer> extents, boolean grown) {
    private static final int MOST_IMAGE_LAYERS = 128;

    static LayerDisk with(List<SandboxRecord.Layer> present, Image image) {
        if (image.layers().isEmpty() || image.layers().size() > MOST_IMAGE_LAYERS) {
            throw HyperdException.invalid("Image " + image.id() + " has " + image.layers().size()
                    + " layers; a container needs 1 to " + MOST_IMAGE_LAYERS + ". Build the image with fewer layers.");
        }
        List<SandboxRecord.Layer> layers = new ArrayList<>(present);
        List<ContainerSpec.Layer> extents = new ArrayList<>();
        for (DiskLayer layer : image.layers()) {
            long offset = offset(layers, layer.diffId());
            if (offset < 0) {
                offset = length(layers);
                layers.add(new SandboxRecord.Layer(layer.diffId(), layer.file().toString(), layer.sizeBytes()));
            }
            extents.add(new ContainerSpec.Layer(offset, layer.sizeBytes(), "squashfs"));
        }
        return new LayerDisk(List.copyOf(layers), List.copyOf(extents), layers.size() > present.size());
    }

    /// The files of these layers in order.
    static List<Path> files(List<SandboxRecord.Layer> layers) {
        return layers.stream().map(layer -> Path.of(layer.file())).toList();
    }

    private static long offset(List<SandboxRecord.Layer> layers, String diffId) {
        long offset = 0;
        for (SandboxRecord.Layer layer : layers) {
            if (layer.diffId().equals(diffId)) {
                return offset;
            }
            offset += layer.bytes();
        }
        return -1;
    }

    private static long length(List<SandboxRecord.Layer> layers) {
        return layers.stream().mapToLong(SandboxRecord.Layer::bytes).sum();
    }
}
