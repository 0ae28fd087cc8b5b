package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// VolumeAttributesClasses.
final class VolumeAttributesClassRules implements KindRules {
    private static final Layout LAYOUT = Layout.named()
            .text("DriverName", "The driver that knows the attributes.", "driverName")
            .age();

    @Override
    public void validate(ObjectNode type, Errors errors) {
        StorageClassRules.provisioner(Json.string(type, "driverName"), "driverName", errors);
        StorageClassRules.parameters(type, errors);
        if (type.path("parameters").isEmpty()) {
            errors.required("parameters", "must contain at least one key/value pair");
        }
    }

    @Override
    public void validateUpdate(ObjectNode type, ObjectNode old, @Nullable String subresource, Errors errors) {
        if (!Json.string(type, "driverName").equals(Json.string(old, "driverName"))) {
            errors.forbidden("driverName", "updates to driverName are forbidden.");
        }
        if (!type.path("parameters").equals(old.path("parameters"))) {
            errors.forbidden("parameters", "updates to parameters are forbidden.");
        }
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
