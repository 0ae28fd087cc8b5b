package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The rules of a pod's volumes. One use each.
final class VolumeValidation {
    private static final String SERVED = "emptyDir, configMap, secret, downwardAPI, projected, persistentVolumeClaim, ephemeral";
    private static final List<String> FIELD_PATHS = List.of("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid");

    private final JsonNode spec;
    private final String path;
    private final String pod;
    private final Errors errors;

    /// @param pod the name of the pod; empty when it is not known
    VolumeValidation(JsonNode spec, String path, String pod, Errors errors) {
        this.spec = spec;
        this.path = path;
        this.pod = pod;
        this.errors = errors;
    }

    /// Returns the names of the volumes.
    Set<String> run() {
        Set<String> names = new HashSet<>();
        List<ObjectNode> volumes = Json.objects(spec, "volumes");
        for (int i = 0; i < volumes.size(); i++) {
            ObjectNode volume = volumes.get(i);
            String at = path + "[" + i + "]";
            String name = Json.string(volume, "name");
            if (name.isEmpty()) {
                errors.required(at + ".name", "");
            } else {
                errors.invalid(at, ".name", name, Names.label(name));
                if (!names.add(name)) {
                    errors.duplicate(at + ".name", name);
                }
            }
            List<String> types = new ArrayList<>(volume.propertyNames());
            types.remove("name");
            if (types.isEmpty()) {
                errors.required(at, "must specify a volume type");
            } else if (types.size() > 1) {
                types.subList(1, types.size()).forEach(t -> errors.forbidden(at + "." + t, "may not specify more than 1 volume type"));
            } else {
                source(types.getFirst(), volume.path(types.getFirst()), at + "." + types.getFirst());
                if (types.getFirst().equals("ephemeral") && !pod.isEmpty() && !name.isEmpty()) {
                    claim(pod + "-" + name, name, at + ".name");
                }
            }
        }
        return names;
    }

    private void source(String type, JsonNode source, String at) {
        mode(source, "defaultMode", at);
        switch (type) {
            case "emptyDir" -> emptyDir(source, at);
            case "configMap" -> named(source, "name", at);
            case "secret" -> named(source, "secretName", at);
            case "downwardAPI" -> files(source, at);
            case "projected" -> projected(source, at);
            case "persistentVolumeClaim" -> {
                if (Json.string(source, "claimName").isEmpty()) {
                    errors.required(at + ".claimName", "");
                }
            }
            case "ephemeral" -> {
                if (source.get("volumeClaimTemplate") instanceof ObjectNode template) {
                    MetadataValidation.template(template.path("metadata"), at + ".volumeClaimTemplate.metadata", errors);
                    PersistentVolumeClaimRules.validateSpec(Json.child(template, "spec"), at + ".volumeClaimTemplate.spec", errors);
                } else {
                    errors.required(at + ".volumeClaimTemplate", "");
                }
            }
            case "hostPath" -> errors.unserved(
                    at,
                    "every pod is a virtual machine of its own and sees no file system of its host; use emptyDir for scratch space,"
                            + " configMap or secret for files");
            default -> errors.unserved(at, "volumes of this type are not served by this version; what is: " + SERVED);
        }
    }

    /// The claim that is made for a volume is called after both, as upstream's validateVolumeSource has it.
    private void claim(String claim, String volume, String at) {
        for (String wrong : Names.subdomain(claim)) {
            errors.invalid(at, volume, "PVC name " + FieldError.quoted(claim) + ": " + wrong);
        }
    }

    private void emptyDir(JsonNode source, String at) {
        String medium = Json.string(source, "medium");
        if (!medium.isEmpty()) {
            errors.oneOf(at, ".medium", medium, List.of("", "Memory"));
        }
        if (source.path("sizeLimit").isString() && source.path("sizeLimit").stringValue().startsWith("-")) {
            errors.forbidden(at + ".sizeLimit", "SizeLimit field must be a valid resource quantity");
        }
    }

    private void named(JsonNode source, String field, String at) {
        if (Json.string(source, field).isEmpty()) {
            errors.required(at + "." + field, "");
        }
        keys(source, at);
    }

    private void keys(JsonNode source, String at) {
        List<ObjectNode> items = Json.objects(source, "items");
        for (int i = 0; i < items.size(); i++) {
            String item = at + ".items[" + i + "]";
            if (Json.string(items.get(i), "key").isEmpty()) {
                errors.required(item + ".key", "");
            }
            localPath(Json.string(items.get(i), "path"), item + ".path");
            mode(items.get(i), "mode", item);
        }
    }

    private void files(JsonNode source, String at) {
        List<ObjectNode> items = Json.objects(source, "items");
        for (int i = 0; i < items.size(); i++) {
            ObjectNode item = items.get(i);
            String file = at + ".items[" + i + "]";
            localPath(Json.string(item, "path"), file + ".path");
            mode(item, "mode", file);
            boolean field = item.path("fieldRef").isObject();
            boolean resource = item.path("resourceFieldRef").isObject();
            if (field && resource) {
                errors.invalid(file, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
            } else if (field) {
                String fieldPath = Json.string(item, "fieldRef", "fieldPath");
                if (!FIELD_PATHS.contains(fieldPath) && !ContainerValidation.isSubscript(fieldPath)) {
                    errors.oneOf(file, ".fieldRef.fieldPath", fieldPath, FIELD_PATHS);
                }
            } else if (resource) {
                if (Json.string(item, "resourceFieldRef", "containerName").isEmpty()) {
                    errors.required(file + ".resourceFieldRef.containerName", "");
                }
                ContainerValidation.resourceField(item.path("resourceFieldRef"), file + ".resourceFieldRef", errors);
            } else {
                errors.required(file + ".fieldRef", "one of fieldRef and resourceFieldRef is required");
            }
        }
    }

    private void projected(JsonNode source, String at) {
        List<ObjectNode> sources = Json.objects(source, "sources");
        for (int i = 0; i < sources.size(); i++) {
            String each = at + ".sources[" + i + "]";
            if (sources.get(i).size() > 1) {
                errors.forbidden(each, "may not specify more than 1 volume type");
            }
            for (String type : sources.get(i).propertyNames()) {
                JsonNode inner = sources.get(i).path(type);
                switch (type) {
                    case "configMap", "secret" -> named(inner, "name", each + "." + type);
                    case "downwardAPI" -> files(inner, each + "." + type);
                    case "serviceAccountToken" -> token(inner, each + "." + type);
                    default -> errors.unserved(
                            each + "." + type,
                            "sources of this type are not served by this version; what is: configMap, secret, downwardAPI, serviceAccountToken");
                }
            }
        }
    }

    private void token(JsonNode source, String at) {
        long seconds = Json.number(source, 0, "expirationSeconds");
        if (seconds < 600) {
            errors.invalid(at + ".expirationSeconds", seconds, "may not specify a duration less than 10 minutes");
        } else if (seconds > 1L << 32) {
            errors.invalid(at + ".expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds");
        }
        localPath(Json.string(source, "path"), at + ".path");
    }

    private void mode(JsonNode holder, String field, String at) {
        long mode = Json.number(holder, 0, field);
        if (mode < 0 || mode > 0777) {
            errors.invalid(at + "." + field, mode, "must be a number between 0 and 0777 (octal), both inclusive");
        }
    }

    private void localPath(String value, String at) {
        if (value.isEmpty()) {
            errors.required(at, "");
        } else if (value.startsWith("/")) {
            errors.invalid(at, value, "must be a relative path");
        } else if (value.equals("..") || value.startsWith("../") || value.contains("/../") || value.endsWith("/..")) {
            errors.invalid(at, value, "must not contain '..'");
        } else if (value.startsWith("..")) {
            errors.invalid(at, value, "must not start with '..'");
        }
    }
}
