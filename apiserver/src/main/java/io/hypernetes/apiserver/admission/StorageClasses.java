package io.hypernetes.apiserver.admission;

import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Store;
import tools.jackson.databind.node.ObjectNode;

/// Gives a new claim that says nothing of a class the tenant's default StorageClass; of several, the one made last.
public final class StorageClasses {
    private static final String DEFAULT = "storageclass.kubernetes.io/is-default-class";

    private final Store store;

    public StorageClasses(Store store) {
        this.store = store;
    }

    /// Completes a new claim.
    public void claim(String tenant, ObjectNode claim) {
        var spec = Json.child(claim, "spec");
        // Empty text is a wish too: for no class at all.
        if (spec.has("storageClassName")
                || Json.at(claim, "metadata", "annotations", "volume.beta.kubernetes.io/storage-class").isString()) {
            return;
        }
        long latest = 0;
        for (var entry : store.list(ObjectKey.prefix(tenant, "storage.k8s.io", "storageclasses"), "", 0).entries()) {
            var found = Json.readObject(entry.value());
            if (entry.createRevision() > latest && Json.string(found, "metadata", "annotations", DEFAULT).equals("true")) {
                latest = entry.createRevision();
                spec.put("storageClassName", Json.string(found, "metadata", "name"));
            }
        }
    }
}
