package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// PriorityClasses.
final class PriorityClassRules implements KindRules {
    private static final long HIGHEST = 1_000_000_000;
    private static final Layout LAYOUT = Layout.named()
            .integer("Value", "The priority of its pods.", "value")
            .flag("Global-Default", "Whether pods without a class are of this one.", "globalDefault")
            .age()
            .text("PreemptionPolicy", "Whether its pods drive out others.", "preemptionPolicy");

    @Override
    public void defaults(ObjectNode type) {
        Json.setDefault(type, "value", 0);
        Json.setDefault(type, "preemptionPolicy", "PreemptLowerPriority");
    }

    @Override
    public boolean countsGeneration() {
        return true;
    }

    @Override
    public void validate(ObjectNode type, Errors errors) {
        String name = Json.string(type, "metadata", "name");
        long value = Json.number(type, 0, "value");
        if (name.startsWith("system-")) {
            long own = name.equals("system-cluster-critical") ? 2_000_000_000 : name.equals("system-node-critical") ? 2_000_001_000 : 0;
            String wrong = own == 0
                    ? name + " is not a known system priority class"
                    : own != value
                    ? "value of " + name + " PriorityClass must be " + own
                    : Json.flag(type, "globalDefault") ? "globalDefault of " + name + " PriorityClass must be false" : "";
            if (!wrong.isEmpty()) {
                errors.forbidden("metadata.name", "priority class names with 'system-' prefix are reserved for system use only. error: " + wrong);
            }
        } else if (value > HIGHEST) {
            errors.forbidden("value", "maximum allowed value of a user defined priority is " + HIGHEST);
        }
        String policy = Json.string(type, "preemptionPolicy");
        if (policy.isEmpty()) {
            errors.required("preemptionPolicy", "");
        } else {
            errors.oneOf("preemptionPolicy", policy, List.of("PreemptLowerPriority", "Never"));
        }
    }

    @Override
    public void validateUpdate(ObjectNode type, ObjectNode old, @Nullable String subresource, Errors errors) {
        if (Json.number(type, 0, "value") != Json.number(old, 0, "value")) {
            errors.forbidden("value", "may not be changed in an update.");
        }
        if (!Json.string(type, "preemptionPolicy").equals(Json.string(old, "preemptionPolicy"))) {
            errors.invalid("preemptionPolicy", Json.string(type, "preemptionPolicy"), WorkloadValidation.IMMUTABLE);
        }
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
