package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Deployments.
final class DeploymentRules implements KindRules {
    private static final Layout LAYOUT = Layout.named()
            .cell("Ready", "How many pods are ready of how many are wanted.", d ->
                    Json.number(d, 0, "status", "readyReplicas") + "/" + Json.number(d, 0, "spec", "replicas"))
            .count("Up-to-date", "How many pods are of the present template.", "status", "updatedReplicas")
            .count("Available", "How many pods have been ready for long enough.", "status", "availableReplicas")
            .age()
            .containers("spec", "template", "spec")
            .selector("spec", "selector");

    @Override
    public void defaults(ObjectNode deployment) {
        ObjectNode spec = Json.child(deployment, "spec");
        Json.setDefault(spec, "replicas", 1);
        Json.setDefault(spec, "revisionHistoryLimit", 10);
        Json.setDefault(spec, "progressDeadlineSeconds", 600);
        ObjectNode strategy = Json.child(spec, "strategy");
        Json.setDefault(strategy, "type", "RollingUpdate");
        if (Json.string(strategy, "type").equals("RollingUpdate")) {
            ObjectNode rolling = Json.child(strategy, "rollingUpdate");
            Json.setDefault(rolling, "maxUnavailable", "25%");
            Json.setDefault(rolling, "maxSurge", "25%");
        }
        PodSpecDefaults.apply(Json.child(Json.child(spec, "template"), "spec"));
    }

    @Override
    public boolean countsGeneration() {
        return true;
    }

    @Override
    public void validate(ObjectNode deployment, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(deployment);
        WorkloadValidation.notNegative(spec, "spec", "replicas", errors);
        WorkloadValidation.ownSelector(spec, "deployment", errors);
        WorkloadValidation.template(spec.path("template"), "spec.template", errors);
        WorkloadValidation.alwaysRestarted(spec.path("template"), "spec.template", "ReplicaSet", errors);
        strategy(spec.path("strategy"), errors);
        WorkloadValidation.notNegative(spec, "spec", "minReadySeconds", errors);
        WorkloadValidation.notNegative(spec, "spec", "revisionHistoryLimit", errors);
        long deadline = Json.number(spec, Long.MAX_VALUE, "progressDeadlineSeconds");
        WorkloadValidation.notNegative(spec, "spec", "progressDeadlineSeconds", errors);
        if (deadline <= Json.number(spec, 0, "minReadySeconds")) {
            errors.invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds");
        }
    }

    private static void strategy(JsonNode strategy, Errors errors) {
        String type = Json.string(strategy, "type");
        JsonNode rolling = strategy.path("rollingUpdate");
        switch (type) {
            case "Recreate" -> {
                if (rolling.isObject()) {
                    errors.forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'");
                }
            }
            case "RollingUpdate" -> {
                String at = "spec.strategy.rollingUpdate";
                WorkloadValidation.intOrPercent(rolling.path("maxUnavailable"), at + ".maxUnavailable", true, errors);
                WorkloadValidation.intOrPercent(rolling.path("maxSurge"), at + ".maxSurge", false, errors);
                if (WorkloadValidation.isZero(rolling.path("maxUnavailable")) && WorkloadValidation.isZero(rolling.path("maxSurge"))) {
                    errors.invalid(at + ".maxUnavailable", rolling.path("maxUnavailable"), "may not be 0 when `maxSurge` is 0");
                }
            }
            default -> errors.add(FieldError.notSupported("spec.strategy", strategy, List.of("Recreate", "RollingUpdate")));
        }
    }

    @Override
    public void validateUpdate(ObjectNode deployment, ObjectNode old, @Nullable String subresource, Errors errors) {
        if (subresource == null) {
            WorkloadValidation.immutable(WorkloadValidation.spec(deployment), WorkloadValidation.spec(old), "spec", "selector", errors);
        }
    }

    @Override
    public void validateStatus(ObjectNode deployment, ObjectNode old, Errors errors) {
        StatusValidation.counts(
                deployment, errors,
                List.of("observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas", "collisionCount"));
        StatusValidation.parts(deployment, errors, List.of("updatedReplicas", "readyReplicas", "availableReplicas"));
        StatusValidation.available(deployment, errors, "readyReplicas");
        StatusValidation.collisions(deployment, old, errors);
    }

    @Override
    public Scaling scaling() {
        return Scaling.REPLICAS;
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
