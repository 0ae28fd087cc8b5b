package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// StatefulSets.
final class StatefulSetRules implements KindRules {
    private static final Set<String> CHANGEABLE = Set.of(
            "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy",
            "minReadySeconds");
    private static final Layout LAYOUT = Layout.named()
            .cell("Ready", "How many pods are ready of how many are wanted.", s ->
                    Json.number(s, 0, "status", "readyReplicas") + "/" + Json.number(s, 0, "spec", "replicas"))
            .age()
            .containers("spec", "template", "spec");

    @Override
    public void defaults(ObjectNode set) {
        ObjectNode spec = Json.child(set, "spec");
        Json.setDefault(spec, "podManagementPolicy", "OrderedReady");
        ObjectNode strategy = Json.child(spec, "updateStrategy");
        Json.setDefault(strategy, "type", "RollingUpdate");
        if (Json.string(strategy, "type").equals("RollingUpdate")) {
            Json.setDefault(Json.child(strategy, "rollingUpdate"), "partition", 0);
        }
        Json.setDefault(spec, "replicas", 1);
        Json.setDefault(spec, "revisionHistoryLimit", 10);
        ObjectNode retention = Json.child(spec, "persistentVolumeClaimRetentionPolicy");
        Json.setDefault(retention, "whenDeleted", "Retain");
        Json.setDefault(retention, "whenScaled", "Retain");
        for (ObjectNode claim : Json.objects(spec, "volumeClaimTemplates")) {
            Json.setDefault(claim, "apiVersion", "v1");
            Json.setDefault(claim, "kind", "PersistentVolumeClaim");
            PersistentVolumeClaimRules.applyDefaults(claim);
        }
        PodSpecDefaults.apply(Json.child(Json.child(spec, "template"), "spec"));
    }

    /// Its pods are called after it. One made under another name before cannot make any, and may go.
    @Override
    public void validateNew(ObjectNode set, Errors errors) {
        String name = Json.string(set, "metadata", "name");
        if (Names.subdomain(name).isEmpty()) {
            errors.invalid("metadata.name", name, Names.label(name));
        }
    }

    @Override
    public boolean countsGeneration() {
        return true;
    }

    @Override
    public void validate(ObjectNode set, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(set);
        String management = Json.string(spec, "podManagementPolicy");
        if (!List.of("OrderedReady", "Parallel").contains(management)) {
            errors.invalid("spec.podManagementPolicy", management, "must be 'OrderedReady' or 'Parallel'");
        }
        JsonNode strategy = spec.path("updateStrategy");
        switch (Json.string(strategy, "type")) {
            case "OnDelete" -> {
                if (strategy.path("rollingUpdate").isObject()) {
                    errors.invalid(
                            "spec.updateStrategy.rollingUpdate",
                            strategy.path("rollingUpdate"),
                            "only allowed for updateStrategy 'RollingUpdate'");
                }
            }
            case "RollingUpdate" -> {
                JsonNode rolling = strategy.path("rollingUpdate");
                if (Json.number(rolling, 0, "partition") < 0) {
                    errors.invalid(
                            "spec.updateStrategy.rollingUpdate.partition",
                            Json.number(rolling, 0, "partition"),
                            "must be greater than or equal to 0");
                }
                WorkloadValidation.intOrPercent(
                        rolling.path("maxUnavailable"), "spec.updateStrategy.rollingUpdate.maxUnavailable", true, errors);
                if (rolling.has("maxUnavailable") && WorkloadValidation.isZero(rolling.path("maxUnavailable"))) {
                    errors.invalid(
                            "spec.updateStrategy.rollingUpdate.maxUnavailable", rolling.path("maxUnavailable"), "cannot be 0");
                }
            }
            default -> errors.invalid("spec.updateStrategy", strategy, "must be 'RollingUpdate' or 'OnDelete'");
        }
        JsonNode retention = spec.path("persistentVolumeClaimRetentionPolicy");
        for (String when : List.of("whenDeleted", "whenScaled")) {
            errors.oneOf(
                    "spec.persistentVolumeClaimRetentionPolicy." + when, Json.string(retention, when), List.of("Delete", "Retain"));
        }
        WorkloadValidation.notNegative(spec, "spec", "replicas", errors);
        WorkloadValidation.notNegative(spec, "spec", "minReadySeconds", errors);
        if (Json.number(spec, 0, "ordinals", "start") < 0) {
            errors.invalid("spec.ordinals.start", Json.number(spec, 0, "ordinals", "start"), "must be greater than or equal to 0");
        }
        WorkloadValidation.ownSelector(spec, "statefulset", errors);
        WorkloadValidation.template(withClaims(spec), "spec.template", errors);
        WorkloadValidation.alwaysRestarted(spec.path("template"), "spec.template", "StatefulSet", errors);
    }

    /// The template as its pods will be: each claim template is a volume of its name.
    private static JsonNode withClaims(ObjectNode spec) {
        JsonNode template = spec.path("template").deepCopy();
        if (template.get("spec") instanceof ObjectNode pod) {
            var volumes = Json.array();
            Set<String> claimed = new TreeSet<>();
            for (ObjectNode claim : Json.objects(spec, "volumeClaimTemplates")) {
                String name = Json.string(claim, "metadata", "name");
                if (claimed.add(name)) {
                    ObjectNode volume = volumes.addObject();
                    volume.put("name", name);
                    volume.putObject("persistentVolumeClaim").put("claimName", name);
                }
            }
            Json.objects(pod, "volumes").stream()
                    .filter(volume -> !claimed.contains(Json.string(volume, "name")))
                    .forEach(volumes::add);
            pod.set("volumes", volumes);
        }
        return template;
    }

    @Override
    public void validateUpdate(ObjectNode set, ObjectNode old, @Nullable String subresource, Errors errors) {
        if (subresource != null) {
            return;
        }
        ObjectNode spec = WorkloadValidation.spec(set).deepCopy();
        ObjectNode before = WorkloadValidation.spec(old).deepCopy();
        spec.remove(CHANGEABLE);
        before.remove(CHANGEABLE);
        if (!spec.equals(before)) {
            errors.forbidden(
                    "spec",
                    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
                            + "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden");
        }
    }

    @Override
    public void validateStatus(ObjectNode set, ObjectNode old, Errors errors) {
        StatusValidation.counts(
                set, errors,
                List.of("replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas", "observedGeneration", "collisionCount"));
        StatusValidation.parts(set, errors, List.of("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"));
        StatusValidation.available(set, errors, "status.readyReplicas");
        StatusValidation.collisions(set, old, errors);
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
