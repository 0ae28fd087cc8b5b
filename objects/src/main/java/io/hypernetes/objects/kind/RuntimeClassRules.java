package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// RuntimeClasses.
final class RuntimeClassRules implements KindRules {
    private static final Layout LAYOUT = Layout.named().text("Handler", "What the container runtime calls it.", "handler").age();

    @Override
    public ObjectNode projected(ObjectNode type) {
        return Projection.of(type, List.of("kubernetes.io/description"), List.of("handler", "overhead", "scheduling"));
    }

    @Override
    public void validate(ObjectNode type, Errors errors) {
        String handler = Json.string(type, "handler");
        errors.invalid("handler", handler, Names.label(handler));
        ContainerValidation.amounts(type.path("overhead").path("podFixed"), "overhead.limits", errors);
        for (var label : type.path("scheduling").path("nodeSelector").properties()) {
            errors.invalid("scheduling.nodeSelector", label.getKey(), Names.qualified(label.getKey()));
            errors.invalid("scheduling.nodeSelector", label.getValue().asString(""), Names.labelValue(label.getValue().asString("")));
        }
        List<ObjectNode> tolerations = Json.objects(type.path("scheduling"), "tolerations");
        for (int i = 0; i < tolerations.size(); i++) {
            PodSpecValidation.toleration(tolerations.get(i), "scheduling.tolerations[" + i + "]", errors);
        }
    }

    @Override
    public void validateUpdate(ObjectNode type, ObjectNode old, @Nullable String subresource, Errors errors) {
        if (!Json.string(type, "handler").equals(Json.string(old, "handler"))) {
            errors.invalid("handler", Json.string(type, "handler"), WorkloadValidation.IMMUTABLE);
        }
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
