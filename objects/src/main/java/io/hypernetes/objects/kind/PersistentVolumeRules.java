package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Quantity;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// PersistentVolumes.
final class PersistentVolumeRules implements KindRules {
    private static final Layout LAYOUT = Layout.named()
            .text("Capacity", "How large it is.", "spec", "capacity", "storage")
            .cell("Access Modes", "How it may be used.", v -> PersistentVolumeClaimRules.modes(Json.at(v, "spec", "accessModes")))
            .text("Reclaim Policy", "What becomes of it when it is released.", "spec", "persistentVolumeReclaimPolicy")
            .cell("Status", "How it stands.", v -> Json.string(v, "metadata", "deletionTimestamp").isEmpty()
                    ? Json.string(v, "status", "phase")
                    : "Terminating")
            .cell("Claim", "The claim that has it.", v -> v.path("spec").path("claimRef").isObject()
                    ? Json.string(v, "spec", "claimRef", "namespace") + "/" + Json.string(v, "spec", "claimRef", "name")
                    : "")
            .cell("StorageClass", "Its class.", PersistentVolumeClaimRules::storageClass)
            .cell("VolumeAttributesClass", "Its class of attributes.", v -> {
                String name = Json.string(v, "spec", "volumeAttributesClassName");
                return name.isEmpty() ? "<unset>" : name;
            })
            .text("Reason", "Why it stands so.", "status", "reason")
            .age()
            .wide("VolumeMode", "Whether it is a file system or a bare device.", v -> {
                String mode = Json.string(v, "spec", "volumeMode");
                return mode.isEmpty() ? "<unset>" : mode;
            });

    @Override
    public void defaults(ObjectNode volume) {
        ObjectNode spec = Json.child(volume, "spec");
        Json.setDefault(spec, "persistentVolumeReclaimPolicy", "Retain");
        Json.setDefault(spec, "volumeMode", "Filesystem");
        if (spec.get("hostPath") instanceof ObjectNode host && !Json.present(host.get("type"))) {
            host.put("type", "");
        }
        source(spec, "iscsi", "iscsiInterface", "default");
        source(spec, "rbd", "pool", "rbd", "user", "admin", "keyring", "/etc/ceph/keyring");
        source(spec, "scaleIO", "storageMode", "ThinProvisioned", "fsType", "xfs");
        source(spec, "azureDisk", "cachingMode", "ReadWrite", "kind", "Shared", "fsType", "ext4");
        if (spec.get("azureDisk") instanceof ObjectNode disk) {
            Json.setDefault(disk, "readOnly", false);
        }
        Json.setDefault(Json.child(volume, "status"), "phase", "Pending");
    }

    /// What a source of a kind says when it is silent: names and values in turn.
    private static void source(ObjectNode spec, String kind, String... defaults) {
        if (spec.get(kind) instanceof ObjectNode source) {
            for (int i = 0; i < defaults.length; i += 2) {
                Json.setDefault(source, defaults[i], defaults[i + 1]);
            }
        }
    }

    @Override
    public void prepareCreate(ObjectNode volume) {
        Json.child(volume, "status").put("phase", "Pending");
    }

    @Override
    public void validate(ObjectNode volume, Errors errors) {
        String name = Json.string(volume, "metadata", "name");
        new PersistentVolumeValidation(WorkloadValidation.spec(volume), "spec", false, errors).run(name);
    }

    @Override
    public void validateNew(ObjectNode volume, Errors errors) {
        if (LocalDisk.is(volume)) {
            LocalDisk.validate(volume, errors);
        }
    }

    @Override
    public void validateUpdate(ObjectNode volume, ObjectNode old, @Nullable String subresource, Errors errors) {
        if (subresource != null) {
            return;
        }
        PersistentVolumeValidation.update(WorkloadValidation.spec(volume), WorkloadValidation.spec(old), errors);
        if (LocalDisk.is(old) && capacity(volume).compareTo(capacity(old)) < 0) {
            // A quota counts by it what the disk takes.
            errors.forbidden("spec.capacity[storage]", "a disk cannot be made smaller");
        }
        JsonNode affinity = WorkloadValidation.spec(old).path("nodeAffinity");
        JsonNode now = WorkloadValidation.spec(volume).path("nodeAffinity");
        if (affinity.isObject() && !now.equals(affinity) && !now.equals(renamed((ObjectNode) affinity, now))) {
            errors.invalid("nodeAffinity", now.isMissingNode() ? Json.object() : now, "field is immutable, except for updating from beta label to GA");
        }
    }

    private static Quantity capacity(ObjectNode volume) {
        try {
            return Quantity.parse(Json.string(volume, "spec", "capacity", "storage"));
        } catch (IllegalArgumentException told) {
            return Quantity.ZERO;
        }
    }

    /// A node affinity with the new names of its labels, wherever another has them.
    private static ObjectNode renamed(ObjectNode affinity, JsonNode now) {
        ObjectNode renamed = affinity.deepCopy();
        List<ObjectNode> terms = Json.objects(renamed.path("required"), "nodeSelectorTerms");
        List<ObjectNode> others = Json.objects(now.path("required"), "nodeSelectorTerms");
        for (int i = 0; i < Math.min(terms.size(), others.size()); i++) {
            List<ObjectNode> expressions = Json.objects(terms.get(i), "matchExpressions");
            List<ObjectNode> other = Json.objects(others.get(i), "matchExpressions");
            for (int j = 0; j < Math.min(expressions.size(), other.size()); j++) {
                NewerLabel newer = NewerLabel.OF.get(Json.string(expressions.get(j), "key"));
                if (newer != null && newer.name().equals(Json.string(other.get(j), "key"))) {
                    expressions.get(j).put("key", newer.name());
                }
            }
        }
        return renamed;
    }

    @Override
    public Map<String, String> selectableFields(ObjectNode volume) {
        return Map.of(
                "name", Json.string(volume, "metadata", "name"),
                // By this a node finds the volumes whose disks it has.
                "spec.csi.volumeAttributes.node", Json.string(volume, "spec", "csi", "volumeAttributes", "node"));
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
