package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/// A PersistentVolume that is a disk of a node: one of the driver that nodes have themselves.
public final class LocalDisk {
    /// The provisioner of such volumes, in StorageClasses.
    public static final String PROVISIONER = "hypernetes.io/local";

    private static final String DRIVER = "local.hypernetes.io";

    // As nodes take it for a part of the name of the disk's file.
    private static final Pattern HANDLE = Pattern.compile("[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?");

    private LocalDisk() {}

    /// Whether a PersistentVolume is one.
    public static boolean is(JsonNode volume) {
        return Json.string(volume, "spec", "csi", "driver").equals(DRIVER);
    }

    /// Tells why no node could have such a disk. One that no node has would be waited for when it is deleted, as nobody but its node says that it is gone.
    static void validate(JsonNode volume, Errors errors) {
        String handle = Json.string(volume, "spec", "csi", "volumeHandle");
        if (!handle.isEmpty() && !HANDLE.matcher(handle).matches()) {
            errors.invalid("spec.csi.volumeHandle", handle,
                    "a disk's name is of at most 202 lower case alphanumeric characters, '-' or '.', and starts and ends with an alphanumeric character");
        }
        String node = Json.string(volume, "spec", "csi", "volumeAttributes", "node");
        if (node.isEmpty()) {
            errors.required("spec.csi.volumeAttributes[node]", "a disk is on a node");
        } else {
            errors.invalid("spec.csi.volumeAttributes[node]", node, Names.subdomain(node));
        }
    }
}
