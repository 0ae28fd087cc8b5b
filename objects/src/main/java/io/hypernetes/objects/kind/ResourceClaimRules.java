package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// ResourceClaims and the templates of them.
final class ResourceClaimRules implements KindRules {
    private static final Layout LAYOUT = Layout.named().cell("State", "How it stands.", ResourceClaimRules::state).age();

    private final boolean template;

    ResourceClaimRules(boolean template) {
        this.template = template;
    }

    @Override
    public void defaults(ObjectNode claim) {
        ObjectNode spec = Json.child(claim, "spec");
        ObjectNode own = template ? Json.child(spec, "spec") : spec;
        for (ObjectNode request : Json.objects(own.path("devices"), "requests")) {
            if (request.get("exactly") instanceof ObjectNode exactly) {
                amount(exactly);
            }
            Json.objects(request, "firstAvailable").forEach(ResourceClaimRules::amount);
        }
        if (!template) {
            Json.objects(claim.path("status").path("allocation").path("devices"), "results").forEach(ResourceClaimRules::tolerations);
        }
    }

    private static void tolerations(ObjectNode holder) {
        Json.objects(holder, "tolerations").forEach(toleration -> Json.setDefault(toleration, "operator", "Equal"));
    }

    private static void amount(ObjectNode request) {
        Json.setDefault(request, "allocationMode", "ExactCount");
        if (Json.string(request, "allocationMode").equals("ExactCount")) {
            // None is what Go has when nothing is said: upstream's `pkg/apis/resource/v1/defaults.go`.
            if (Json.number(request, 0, "count") == 0) {
                request.put("count", 1);
            }
        }
        tolerations(request);
    }

    @Override
    public void validate(ObjectNode claim, Errors errors) {
        JsonNode spec = claim.path("spec");
        String at = template ? "spec.spec" : "spec";
        if (template) {
            MetadataValidation.template(spec.path("metadata"), "spec.metadata", errors);
        }
        DeviceClaimValidation.validate((template ? spec.path("spec") : spec).path("devices"), at + ".devices", errors);
    }

    @Override
    public void validateUpdate(ObjectNode claim, ObjectNode old, @Nullable String subresource, Errors errors) {
        if (subresource == null && !claim.path("spec").equals(old.path("spec"))) {
            errors.invalid("spec", claim.path("spec"), WorkloadValidation.IMMUTABLE);
        }
    }

    @Override
    public void validateStatus(ObjectNode claim, ObjectNode old, Errors errors) {
        errors.addNew(now -> new ClaimStatusValidation(claim, now).run(old), before -> new ClaimStatusValidation(old, before).run(old));
    }

    private static String state(ObjectNode claim) {
        List<String> states = new ArrayList<>();
        if (!Json.string(claim, "metadata", "deletionTimestamp").isEmpty()) {
            states.add("deleted");
        }
        boolean allocated = claim.path("status").path("allocation").isObject();
        if (allocated) {
            states.add("allocated");
        }
        states.add(claim.path("status").path("reservedFor").isEmpty() ? "" : "reserved");
        states.remove("");
        return allocated ? String.join(",", states) : "pending";
    }

    @Override
    public Layout layout() {
        return template ? Layout.PLAIN : LAYOUT;
    }
}
