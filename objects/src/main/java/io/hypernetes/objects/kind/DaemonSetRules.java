package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// DaemonSets.
final class DaemonSetRules implements KindRules {
    /// How often the template was changed, and once more; nobody sets it (upstream's pkg/registry/apps/daemonset/strategy.go and
    /// pkg/apis/apps/v1/conversion.go).
    private static final String TEMPLATE_GENERATION = "deprecated.daemonset.template.generation";

    private static final Layout LAYOUT = Layout.named()
            .integer("Desired", "How many nodes should run it.", "status", "desiredNumberScheduled")
            .integer("Current", "How many nodes have at least one pod of it.", "status", "currentNumberScheduled")
            .integer("Ready", "How many nodes have a ready pod of it.", "status", "numberReady")
            .integer("Up-to-date", "How many nodes have a pod of the present template.", "status", "updatedNumberScheduled")
            .integer("Available", "How many nodes have a pod that was ready for long enough.", "status", "numberAvailable")
            .cell("Node Selector", "Which nodes its pods ask for.", d ->
                    Layout.selectorText(Json.at(d, "spec", "template", "spec", "nodeSelector")))
            .age()
            .containers("spec", "template", "spec")
            .selector("spec", "selector");

    @Override
    public void defaults(ObjectNode set) {
        ObjectNode spec = Json.child(set, "spec");
        ObjectNode strategy = Json.child(spec, "updateStrategy");
        Json.setDefault(strategy, "type", "RollingUpdate");
        if (Json.string(strategy, "type").equals("RollingUpdate")) {
            ObjectNode rolling = Json.child(strategy, "rollingUpdate");
            Json.setDefault(rolling, "maxUnavailable", 1);
            Json.setDefault(rolling, "maxSurge", 0);
        }
        Json.setDefault(spec, "revisionHistoryLimit", 10);
        PodSpecDefaults.apply(Json.child(Json.child(spec, "template"), "spec"));
    }

    @Override
    public void prepareCreate(ObjectNode set) {
        ObjectNode annotations = Json.child(Json.child(set, "metadata"), "annotations");
        annotations.put(TEMPLATE_GENERATION, String.valueOf(Math.max(1, templateGeneration(set))));
    }

    @Override
    public void prepareUpdate(ObjectNode set, ObjectNode old, @Nullable String subresource) {
        boolean known = old.path("metadata").path("annotations").has(TEMPLATE_GENERATION);
        if (subresource == null && (known || templateChanged(set, old))) {
            ObjectNode annotations = Json.child(Json.child(set, "metadata"), "annotations");
            annotations.put(TEMPLATE_GENERATION, String.valueOf(Math.max(1, templateGeneration(old)) + (templateChanged(set, old) ? 1 : 0)));
        }
    }

    private static boolean templateChanged(ObjectNode set, ObjectNode old) {
        return !Json.at(set, "spec", "template").equals(Json.at(old, "spec", "template"));
    }

    /// 0 where there is none or no number.
    private static long templateGeneration(ObjectNode set) {
        String text = set.path("metadata").path("annotations").path(TEMPLATE_GENERATION).asString("");
        return text.matches("[0-9]{1,18}") ? Long.parseLong(text) : 0;
    }

    @Override
    public boolean countsGeneration() {
        return true;
    }

    @Override
    public void validate(ObjectNode set, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(set);
        WorkloadValidation.ownSelector(spec, "daemonset", errors);
        WorkloadValidation.template(spec.path("template"), "spec.template", errors);
        WorkloadValidation.alwaysRestarted(spec.path("template"), "spec.template", "DaemonSet", errors);
        WorkloadValidation.notNegative(spec, "spec", "minReadySeconds", errors);
        WorkloadValidation.notNegative(spec, "spec", "revisionHistoryLimit", errors);
        JsonNode strategy = spec.path("updateStrategy");
        String type = Json.string(strategy, "type");
        if (type.equals("RollingUpdate")) {
            JsonNode rolling = strategy.path("rollingUpdate");
            String at = "spec.updateStrategy.rollingUpdate";
            WorkloadValidation.intOrPercent(rolling.path("maxUnavailable"), at + ".maxUnavailable", true, errors);
            WorkloadValidation.intOrPercent(rolling.path("maxSurge"), at + ".maxSurge", true, errors);
            boolean unavailable = !WorkloadValidation.isZero(rolling.path("maxUnavailable"));
            boolean surge = !WorkloadValidation.isZero(rolling.path("maxSurge"));
            if (unavailable && surge) {
                errors.invalid(at + ".maxSurge", rolling.path("maxSurge"), "may not be set when maxUnavailable is non-zero");
            } else if (!unavailable && !surge) {
                errors.required(at + ".maxUnavailable", "cannot be 0 when maxSurge is 0");
            }
        } else if (!type.equals("OnDelete")) {
            errors.add(FieldError.notSupported("spec.updateStrategy", strategy, List.of("OnDelete", "RollingUpdate")));
        }
    }

    @Override
    public void validateUpdate(ObjectNode set, ObjectNode old, @Nullable String subresource, Errors errors) {
        if (subresource == null) {
            WorkloadValidation.immutable(WorkloadValidation.spec(set), WorkloadValidation.spec(old), "spec", "selector", errors);
        }
    }

    @Override
    public void validateStatus(ObjectNode set, ObjectNode old, Errors errors) {
        StatusValidation.counts(
                set, errors,
                List.of("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady", "observedGeneration",
                        "updatedNumberScheduled", "numberAvailable", "numberUnavailable", "collisionCount"));
        StatusValidation.collisions(set, old, errors);
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
