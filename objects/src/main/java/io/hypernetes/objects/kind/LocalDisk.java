package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import tools.jackson.databind.JsonNode;

/// A PersistentVolume that is a disk of a node: one of the driver that nodes have themselves.
public final class LocalDisk {
    private static final String DRIVER = "local.hypernetes.io";

    private LocalDisk() {}

    /// Whether a PersistentVolume is one.
    public static boolean is(JsonNode volume) {
        return Json.string(volume, "spec", "csi", "driver").equals(DRIVER);
    }
}
