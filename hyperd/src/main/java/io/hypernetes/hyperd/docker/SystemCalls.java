package io.hypernetes.hyperd.docker;

import io.hypernetes.hyperd.volume.Ext4Disk;
import io.hypernetes.images.DiskLayer;
import io.hypernetes.images.Image;
import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// What all of it takes on the host's disks: `docker system df`.
final class SystemCalls {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private SystemCalls() {}

    /// @param types `container`, `image`, `volume`, `build-cache`: what is asked for; empty for all
    static ObjectNode usage(DockerHouse house, List<DockerContainer> containers, ImageCalls images, VolumeCalls volumes, List<String> types) {
        ObjectNode usage = NODES.objectNode();
        if (wanted(types, "image")) {
            images(usage, house, containers, images);
        }
        if (wanted(types, "container")) {
            ArrayNode rows = usage.putArray("Containers");
            for (DockerContainer container : containers) {
                rows.add(container.row().put("SizeRw", Ext4Disk.usedBytes(house.disk(container.id()))).put("SizeRootFs", Ext4Disk.usedBytes(house.disk(container.id()))));
            }
        }
        if (wanted(types, "volume")) {
            ArrayNode shown = usage.putArray("Volumes");
            for (VolumeRecord volume : house.volumes().list()) {
                ObjectNode one = volumes.show(volume);
                one.putObject("UsageData").put("Size", Ext4Disk.usedBytes(house.volumes().file(volume.name())))
                        .put("RefCount", house.volumes().users(volume.name()).size());
                shown.add(one);
            }
        }
        if (wanted(types, "build-cache")) {
            usage.putArray("BuildCache");
        }
        return usage;
    }

    /// The host's; 0 when it is not known.
    static long memoryBytes() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean host ? host.getTotalMemorySize() : 0;
    }

    private static boolean wanted(List<String> types, String type) {
        return types.isEmpty() || types.contains(type);
    }

    // A layer that many images have is counted once.
    private static void images(ObjectNode usage, DockerHouse house, List<DockerContainer> containers, ImageCalls calls) {
        Map<String, Long> layers = new HashMap<>();
        Map<String, Integer> users = new HashMap<>();
        List<Image> all = house.images().list();
        for (Image image : all) {
            image.layers().forEach(layer -> users.merge(layer.diffId(), 1, Integer::sum));
            image.layers().forEach(layer -> layers.put(layer.diffId(), layer.file().toFile().length()));
        }
        ArrayNode rows = usage.put("LayersSize", layers.values().stream().mapToLong(Long::longValue).sum()).putArray("Images");
        for (Image image : all) {
            Set<String> shared = Set.copyOf(image.layers().stream().map(DiskLayer::diffId).filter(id -> users.getOrDefault(id, 0) > 1).toList());
            long own = image.layers().stream().map(DiskLayer::diffId).distinct().mapToLong(id -> layers.getOrDefault(id, 0L)).sum();
            long others = shared.stream().mapToLong(id -> layers.getOrDefault(id, 0L)).sum();
            rows.add(calls.row(image).put("Size", own).put("SharedSize", others)
                    .put("Containers", containers.stream().filter(container -> container.record().imageId().equals(image.id())).count()));
        }
    }
}
