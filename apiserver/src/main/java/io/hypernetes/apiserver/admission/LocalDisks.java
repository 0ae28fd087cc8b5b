package io.hypernetes.apiserver.admission;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.LocalDisk;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// PersistentVolumes that are disks of nodes, whoever makes them: one stays until its node has removed the disk, so that what takes room is always described, and
/// counted; and it says whose its disk is by the uid of its tenant, so that nobody finds what a former tenant of its name left on a node that was away.
public final class LocalDisks {
    private static final String FINALIZER = "hypernetes.io/local-disk";
    private static final String OWNER = "hypernetes.io/tenant-uid";

    private LocalDisks() {}

    /// Completes a new volume.
    ///
    /// @param tenantUid of the tenant; empty for the operator's, which is always the same
    public static void create(ObjectNode volume, String tenantUid) {
        if (LocalDisk.is(volume)) {
            StorageClasses.protect(volume, FINALIZER);
            settle(volume, tenantUid);
        }
    }

    /// Leaves a change nothing of that: a volume whose disk is there does not go before it, by whatever a tenant, its policies or its webhooks make of it.
    ///
    /// @param trusted whether a component or the operator changes it
    public static void update(ObjectNode updated, ObjectNode old, boolean trusted) {
        if (!LocalDisk.is(old) || !LocalDisk.is(updated)) {
            return;
        }
        settle(updated, Json.string(old, "spec", "csi", "volumeAttributes", OWNER));
        // Those that were made before volumes of tenants' own were protected are now, with the first change.
        boolean late = !isProtected(old) && Json.string(old, "metadata", "deletionTimestamp").isEmpty();
        if (late || (isProtected(old) && !trusted)) {
            StorageClasses.protect(updated, FINALIZER);
        }
    }

    /// Protects one that was made before such volumes were, as it is being deleted: afterwards nobody would know of its disk.
    public static void delete(ObjectNode volume) {
        if (LocalDisk.is(volume)) {
            StorageClasses.protect(volume, FINALIZER);
        }
    }

    private static boolean isProtected(ObjectNode volume) {
        if (Json.at(volume, "metadata", "finalizers") instanceof ArrayNode finalizers) {
            for (var each : finalizers) {
                if (each.asString("").equals(FINALIZER)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static void settle(ObjectNode volume, String owner) {
        if (!owner.equals(Json.string(volume, "spec", "csi", "volumeAttributes", OWNER))) {
            var attributes = Json.child(Json.child(Json.child(volume, "spec"), "csi"), "volumeAttributes");
            if (owner.isEmpty()) {
                attributes.remove(OWNER);
            } else {
                attributes.put(OWNER, owner);
            }
        }
    }
}
