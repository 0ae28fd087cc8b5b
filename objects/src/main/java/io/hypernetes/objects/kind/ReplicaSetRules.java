package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// ReplicaSets.
final class ReplicaSetRules implements KindRules {
    /// Of ReplicaSets and ReplicationControllers alike.
    static final Layout LAYOUT = Layout.named()
            .integer("Desired", "How many pods are wanted.", "spec", "replicas")
            .integer("Current", "How many pods there are.", "status", "replicas")
            .integer("Ready", "How many pods are ready.", "status", "readyReplicas")
            .age()
            .containers("spec", "template", "spec")
            .selector("spec", "selector");

    @Override
    public void defaults(ObjectNode set) {
        ObjectNode spec = Json.child(set, "spec");
        Json.setDefault(spec, "replicas", 1);
        PodSpecDefaults.apply(Json.child(Json.child(spec, "template"), "spec"));
    }

    @Override
    public boolean countsGeneration() {
        return true;
    }

    @Override
    public void validate(ObjectNode set, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(set);
        WorkloadValidation.notNegative(spec, "spec", "replicas", errors);
        WorkloadValidation.notNegative(spec, "spec", "minReadySeconds", errors);
        WorkloadValidation.ownSelector(spec, "deployment", errors);
        WorkloadValidation.template(spec.path("template"), "spec.template", errors);
        WorkloadValidation.alwaysRestarted(spec.path("template"), "spec.template", "ReplicaSet", errors);
    }

    @Override
    public void validateUpdate(ObjectNode set, ObjectNode old, @Nullable String subresource, Errors errors) {
        if (subresource == null) {
            WorkloadValidation.immutable(WorkloadValidation.spec(set), WorkloadValidation.spec(old), "spec", "selector", errors);
        }
    }

    @Override
    public Map<String, String> selectableFields(ObjectNode set) {
        return Map.of("status.replicas", Long.toString(Json.number(set, 0, "status", "replicas")));
    }

    @Override
    public void validateStatus(ObjectNode set, ObjectNode old, Errors errors) {
        StatusValidation.replicas(set, errors);
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
