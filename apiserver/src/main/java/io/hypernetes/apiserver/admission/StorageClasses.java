package io.hypernetes.apiserver.admission;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Quantity;
import io.hypernetes.objects.kind.LocalDisk;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Store;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Gives a new claim that says nothing of a class the tenant's default StorageClass, or the operator's when the tenant has none; of several, the
/// one made last. Claims and volumes are protected from their first moment: what uses them has to go before they do.
public final class StorageClasses {
    private static final String DEFAULT = "storageclass.kubernetes.io/is-default-class";

    private final Store store;

    public StorageClasses(Store store) {
        this.store = store;
    }

    /// The class that the operator's tenant has when it is made: disks of the node where the first pod of a claim is.
    ///
    /// @param chosen whether claims get it that name none
    public static ObjectNode local(Instant now, boolean chosen) {
        var type = Json.object();
        type.put("apiVersion", "storage.k8s.io/v1").put("kind", "StorageClass");
        Json.child(type, "metadata")
                .put("name", "local")
                .put("uid", UUID.randomUUID().toString())
                .put("creationTimestamp", now.truncatedTo(ChronoUnit.SECONDS).toString());
        if (chosen) {
            Json.child(Json.child(type, "metadata"), "annotations").put(DEFAULT, "true");
        }
        return type.put("provisioner", LocalDisk.PROVISIONER)
                .put("reclaimPolicy", "Delete")
                .put("volumeBindingMode", "WaitForFirstConsumer")
                .put("allowVolumeExpansion", true);
    }

    /// Whether a stored class is one that claims get that name none.
    public static boolean isDefault(Entry entry) {
        return Json.string(Json.readObject(entry.value()), "metadata", "annotations", DEFAULT).equals("true");
    }

    /// Protects a new volume or claim.
    public static void protect(ObjectNode object, String finalizer) {
        var metadata = Json.child(object, "metadata");
        var finalizers = metadata.get("finalizers") instanceof ArrayNode there ? there : metadata.putArray("finalizers");
        for (var each : finalizers) {
            if (each.asString("").equals(finalizer)) {
                return;
            }
        }
        finalizers.add(finalizer);
    }

    /// Completes a new claim.
    public void claim(String tenant, ObjectNode claim) {
        protect(claim, "kubernetes.io/pvc-protection");
        var spec = Json.child(claim, "spec");
        // Empty text is a wish too: for no class at all.
        if (spec.has("storageClassName")
                || Json.at(claim, "metadata", "annotations", "volume.beta.kubernetes.io/storage-class").isString()) {
            return;
        }
        if (!chosen(tenant, spec) && !tenant.equals(Caller.ROOT)) {
            chosen(Caller.ROOT, spec);
        }
    }

    /// Refuses to make a claim larger whose class does not allow that.
    ///
    /// @throws io.hypernetes.objects.ApiException 403
    public void resize(String tenant, ObjectNode updated, ObjectNode old) {
        var now = Json.at(updated, "spec", "resources", "requests", "storage").asString("");
        var before = Json.at(old, "spec", "resources", "requests", "storage").asString("");
        if (now.equals(before) || now.isEmpty() || before.isEmpty() || Json.string(old, "spec", "volumeName").isEmpty()
                || Quantity.parse(now).compareTo(Quantity.parse(before)) <= 0) {
            return;
        }
        var name = Json.string(old, "spec", "storageClassName");
        var found = store.get(key(tenant, name)).or(() -> store.get(key(Caller.ROOT, name)));
        if (name.isEmpty() || found.isEmpty() || !Json.flag(Json.readObject(found.get().value()), "allowVolumeExpansion")) {
            throw ApiStatus.forbidden("", "persistentvolumeclaims", Json.string(old, "metadata", "name"),
                            "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize")
                    .asException();
        }
    }

    private static String key(String tenant, String name) {
        return new ObjectKey(tenant, "storage.k8s.io", "storageclasses", "", name).text();
    }

    private boolean chosen(String tenant, ObjectNode spec) {
        long latest = 0;
        for (var entry : store.list(ObjectKey.prefix(tenant, "storage.k8s.io", "storageclasses"), "", 0).entries()) {
            if (entry.createRevision() > latest && isDefault(entry)) {
                latest = entry.createRevision();
                spec.put("storageClassName", Json.string(Json.readObject(entry.value()), "metadata", "name"));
            }
        }
        return latest > 0;
    }
}
