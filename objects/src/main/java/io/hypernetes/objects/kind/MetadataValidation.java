package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The rules of `metadata` that all kinds share.
final class MetadataValidation {
    private static final int ANNOTATIONS_MAX_BYTES = 256 << 10;
    private static final int MOST_SHOWN = 20;
    private static final int LONGEST_SHOWN = 400;
    private static final Set<String> PLAIN_FINALIZERS = Set.of("orphan", "foregroundDeletion", "kubernetes");

    private static final List<String> OF_OBJECTS = List.of(
            "name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
            "deletionGracePeriodSeconds", "ownerReferences", "finalizers", "managedFields");

    private MetadataValidation() {}

    /// @param anyFinalizer whether a finalizer may have any name; else one that nobody knows has a domain and a path
    static void validate(
            ObjectNode object, boolean namespaced, boolean anyFinalizer, Function<String, List<String>> nameCheck, Errors errors) {
        JsonNode meta = object.path("metadata");
        String name = Json.string(meta, "name");
        String generateName = Json.string(meta, "generateName");
        if (!generateName.isEmpty()) {
            // The five characters to come are letters and digits, so a trailing dash is fine.
            String probe = generateName.endsWith("-") ? generateName.substring(0, generateName.length() - 1) + "a" : generateName;
            errors.invalid("metadata.generateName", generateName, nameCheck.apply(probe));
        }
        if (name.isEmpty()) {
            errors.required("metadata.name", "name or generateName is required");
        } else {
            errors.invalid("metadata.name", name, nameCheck.apply(name));
        }
        String namespace = Json.string(meta, "namespace");
        if (namespaced) {
            if (namespace.isEmpty()) {
                errors.required("metadata.namespace", "");
            } else {
                errors.invalid("metadata.namespace", namespace, Names.label(namespace));
            }
        } else if (!namespace.isEmpty()) {
            errors.forbidden("metadata.namespace", "not allowed on this type");
        }
        labels(meta.path("labels"), "metadata.labels", errors);
        annotations(meta.path("annotations"), "metadata.annotations", errors);
        ownerReferences(meta, errors);
        finalizers(meta, anyFinalizer, errors);
    }

    static void labels(JsonNode labels, String path, Errors errors) {
        for (Map.Entry<String, JsonNode> label : labels.properties()) {
            errors.invalid(path, label.getKey(), Names.qualified(label.getKey()));
            String value = label.getValue().asString("");
            errors.invalid(path, value, Names.labelValue(value));
        }
    }

    static void annotations(JsonNode annotations, String path, Errors errors) {
        long size = 0;
        for (Map.Entry<String, JsonNode> annotation : annotations.properties()) {
            // Keys may be in upper case here, unlike those of labels.
            errors.invalid(path, annotation.getKey(), Names.qualified(annotation.getKey().toLowerCase(java.util.Locale.ROOT)));
            size += bytes(annotation.getKey()) + bytes(annotation.getValue().asString(""));
        }
        if (size > ANNOTATIONS_MAX_BYTES) {
            errors.add(FieldError.tooLong(path, ANNOTATIONS_MAX_BYTES));
        }
    }

    /// The metadata of what objects are made of, which has labels and annotations only: ValidateTemplateObjectMeta of upstream's
    /// `pkg/apis/core/validation/validation.go`.
    static void template(JsonNode meta, String path, Errors errors) {
        annotations(meta.path("annotations"), path + ".annotations", errors);
        labels(meta.path("labels"), path + ".labels", errors);
        for (String field : OF_OBJECTS) {
            JsonNode value = meta.path(field);
            boolean unset = value.isMissingNode() || value.isNull() || (value.isString() && value.stringValue().isEmpty())
                    || (field.equals("generation") && value.asLong(0) == 0);
            if (!unset) {
                // Upstream makes the path of the name that the field has in Go.
                errors.forbidden(path + "." + (field.equals("uid") ? "uID" : field), "cannot be set");
            }
        }
    }

    static void validateUpdate(ObjectNode updated, ObjectNode old, Errors errors) {
        JsonNode meta = updated.path("metadata");
        JsonNode oldMeta = old.path("metadata");
        for (String field : List.of("name", "namespace", "uid", "creationTimestamp")) {
            if (!Json.string(meta, field).equals(Json.string(oldMeta, field))) {
                errors.invalid("metadata." + field, Json.string(meta, field), "field is immutable");
            }
        }
        if (Json.present(oldMeta.get("deletionTimestamp"))) {
            Set<String> before = new HashSet<>(finalizerNames(oldMeta));
            List<String> added = finalizerNames(meta).stream().filter(f -> !before.contains(f)).distinct().sorted().toList();
            if (!added.isEmpty()) {
                errors.forbidden(
                        "metadata.finalizers",
                        "no new finalizers can be added if the object is being deleted, found new finalizers []string{"
                                + String.join(", ", added.stream().map(a -> "\"" + a + "\"").toList()) + "}");
            }
        }
    }

    private static void ownerReferences(JsonNode meta, Errors errors) {
        String controller = "";
        boolean told = false;
        List<ObjectNode> owners = Json.objects(meta, "ownerReferences");
        // Upstream does not say which of them it is (validateOwnerReference in apimachinery's objectmeta.go).
        String at = "metadata.ownerReferences";
        for (ObjectNode owner : owners) {
            if (errors.isFull()) {
                return;
            }
            if (Json.string(owner, "apiVersion").isEmpty()) {
                errors.invalid(at + ".apiVersion", "", "version must not be empty");
            }
            for (String field : List.of("kind", "name", "uid")) {
                if (Json.string(owner, field).isEmpty()) {
                    errors.invalid(at + "." + field, "", "must not be empty");
                }
            }
            if (Json.string(owner, "kind").equals("Event") && Json.string(owner, "apiVersion").equals("v1")) {
                errors.invalid(at, owner, "/v1, Kind=Event is disallowed from being an owner");
            }
            if (Json.flag(owner, "controller")) {
                String name = Json.string(owner, "kind") + "/" + Json.string(owner, "name");
                if (controller.isEmpty()) {
                    controller = name;
                } else if (!told) {
                    // Upstream tells of each further one (ValidateOwnerReferences there), each time with the whole list.
                    told = true;
                    twoControllers(at, meta.path("ownerReferences"), controller, name, errors);
                }
            }
        }
    }

    private static void twoControllers(String at, JsonNode owners, String first, String second, Errors errors) {
        String detail = "Only one reference can have Controller set to true. Found \"true\" in references for " + shortened(first) + " and " + shortened(second);
        if (owners.size() <= MOST_SHOWN) {
            errors.invalid(at, owners, detail);
        } else {
            errors.invalidUnshown(at, detail);
        }
    }

    private static String shortened(String name) {
        return name.length() <= LONGEST_SHOWN ? name : name.substring(0, LONGEST_SHOWN) + "...";
    }

    private static void finalizers(JsonNode meta, boolean any, Errors errors) {
        boolean orphan = false;
        boolean foreground = false;
        for (String finalizer : finalizerNames(meta)) {
            List<String> wrong = Names.qualified(finalizer);
            errors.invalid("metadata.finalizers", finalizer, wrong);
            if (wrong.isEmpty() && !any && !finalizer.contains("/") && !PLAIN_FINALIZERS.contains(finalizer)) {
                errors.invalid(
                        "metadata.finalizers", finalizer, "name is neither a standard finalizer name nor is it fully qualified");
            }
            orphan |= finalizer.equals("orphan");
            foreground |= finalizer.equals("foregroundDeletion");
        }
        if (orphan && foreground) {
            errors.invalid(
                    "metadata.finalizers",
                    meta.path("finalizers"),
                    "finalizer orphan and foregroundDeletion cannot be both set");
        }
    }

    static List<String> finalizerNames(JsonNode meta) {
        List<String> names = new ArrayList<>();
        meta.path("finalizers").forEach(f -> names.add(f.asString("")));
        return names;
    }

    static long bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }
}
