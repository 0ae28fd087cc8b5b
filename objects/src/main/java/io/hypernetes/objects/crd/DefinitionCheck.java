package io.hypernetes.objects.crd;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What is wrong with the schemas, columns, subresources and rules of a CustomResourceDefinition.
public final class DefinitionCheck {
    private static final String APPROVAL = "api-approved.kubernetes.io";
    private static final List<String> COLUMN_TYPES = List.of("boolean", "date", "integer", "number", "string");

    private static final List<String> SELECTABLE_TYPES = List.of("string", "boolean", "integer");

    private DefinitionCheck() {}

    /// Checks a definition whose outer form is known to be right; empty when nothing is wrong.
    public static List<FieldError> check(ObjectNode definition) {
        List<FieldError> errors = new ArrayList<>();
        String group = Json.string(definition, "spec", "group");
        boolean guarded = group.equals("k8s.io")
                || group.endsWith(".k8s.io")
                || group.equals("kubernetes.io")
                || group.endsWith(".kubernetes.io");
        if (guarded && Json.string(definition, "metadata", "annotations", APPROVAL).isEmpty()) {
            errors.add(FieldError.required(
                    "metadata.annotations[" + APPROVAL + "]",
                    "protected groups must have approval annotation \"" + APPROVAL
                            + "\", see https://github.com/kubernetes/enhancements/pull/1111"));
        }
        if (Json.flag(definition, "spec", "preserveUnknownFields")) {
            errors.add(FieldError.invalid(
                    "spec.preserveUnknownFields",
                    definition.path("spec").path("preserveUnknownFields"),
                    "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"));
        }
        List<ObjectNode> versions = Json.objects(definition.path("spec"), "versions");
        for (int i = 0; i < versions.size(); i++) {
            // With one version the schema is called by the name that it has always had.
            String at = "spec.versions[" + i + "]";
            String schemaAt = versions.size() == 1 ? "spec.validation.openAPIV3Schema" : at + ".schema.openAPIV3Schema";
            version(versions.get(i), at, schemaAt, errors);
        }
        return errors;
    }

    private static void version(ObjectNode version, String at, String schemaAt, List<FieldError> errors) {
        if (version.path("schema").get("openAPIV3Schema") instanceof ObjectNode schema) {
            List<FieldError> found = SchemaCheck.check(schema, schemaAt);
            errors.addAll(found);
            if (found.isEmpty()) {
                errors.addAll(RuleCheck.compile(CustomSchema.of(schema), schemaAt));
            }
        }
        Set<String> names = new HashSet<>();
        int i = 0;
        for (ObjectNode column : Json.objects(version, "additionalPrinterColumns")) {
            String columnAt = at + ".additionalPrinterColumns[" + i++ + "]";
            String name = Json.string(column, "name");
            if (name.isEmpty()) {
                errors.add(FieldError.required(columnAt + ".name", ""));
            } else if (!names.add(name)) {
                errors.add(FieldError.duplicate(columnAt + ".name", name));
            }
            if (!COLUMN_TYPES.contains(Json.string(column, "type"))) {
                errors.add(FieldError.notSupported(columnAt + ".type", Json.string(column, "type"), COLUMN_TYPES));
            }
            path(Json.string(column, "jsonPath"), columnAt + ".jsonPath", false, errors);
        }
        i = 0;
        for (ObjectNode field : Json.objects(version, "selectableFields")) {
            selectable(field, version.path("schema").path("openAPIV3Schema"), at + ".selectableFields[" + i++ + "].jsonPath", errors);
        }
        if (version.path("subresources").get("scale") instanceof ObjectNode scale) {
            String scaleAt = at + ".subresources.scale.";
            below(scale, "specReplicasPath", List.of("spec"), scaleAt, errors);
            below(scale, "statusReplicasPath", List.of("status"), scaleAt, errors);
            if (!Json.string(scale, "labelSelectorPath").isEmpty()) {
                below(scale, "labelSelectorPath", List.of("spec", "status"), scaleAt, errors);
            }
        }
    }

    private static void below(ObjectNode scale, String name, List<String> roots, String scaleAt, List<FieldError> errors) {
        String text = Json.string(scale, name);
        if (path(text, scaleAt + name, true, errors) && !roots.contains(JsonPath.parse(text).names().getFirst())) {
            String wanted = roots.stream().map(root -> "." + root).collect(Collectors.joining(" or "));
            errors.add(FieldError.invalid(scaleAt + name, text, "should be a json path under " + wanted));
        }
    }

    private static void selectable(ObjectNode field, JsonNode schema, String at, List<FieldError> errors) {
        String text = Json.string(field, "jsonPath");
        if (!path(text, at, true, errors)) {
            return;
        }
        List<String> names = JsonPath.parse(text).names();
        if (names.getFirst().equals("metadata")) {
            errors.add(FieldError.invalid(at, text, "must not point to fields in metadata"));
            return;
        }
        JsonNode pointedTo = schema;
        for (String name : names) {
            JsonNode declared = pointedTo.path("properties").path(name);
            pointedTo = declared.isMissingNode() ? pointedTo.path("additionalProperties") : declared;
        }
        if (!pointedTo.isObject()) {
            errors.add(FieldError.invalid(at, text, "is an invalid path: does not refer to a valid field"));
        } else if (!SELECTABLE_TYPES.contains(Json.string(pointedTo, "type"))) {
            errors.add(FieldError.invalid(
                    at,
                    text,
                    "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."));
        }
    }

    /// Whether it is one.
    private static boolean path(String text, String at, boolean membersOnly, List<FieldError> errors) {
        int before = errors.size();
        if (text.isEmpty()) {
            errors.add(FieldError.required(at, ""));
            return false;
        }
        try {
            JsonPath path = JsonPath.parse(text);
            if (membersOnly) {
                path.names();
            }
            if (!text.startsWith(".") && !text.startsWith("{") && !text.startsWith("[")) {
                errors.add(FieldError.invalid(at, text, "must be a simple json path starting with ."));
            }
        } catch (IllegalArgumentException e) {
            errors.add(FieldError.invalid(at, text, "is an invalid path: " + e.getMessage()));
        }
        return errors.size() == before;
    }
}
