package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// CSIDrivers.
final class CsiDriverRules implements KindRules {
    private static final Layout LAYOUT = Layout.named()
            .flag("AttachRequired", "Whether volumes are attached to nodes.", "spec", "attachRequired")
            .flag("PodInfoOnMount", "Whether the driver is told of the pod.", "spec", "podInfoOnMount")
            .flag("StorageCapacity", "Whether the scheduler looks at free capacity.", "spec", "storageCapacity")
            .cell("TokenRequests", "The audiences of the tokens that it is given.", d -> {
                List<ObjectNode> tokens = Json.objects(d.path("spec"), "tokenRequests");
                return tokens.isEmpty()
                        ? "<unset>"
                        : tokens.stream().map(t -> Json.string(t, "audience")).collect(Collectors.joining(","));
            })
            .flag("RequiresRepublish", "Whether volumes are published again and again.", "spec", "requiresRepublish")
            .cell("Modes", "How its volumes live.", d -> Layout.list(Json.at(d, "spec", "volumeLifecycleModes")))
            .age();

    @Override
    public void defaults(ObjectNode driver) {
        ObjectNode spec = Json.child(driver, "spec");
        Json.setDefault(spec, "attachRequired", true);
        Json.setDefault(spec, "podInfoOnMount", false);
        Json.setDefault(spec, "storageCapacity", false);
        Json.setDefault(spec, "fsGroupPolicy", "ReadWriteOnceWithFSType");
        Json.setDefault(spec, "requiresRepublish", false);
        Json.setDefault(spec, "seLinuxMount", false);
        if (spec.path("volumeLifecycleModes").isEmpty()) {
            spec.putArray("volumeLifecycleModes").add("Persistent");
        }
    }

    @Override
    public boolean countsGeneration() {
        return true;
    }

    @Override
    public void validate(ObjectNode driver, Errors errors) {
        if (Json.string(driver, "metadata", "name").length() > 63) {
            errors.add(io.hypernetes.objects.FieldError.tooLong("metadata.name", 63));
        }
        errors.oneOf(
                "spec.fsGroupPolicy", Json.string(driver, "spec", "fsGroupPolicy"), List.of("File", "None", "ReadWriteOnceWithFSType"));
        for (var mode : driver.path("spec").path("volumeLifecycleModes")) {
            errors.oneOf("spec.volumeLifecycleModes", mode.asString(""), List.of("Ephemeral", "Persistent"));
        }
    }

    @Override
    public void validateUpdate(ObjectNode driver, ObjectNode old, @Nullable String subresource, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(driver);
        WorkloadValidation.immutable(spec, WorkloadValidation.spec(old), "spec", "attachRequired", errors);
        WorkloadValidation.immutable(spec, WorkloadValidation.spec(old), "spec", "volumeLifecycleModes", errors);
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
