package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.objects.Quantity;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// PersistentVolumeClaims.
final class PersistentVolumeClaimRules implements KindRules {
    static final List<String> ACCESS_MODES = List.of("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod");
    private static final String CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class";
    private static final List<String> RESIZES = List.of(
            "ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending");
    private static final Layout LAYOUT = Layout.named()
            .cell("Status", "How it stands.", c -> Json.string(c, "metadata", "deletionTimestamp").isEmpty()
                    ? Json.string(c, "status", "phase")
                    : "Terminating")
            .text("Volume", "The volume that it has.", "spec", "volumeName")
            .cell("Capacity", "How large the volume is.", c -> bound(c) ? Json.string(c, "status", "capacity", "storage") : "")
            .cell("Access Modes", "How the volume may be used.", c ->
                    bound(c) ? modes(Json.at(c, "status", "accessModes")) : "")
            .cell("StorageClass", "The class that it asks for.", PersistentVolumeClaimRules::storageClass)
            .cell("VolumeAttributesClass", "The class of attributes that it asks for.", c -> {
                String name = Json.string(c, "spec", "volumeAttributesClassName");
                return name.isEmpty() ? "<unset>" : name;
            })
            .age()
            .wide("VolumeMode", "Whether it is a file system or a bare device.", c -> {
                String mode = Json.string(c, "spec", "volumeMode");
                return mode.isEmpty() ? "<unset>" : mode;
            });

    @Override
    public void defaults(ObjectNode claim) {
        applyDefaults(claim);
    }

    /// Of claims, and of the templates of claims.
    static void applyDefaults(ObjectNode claim) {
        Json.setDefault(Json.child(claim, "spec"), "volumeMode", "Filesystem");
        Json.setDefault(Json.child(claim, "status"), "phase", "Pending");
    }

    @Override
    public void prepareCreate(ObjectNode claim) {
        Json.child(claim, "status").put("phase", "Pending");
        dropOddSource(claim);
        // The older name of a source and the newer one say the same.
        ObjectNode spec = Json.child(claim, "spec");
        if (spec.path("dataSource").isObject() && !spec.path("dataSourceRef").isObject()) {
            spec.set("dataSourceRef", spec.path("dataSource").deepCopy());
        } else if (spec.path("dataSourceRef").isObject() && !spec.path("dataSource").isObject()
                && Json.string(spec, "dataSourceRef", "namespace").isEmpty()) {
            spec.set("dataSource", spec.path("dataSourceRef").deepCopy());
        }
    }

    @Override
    public void prepareUpdate(ObjectNode claim, ObjectNode old, @Nullable String subresource) {
        JsonNode before = old.path("spec");
        if (subresource == null && !before.path("dataSource").isObject() && !before.path("dataSourceRef").isObject()) {
            dropOddSource(claim);
        }
    }

    /// The older name took but claims and snapshots, and what else it says is let go unsaid: EnforceDataSourceBackwardsCompatibility of upstream's
    /// `pkg/api/persistentvolumeclaim/util.go`.
    private static void dropOddSource(ObjectNode claim) {
        ObjectNode spec = Json.child(claim, "spec");
        String group = Json.string(spec, "dataSource", "apiGroup");
        String expected = group.isEmpty() ? "PersistentVolumeClaim" : group.equals("snapshot.storage.k8s.io") ? "VolumeSnapshot" : "";
        if (spec.path("dataSource").isObject() && !spec.path("dataSourceRef").isObject()
                && !Json.string(spec, "dataSource", "kind").equals(expected)) {
            spec.remove("dataSource");
        }
    }

    @Override
    public void validate(ObjectNode claim, Errors errors) {
        validateSpec(WorkloadValidation.spec(claim), "spec", errors);
    }

    /// In the order of ValidatePersistentVolumeClaimSpec of upstream's `pkg/apis/core/validation/validation.go`.
    static void validateSpec(ObjectNode spec, String path, Errors errors) {
        if (spec.path("accessModes").isEmpty()) {
            errors.required(path + ".accessModes", "at least 1 access mode is required");
        }
        if (spec.path("selector").isObject()) {
            WorkloadValidation.selector(spec.path("selector"), path + ".selector", errors);
        }
        modes(spec, path, errors);
        JsonNode wanted = spec.path("resources").path("requests").path("storage");
        if (!wanted.isString()) {
            errors.required(path + ".resources[storage]", "");
        } else if (Quantity.parse(wanted.stringValue()).signum() <= 0) {
            errors.invalid(path + ".resources[storage]", wanted.stringValue(), "must be greater than zero");
        }
        String type = Json.string(spec, "storageClassName");
        if (!type.isEmpty()) {
            errors.invalid(path + ".storageClassName", type, Names.subdomain(type));
        }
        errors.oneOfOrNothing(path + ".volumeMode", Json.string(spec, "volumeMode"), List.of("Block", "Filesystem"));
        sources(spec, path, errors);
        String attributes = Json.string(spec, "volumeAttributesClassName");
        if (!attributes.isEmpty()) {
            errors.invalid(path + ".volumeAttributesClassName", attributes, Names.subdomain(attributes));
        }
    }

    private static void sources(ObjectNode spec, String path, Errors errors) {
        JsonNode older = spec.path("dataSource");
        JsonNode newer = spec.path("dataSourceRef");
        source(older, path + ".dataSource", errors);
        source(newer, path + ".dataSourceRef", errors);
        String namespace = Json.string(newer, "namespace");
        if (!namespace.isEmpty()) {
            errors.invalid(path + ".dataSourceRef.namespace", namespace, Names.label(namespace));
        }
        if (!older.isObject() || !newer.isObject()) {
            return;
        }
        // Upstream shows a path in place of a value, which has nothing to show.
        if (!namespace.isEmpty()) {
            errors.invalid(path, Json.object(), "may not be specified when dataSourceRef.namespace is specified");
        } else if (!List.of("apiGroup", "kind", "name").stream().allMatch(field -> older.path(field).equals(newer.path(field)))) {
            errors.invalid(path, Json.object(), "must match dataSourceRef");
        }
    }

    private static void source(JsonNode source, String at, Errors errors) {
        if (!source.isObject()) {
            return;
        }
        for (String field : List.of("name", "kind")) {
            if (Json.string(source, field).isEmpty()) {
                errors.required(at + "." + field, "");
            }
        }
        String group = Json.string(source, "apiGroup");
        String kind = Json.string(source, "kind");
        if (!group.isEmpty()) {
            errors.invalid(at + ".apiGroup", group, Names.subdomain(group));
        } else if (!kind.equals("PersistentVolumeClaim")) {
            errors.invalid(at, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
        }
    }

    /// @param detail what is said when there are none
    static void accessModes(JsonNode spec, String path, String detail, Errors errors) {
        if (spec.path("accessModes").isEmpty()) {
            errors.required(path + ".accessModes", detail);
        }
        modes(spec, path, errors);
    }

    private static void modes(JsonNode spec, String path, Errors errors) {
        boolean exclusive = false;
        boolean shared = false;
        for (JsonNode mode : spec.path("accessModes")) {
            errors.oneOf(path + ".accessModes", mode.asString(""), ACCESS_MODES);
            boolean one = mode.asString("").equals("ReadWriteOncePod");
            exclusive |= one;
            shared |= !one && ACCESS_MODES.contains(mode.asString(""));
        }
        if (exclusive && shared) {
            errors.forbidden(path + ".accessModes", "may not use ReadWriteOncePod with other access modes");
        }
    }

    /// ValidatePersistentVolumeClaimUpdate there. A class of attributes may go back to none since its pull request 132106.
    @Override
    public void validateUpdate(ObjectNode claim, ObjectNode old, @Nullable String subresource, Errors errors) {
        if (subresource != null) {
            return;
        }
        ObjectNode spec = WorkloadValidation.spec(claim).deepCopy();
        ObjectNode before = WorkloadValidation.spec(old).deepCopy();
        if (Json.string(before, "volumeName").isEmpty()) {
            // The binder names the volume; nobody else does.
            spec.remove("volumeName");
            before.remove("volumeName");
        }
        storageClass(claim, old, spec, errors);
        JsonNode now = spec.path("resources").path("requests").path("storage");
        JsonNode then = before.path("resources").path("requests").path("storage");
        if (Json.string(claim, "status", "phase").equals("Bound")) {
            if (spec.path("resources").path("requests") instanceof ObjectNode requests && then.isString()) {
                requests.set("storage", then);
            }
            spec.remove("volumeAttributesClassName");
            before.remove("volumeAttributesClassName");
        }
        if (!spec.equals(before)) {
            errors.forbidden(
                    "spec",
                    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims");
        }
        JsonNode given = old.path("status").path("capacity").path("storage");
        if (amount(now).compareTo(amount(then)) < 0) {
            // Upstream lets a claim recover down to what its volume has, and counts for quotas what was allotted meanwhile. Here a volume takes a new
            // size at once and keeps it: who could ask for less again would have the disk and not its charge.
            boolean below = amount(now).compareTo(amount(given)) <= 0;
            errors.forbidden(
                    "spec.resources.requests.storage", below ? "field can not be less than status.capacity" : "field can not be less than previous value");
        }
        if (!spec.path("volumeMode").equals(before.path("volumeMode"))) {
            errors.invalid("volumeMode", spec.path("volumeMode"), WorkloadValidation.IMMUTABLE);
        }
    }

    /// A class may be given to a claim that has none, and take the place of the annotation that was its older form.
    private static void storageClass(ObjectNode claim, ObjectNode old, ObjectNode spec, Errors errors) {
        JsonNode annotation = Json.at(claim, "metadata", "annotations", CLASS_ANNOTATION);
        JsonNode annotated = Json.at(old, "metadata", "annotations", CLASS_ANNOTATION);
        JsonNode name = spec.path("storageClassName");
        boolean late = !Json.present(old.path("spec").get("storageClassName")) && Json.present(name)
                && (!annotated.isString() || annotated.equals(name));
        boolean replaced = late && annotated.isString() && (!annotation.isString() || annotation.equals(annotated));
        if (!replaced && !annotation.asString("").equals(annotated.asString(""))) {
            errors.invalid("metadata.annotations." + CLASS_ANNOTATION, annotation.asString(""), WorkloadValidation.IMMUTABLE);
        }
        if (late) {
            spec.remove("storageClassName");
        }
    }

    private static Quantity amount(JsonNode amount) {
        return amount.isString() ? Quantity.parse(amount.stringValue()) : Quantity.ZERO;
    }

    @Override
    public void validateStatus(ObjectNode claim, ObjectNode old, Errors errors) {
        JsonNode status = claim.path("status");
        for (Map.Entry<String, JsonNode> amount : status.path("capacity").properties()) {
            if (Quantity.parse(amount.getValue().asString("0")).signum() < 0) {
                errors.invalid("status.capacity[" + amount.getKey() + "]", amount.getValue().asString(""), "must be a valid resource quantity");
            }
        }
        for (Map.Entry<String, JsonNode> resize : status.path("allocatedResourceStatuses").properties()) {
            String at = "status.allocatedResourceStatus";
            resource(resize.getKey(), at, errors);
            if (!RESIZES.contains(resize.getValue().asString(""))) {
                errors.add(FieldError.notSupported(at, resize.getKey(), RESIZES));
            }
        }
        for (Map.Entry<String, JsonNode> amount : status.path("allocatedResources").properties()) {
            if (resource(amount.getKey(), "status.allocatedResources", errors)
                    && Quantity.parse(amount.getValue().asString("0")).signum() < 0) {
                errors.invalid("status.allocatedResources[" + amount.getKey() + "]", amount.getValue().asString(""), "must be a valid resource quantity");
            }
        }
    }

    /// Of Kubernetes' own resources a claim has storage alone.
    private static boolean resource(String name, String at, Errors errors) {
        List<String> wrong = Names.qualified(name);
        errors.invalid(at, name, wrong);
        boolean foreign = name.contains("/") && !name.contains("kubernetes.io/");
        if (wrong.isEmpty() && !foreign) {
            errors.oneOf(at, name, List.of("storage"));
        }
        return wrong.isEmpty() && (foreign || name.equals("storage"));
    }

    static String modes(JsonNode modes) {
        StringBuilder text = new StringBuilder();
        for (String[] mode : new String[][] {
            {"ReadWriteOnce", "RWO"}, {"ReadOnlyMany", "ROX"}, {"ReadWriteMany", "RWX"}, {"ReadWriteOncePod", "RWOP"}
        }) {
            for (JsonNode each : modes) {
                if (each.asString("").equals(mode[0])) {
                    text.append(text.isEmpty() ? "" : ",").append(mode[1]);
                    break;
                }
            }
        }
        return text.toString();
    }

    static String storageClass(ObjectNode object) {
        String old = Json.string(object.path("metadata").path("annotations"), CLASS_ANNOTATION);
        return old.isEmpty() ? Json.string(object, "spec", "storageClassName") : old;
    }

    private static boolean bound(ObjectNode claim) {
        return !Json.string(claim, "spec", "volumeName").isEmpty();
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
