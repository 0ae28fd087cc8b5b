package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// StorageClasses.
final class StorageClassRules implements KindRules {
    private static final String DEFAULT = "storageclass.kubernetes.io/is-default-class";
    private static final int PARAMETERS_MAX = 512;
    private static final int PARAMETERS_MAX_BYTES = 256 << 10;
    private static final Layout LAYOUT = Layout.first("Name", "Name must be unique within a namespace.", StorageClassRules::name)
            .text("Provisioner", "Who makes its volumes.", "provisioner")
            .text("ReclaimPolicy", "What becomes of its volumes when they are released.", "reclaimPolicy")
            .text("VolumeBindingMode", "When its volumes are made.", "volumeBindingMode")
            .value(Column.of("AllowVolumeExpansion", "Whether its volumes may grow."),
                    type -> JsonNodeFactory.instance.booleanNode(Json.flag(type, "allowVolumeExpansion")))
            .age();

    private static String name(ObjectNode type) {
        String name = Json.string(type, "metadata", "name");
        JsonNode annotations = type.path("metadata").path("annotations");
        boolean chosen = Json.string(annotations, DEFAULT).equals("true")
                || Json.string(annotations, "storageclass.beta.kubernetes.io/is-default-class").equals("true");
        return chosen ? name + " (default)" : name;
    }

    /// Tenants see what they choose by, nothing of where the disks are.
    @Override
    public ObjectNode projected(ObjectNode type) {
        return Projection.of(type, List.of(DEFAULT, "kubernetes.io/description"),
                List.of("provisioner", "reclaimPolicy", "volumeBindingMode", "allowVolumeExpansion", "allowedTopologies"));
    }

    @Override
    public void defaults(ObjectNode type) {
        Json.setDefault(type, "reclaimPolicy", "Delete");
        Json.setDefault(type, "volumeBindingMode", "Immediate");
    }

    @Override
    public void validate(ObjectNode type, Errors errors) {
        String provisioner = Json.string(type, "provisioner");
        if (provisioner.isEmpty()) {
            errors.required("provisioner", "");
        } else {
            errors.invalid("provisioner", provisioner, Names.qualified(provisioner.toLowerCase(Locale.ROOT)));
        }
        long bytes = 0;
        for (var parameter : type.path("parameters").properties()) {
            if (parameter.getKey().isEmpty()) {
                errors.invalid("parameters", parameter.getKey(), "field can not be empty.");
            }
            bytes += parameter.getKey().length() + (long) parameter.getValue().asString("").length();
        }
        if (type.path("parameters").size() > PARAMETERS_MAX) {
            errors.add(io.hypernetes.objects.FieldError.tooLong("Provisioner Parameters exceeded max allowed", PARAMETERS_MAX));
        } else if (bytes > PARAMETERS_MAX_BYTES) {
            errors.add(io.hypernetes.objects.FieldError.tooLong("parameters", PARAMETERS_MAX_BYTES));
        }
        errors.oneOf("reclaimPolicy", Json.string(type, "reclaimPolicy"), List.of("Delete", "Retain"));
        errors.oneOf("volumeBindingMode", Json.string(type, "volumeBindingMode"), List.of("Immediate", "WaitForFirstConsumer"));
    }

    @Override
    public void validateUpdate(ObjectNode type, ObjectNode old, @Nullable String subresource, Errors errors) {
        for (String kept : List.of("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode")) {
            if (!type.path(kept).equals(old.path(kept)) && !(type.path(kept).isEmpty() && old.path(kept).isEmpty() && kept.equals("parameters"))) {
                errors.forbidden(kept, kept.equals("volumeBindingMode") ? WorkloadValidation.IMMUTABLE : "updates to " + kept + " are forbidden.");
            }
        }
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
