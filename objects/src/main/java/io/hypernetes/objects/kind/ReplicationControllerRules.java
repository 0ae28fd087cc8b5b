package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.selector.LabelSelector;
import java.util.HashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// ReplicationControllers.
final class ReplicationControllerRules implements KindRules {
    @Override
    public void defaults(ObjectNode controller) {
        ObjectNode spec = Json.child(controller, "spec");
        Json.setDefault(spec, "replicas", 1);
        JsonNode labels = spec.path("template").path("metadata").path("labels");
        if (!labels.isEmpty()) {
            // The template's labels speak for a selector, and for labels of its own, that were left out.
            if (spec.path("selector").isEmpty()) {
                spec.set("selector", labels.deepCopy());
            }
            if (controller.path("metadata").path("labels").isEmpty()) {
                Json.child(controller, "metadata").set("labels", labels.deepCopy());
            }
        }
        if (spec.get("template") instanceof ObjectNode template) {
            PodSpecDefaults.apply(Json.child(template, "spec"));
        }
    }

    @Override
    public boolean countsGeneration() {
        return true;
    }

    @Override
    public void validate(ObjectNode controller, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(controller);
        WorkloadValidation.notNegative(spec, "spec", "minReadySeconds", errors);
        Map<String, String> selector = new HashMap<>();
        spec.path("selector").properties().forEach(label -> selector.put(label.getKey(), label.getValue().asString("")));
        if (selector.isEmpty()) {
            errors.required("spec.selector", "");
        }
        WorkloadValidation.notNegative(spec, "spec", "replicas", errors);
        if (!spec.path("template").isObject()) {
            errors.required("spec.template", "");
            return;
        }
        if (!selector.isEmpty() && !LabelSelector.ofLabels(selector).matchesObject(spec.path("template"))) {
            errors.invalid(
                    "spec.template.metadata.labels",
                    spec.path("template").path("metadata").path("labels"),
                    "`selector` does not match template `labels`");
        }
        WorkloadValidation.template(spec.path("template"), "spec.template", errors);
        WorkloadValidation.alwaysRestarted(spec.path("template"), "spec.template", "ReplicationController", errors);
    }

    @Override
    public Map<String, String> selectableFields(ObjectNode controller) {
        return Map.of("status.replicas", Long.toString(Json.number(controller, 0, "status", "replicas")));
    }

    @Override
    public void validateStatus(ObjectNode controller, ObjectNode old, Errors errors) {
        StatusValidation.replicas(controller, errors);
    }

    @Override
    public Scaling scaling() {
        return Scaling.REPLICAS;
    }

    @Override
    public Layout layout() {
        return ReplicaSetRules.LAYOUT;
    }
}
