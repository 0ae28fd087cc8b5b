package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.objects.Quantity;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// CSIStorageCapacities.
final class CsiStorageCapacityRules implements KindRules {
    private static final Layout LAYOUT = Layout.named()
            .text("StorageClassName", "The class of the storage.", "storageClassName")
            .cell("Capacity", "How much is free.", each -> each.has("capacity") ? each.path("capacity").asString("") : "<unset>");

    @Override
    public void validate(ObjectNode capacity, Errors errors) {
        WorkloadValidation.selector(capacity.path("nodeTopology"), "nodeTopology", errors);
        String type = Json.string(capacity, "storageClassName");
        errors.invalid("storageClassName", type, Names.subdomain(type));
        String free = Json.string(capacity, "capacity");
        if (!free.isEmpty() && Quantity.parse(free).signum() < 0) {
            errors.invalid("capacity", free, "must be greater than or equal to 0");
        }
    }

    @Override
    public void validateUpdate(ObjectNode capacity, ObjectNode old, @Nullable String subresource, Errors errors) {
        if (!capacity.path("nodeTopology").equals(old.path("nodeTopology"))) {
            errors.invalid("nodeTopology", capacity.path("nodeTopology"), WorkloadValidation.IMMUTABLE);
        }
        if (!Json.string(capacity, "storageClassName").equals(Json.string(old, "storageClassName"))) {
            errors.invalid("storageClassName", Json.string(capacity, "storageClassName"), WorkloadValidation.IMMUTABLE);
        }
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
