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
    public void validate(ObjectNode claim, Errors errors) {
        validateSpec(WorkloadValidation.spec(claim), "spec", errors);
    }

    static void validateSpec(ObjectNode spec, String path, Errors errors) {
        if (spec.path("selector").isObject()) {
            WorkloadValidation.selector(spec.path("selector"), path + ".selector", errors);
        }
        accessModes(spec, path, errors);
        JsonNode wanted = spec.path("resources").path("requests").path("storage");
        if (!wanted.isString()) {
            errors.required(path + ".resources[storage]", "");
        } else if (Quantity.parse(wanted.stringValue()).signum() <= 0) {
            errors.invalid(path + ".resources.requests[storage]", wanted.stringValue(), "must be greater than zero");
        }
        String type = Json.string(spec, "storageClassName");
        if (!type.isEmpty()) {
            errors.invalid(path + ".storageClassName", type, Names.subdomain(type));
        }
        String mode = Json.string(spec, "volumeMode");
        if (!mode.isEmpty()) {
            errors.oneOf(path + ".volumeMode", mode, List.of("Block", "Filesystem"));
        }
    }

    static void accessModes(ObjectNode spec, String path, Errors errors) {
        JsonNode modes = spec.path("accessModes");
        if (modes.isEmpty()) {
            errors.required(path + ".accessModes", "at least 1 access mode is required");
        }
        boolean exclusive = false;
        for (JsonNode mode : modes) {
            errors.oneOf(path + ".accessModes", mode.asString(""), ACCESS_MODES);
            exclusive |= mode.asString("").equals("ReadWriteOncePod");
        }
        if (exclusive && modes.size() > 1) {
            errors.forbidden(path + ".accessModes", "may not use ReadWriteOncePod with other access modes");
        }
    }

    @Override
    public void validateUpdate(ObjectNode claim, ObjectNode old, @Nullable String subresource, Errors errors) {
        if (subresource != null) {
            return;
        }
        ObjectNode spec = WorkloadValidation.spec(claim).deepCopy();
        ObjectNode before = WorkloadValidation.spec(old).deepCopy();
        boolean bound = !Json.string(before, "volumeName").isEmpty();
        if (!bound) {
            // The binder names the volume; nobody else does.
            spec.remove("volumeName");
        }
        boolean late = Json.string(before, "storageClassName").isEmpty();
        for (String free : List.of("volumeAttributesClassName")) {
            spec.remove(free);
            before.remove(free);
        }
        if (late) {
            spec.remove("storageClassName");
            before.remove("storageClassName");
        }
        JsonNode now = spec.path("resources").path("requests").path("storage");
        JsonNode then = before.path("resources").path("requests").path("storage");
        if (bound && now.isString() && then.isString()) {
            if (Quantity.parse(now.stringValue()).compareTo(Quantity.parse(then.stringValue())) < 0) {
                errors.forbidden("spec.resources.requests.storage", "field can not be less than status.capacity");
            }
            ((ObjectNode) spec.path("resources").path("requests")).set("storage", then);
        }
        if (!spec.equals(before)) {
            errors.forbidden(
                    "spec",
                    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims");
        }
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
        String old = Json.string(object.path("metadata").path("annotations"), "volume.beta.kubernetes.io/storage-class");
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
