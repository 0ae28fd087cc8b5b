package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Pods.
final class PodRules implements KindRules {
    private static final String APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/";
    private static final String MIRROR_ANNOTATION = "kubernetes.io/config.mirror";

    @Override
    public void defaults(ObjectNode pod) {
        PodSpecDefaults.applyToPod(Json.child(pod, "spec"));
    }

    @Override
    public void prepareCreate(ObjectNode pod) {
        ObjectNode spec = Json.child(pod, "spec");
        PodSpecDefaults.addNodeLossTolerations(spec);
        PodSpecDefaults.addResizePolicies(spec);
        ObjectNode status = Json.child(pod, "status");
        status.put("phase", "Pending");
        status.put("qosClass", PodQos.of(spec));
        if (!spec.path("schedulingGates").isEmpty()) {
            // No scheduler looks at it, so that nobody else could say why it waits.
            status.putArray("conditions").addObject()
                    .put("type", "PodScheduled")
                    .put("status", "False")
                    .putNull("lastProbeTime")
                    .putNull("lastTransitionTime")
                    .put("reason", "SchedulingGated")
                    .put("message", "Scheduling is blocked due to non-empty scheduling gates");
        }
    }

    /// Webhooks see the keys alone, and may still change the labels whose values are merged.
    @Override
    public ObjectNode completed(ObjectNode pod) {
        return MatchLabelKeys.merged(pod);
    }

    @Override
    public void prepareUpdate(ObjectNode pod, ObjectNode old, @Nullable String subresource) {
        if (subresource == null) {
            ObjectNode spec = Json.child(pod, "spec");
            // A client that replaces the pod from its own file does not know what was filled in at creation.
            for (String name : List.of("priority", "preemptionPolicy")) {
                JsonNode before = old.path("spec").get(name);
                if (!Json.present(spec.get(name)) && before != null) {
                    spec.set(name, before);
                }
            }
            PodSpecDefaults.addNodeLossTolerations(spec);
            PodSpecDefaults.keepResizePolicies(spec, old.path("spec"));
        } else if (subresource.equals("ephemeralcontainers")) {
            EphemeralContainers.only(pod, old);
        } else if (subresource.equals("resize")) {
            PodResize.only(pod, old);
        } else if (subresource.equals("status")) {
            String qos = Json.string(old, "status", "qosClass");
            if (!qos.isEmpty()) {
                Json.setDefault(Json.child(pod, "status"), "qosClass", qos);
            }
        }
    }

    @Override
    public boolean countsGeneration() {
        return true;
    }

    @Override
    public void validate(ObjectNode pod, Errors errors) {
        new PodSpecValidation(pod.path("spec"), "spec", Json.string(pod, "metadata", "name"), errors).run();
        // The older way to name a profile of AppArmor.
        pod.path("metadata").path("annotations").properties().forEach(annotation -> {
            if (annotation.getKey().startsWith(APPARMOR_ANNOTATION) && annotation.getValue().asString("").startsWith("localhost/")) {
                errors.forbidden(
                        "metadata.annotations[" + annotation.getKey() + "]",
                        "the kernel of a pod's machine has no AppArmor, so nothing would enforce this profile; remove the annotation");
            }
        });
    }

    @Override
    public void validateNew(ObjectNode pod, Errors errors) {
        if (!pod.path("spec").path("ephemeralContainers").isEmpty()) {
            errors.forbidden("spec.ephemeralContainers", "cannot be set on create");
        }
    }

    @Override
    public void validateUpdate(ObjectNode pod, ObjectNode old, @Nullable String subresource, Errors errors) {
        if (subresource == null || subresource.equals("status")) {
            mirror(pod, old, errors);
        }
        switch (subresource) {
            case null -> PodUpdateValidation.validate(pod, old, errors);
            case "ephemeralcontainers" -> {
                EphemeralContainers.validateUpdate(pod, old, errors);
                validateChanged(pod, old, errors);
            }
            case "resize" -> {
                PodResize.validate(pod, old, errors);
                validateChanged(pod, old, errors);
            }
            default -> {}
        }
    }

    /// ValidatePodSpecificAnnotationUpdates of upstream's `pkg/apis/core/validation/validation.go`.
    private static void mirror(ObjectNode pod, ObjectNode old, Errors errors) {
        JsonNode now = pod.path("metadata").path("annotations").path(MIRROR_ANNOTATION);
        JsonNode before = old.path("metadata").path("annotations").path(MIRROR_ANNOTATION);
        if (!now.equals(before)) {
            errors.forbidden(
                    "metadata.annotations[" + MIRROR_ANNOTATION + "]",
                    before.isMissingNode() ? "may not add mirror pod annotation" : "may not remove or update mirror pod annotation");
        }
    }

    /// What was wrong in a pod that runs, by rules that came later, is no reason to refuse a look into it.
    private void validateChanged(ObjectNode pod, ObjectNode old, Errors errors) {
        errors.addNew(now -> validate(pod, now), before -> validate(old, before));
    }

    @Override
    public void validateStatus(ObjectNode pod, ObjectNode old, Errors errors) {
        PodStatusValidation.validate(pod, old, errors);
    }

    @Override
    public Map<String, String> selectableFields(ObjectNode pod) {
        JsonNode spec = pod.path("spec");
        JsonNode status = pod.path("status");
        String address = Json.string(status.path("podIPs").path(0), "ip");
        Map<String, String> fields = new LinkedHashMap<>();
        fields.put("spec.nodeName", Json.string(spec, "nodeName"));
        fields.put("spec.restartPolicy", Json.string(spec, "restartPolicy"));
        fields.put("spec.schedulerName", Json.string(spec, "schedulerName"));
        fields.put("spec.serviceAccountName", Json.string(spec, "serviceAccountName"));
        fields.put("spec.hostNetwork", Boolean.toString(Json.flag(spec, "hostNetwork")));
        fields.put("status.phase", Json.string(status, "phase"));
        fields.put("status.podIP", address.isEmpty() ? Json.string(status, "podIP") : address);
        fields.put("status.nominatedNodeName", Json.string(status, "nominatedNodeName"));
        return fields;
    }

    @Override
    public Map<String, Set<String>> unselectable() {
        return Unselectable.POD;
    }

    @Override
    public Map<String, String> fieldAliases() {
        return Map.of("spec.host", "spec.nodeName", "status.podIPs", "status.podIP");
    }

    @Override
    public List<Column> columns() {
        return PodCells.COLUMNS;
    }

    @Override
    public List<JsonNode> cells(ObjectNode pod, Instant now) {
        return new PodCells(pod, now).cells();
    }

    @Override
    public List<ObjectNode> rowConditions(ObjectNode pod) {
        return PodCells.conditions(Json.string(pod, "status", "phase"));
    }
}
