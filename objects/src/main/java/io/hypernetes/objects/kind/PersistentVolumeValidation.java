package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.objects.Quantity;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.NullNode;
import tools.jackson.databind.node.ObjectNode;

/// The rules of a volume, in the order of ValidatePersistentVolumeSpec of upstream's `pkg/apis/core/validation/validation.go`. One use each.
final class PersistentVolumeValidation {
    private static final List<String> POLICIES = List.of("Delete", "Recycle", "Retain");

    private final JsonNode spec;
    private final String path;
    private final boolean inline;
    private final Errors errors;

    /// @param inline whether the volume is written into what attaches it, and is no object of its own
    PersistentVolumeValidation(JsonNode spec, String path, boolean inline, Errors errors) {
        this.spec = spec;
        this.path = path;
        this.inline = inline;
        this.errors = errors;
    }

    /// @param name of the volume
    void run(String name) {
        if (inline) {
            for (String field : List.of("claimRef", "capacity")) {
                boolean said = field.equals("claimRef") ? spec.path(field).isObject() : !spec.path(field).isEmpty();
                alone(said, field, "may not be specified in the context of inline volumes");
            }
            if (!spec.path("csi").isObject()) {
                errors.required(path + ".csi", "has to be specified in the context of inline volumes");
            }
        }
        PersistentVolumeClaimRules.accessModes(spec, path, "", errors);
        if (!inline) {
            capacity(spec.path("capacity"));
        }
        String policy = Json.string(spec, "persistentVolumeReclaimPolicy");
        if (inline) {
            alone(!policy.isEmpty() && !policy.equals("Retain"), "persistentVolumeReclaimPolicy", "may only be Retain in the context of inline volumes");
        } else {
            errors.oneOfOrNothing(path + ".persistentVolumeReclaimPolicy", policy, POLICIES);
        }
        affinity(spec.path("nodeAffinity"));
        sources(name);
        if (policy.equals("Recycle") && isRoot(Json.string(spec, "hostPath", "path"))) {
            errors.forbidden(path + ".persistentVolumeReclaimPolicy", "may not be 'recycle' for a hostPath mount of '/'");
        }
        classes();
    }

    private void alone(boolean said, String field, String why) {
        if (said) {
            errors.forbidden(path + "." + field, why);
        }
    }

    private void capacity(JsonNode capacity) {
        String at = path + ".capacity";
        if (capacity.isEmpty()) {
            errors.required(at, "");
        }
        if (!capacity.has("storage") || capacity.size() > 1) {
            errors.add(FieldError.notSupported(at, capacity.isObject() ? capacity : NullNode.getInstance(), List.of("storage")));
        }
        for (Map.Entry<String, JsonNode> amount : capacity.properties()) {
            Quantity value = Quantity.parse(amount.getValue().asString("0"));
            String each = at + "[" + amount.getKey() + "]";
            if (value.signum() < 0) {
                errors.invalid(each, value.value(), "must be a valid resource quantity");
            }
            if (value.signum() <= 0) {
                errors.invalid(each, amount.getValue().asString(""), "must be greater than zero");
            }
        }
    }

    private void affinity(JsonNode affinity) {
        if (!affinity.isObject()) {
            return;
        }
        if (inline) {
            errors.forbidden(path + ".nodeAffinity", "may not be specified in the context of inline volumes");
        } else if (affinity.path("required").isObject()) {
            new NodeSelectorValidation(errors).selector(affinity.path("required"), path + ".nodeAffinity.required");
        } else {
            errors.required(path + ".nodeAffinity.required", "must specify required node constraints");
        }
    }

    private void sources(String name) {
        boolean found = false;
        for (String kind : VolumeSourceValidation.KINDS) {
            JsonNode source = spec.path(kind);
            if (!source.isObject()) {
                continue;
            }
            if (found && !kind.equals("flexVolume")) {
                errors.forbidden(path + "." + (kind.equals("cephfs") ? "cephFS" : kind), "may not specify more than 1 volume type");
                continue;
            }
            found = true;
            String at = path + "." + (kind.equals("gcePersistentDisk") ? "persistentDisk" : kind);
            new VolumeSourceValidation(source, at, errors).run(kind, name);
            if (kind.equals("local") && (inline || !spec.path("nodeAffinity").isObject())) {
                errors.required(path + ".nodeAffinity", "Local volume requires node affinity");
            }
        }
        if (!found) {
            errors.required(path, "must specify a volume type");
        }
    }

    private void classes() {
        String type = Json.string(spec, "storageClassName");
        String mode = Json.string(spec, "volumeMode");
        if (inline) {
            alone(!type.isEmpty(), "storageClassName", "may not be specified in the context of inline volumes");
            alone(!mode.isEmpty() && !mode.equals("Filesystem"), "volumeMode", "may not specify volumeMode other than Filesystem in the context of inline volumes");
        } else {
            if (!type.isEmpty()) {
                errors.invalid(path + ".storageClassName", type, Names.subdomain(type));
            }
            errors.oneOfOrNothing(path + ".volumeMode", mode, List.of("Block", "Filesystem"));
        }
        if (Json.present(spec.get("volumeAttributesClassName"))) {
            String attributes = Json.string(spec, "volumeAttributesClassName");
            if (attributes.isEmpty()) {
                errors.required(path + ".volumeAttributesClassName", "an empty string is disallowed");
            } else {
                errors.invalid(path + ".volumeAttributesClassName", attributes, Names.subdomain(attributes));
            }
            if (!spec.path("csi").isObject()) {
                errors.required(path + ".csi", "has to be specified when using volumeAttributesClassName");
            }
        }
    }

    /// Whether a path leads to where all begin, whatever it goes through.
    private static boolean isRoot(String path) {
        int depth = 0;
        for (String part : path.split("/")) {
            switch (part) {
                case "", "." -> {}
                case ".." -> depth = Math.max(0, depth - 1);
                default -> depth++;
            }
        }
        return path.startsWith("/") && depth == 0;
    }

    /// What a change breaks: ValidatePersistentVolumeUpdate there.
    static void update(ObjectNode spec, ObjectNode old, Errors errors) {
        for (String kind : VolumeSourceValidation.KINDS) {
            if (!spec.path(kind).equals(old.path(kind)) && !isLateSecret(kind, spec.path(kind), old.path(kind))) {
                errors.forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation");
                break;
            }
        }
        if (!spec.path("volumeMode").equals(old.path("volumeMode"))) {
            errors.invalid("volumeMode", spec.path("volumeMode"), WorkloadValidation.IMMUTABLE);
        }
    }

    /// Who made a volume may not have known yet by whose leave it grows.
    private static boolean isLateSecret(String kind, JsonNode now, JsonNode before) {
        String late = "controllerExpandSecretRef";
        if (!kind.equals("csi") || !(now instanceof ObjectNode source) || !before.isObject() || before.has(late)) {
            return false;
        }
        ObjectNode without = source.deepCopy();
        without.remove(late);
        return without.equals(before);
    }
}
