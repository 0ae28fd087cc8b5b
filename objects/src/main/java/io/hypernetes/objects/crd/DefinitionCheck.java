package io.hypernetes.objects.crd;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/// What is wrong with the schemas, columns, subresources and rules of a CustomResourceDefinition.
public final class DefinitionCheck {
    private static final String APPROVAL = "api-approved.kubernetes.io";
    private static final List<String> COLUMN_TYPES = List.of("boolean", "date", "integer", "number", "string");

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
            path(Json.string(field, "jsonPath"), at + ".selectableFields[" + i++ + "].jsonPath", true, errors);
        }
        if (version.path("subresources").get("scale") instanceof ObjectNode scale) {
            String scaleAt = at + ".subresources.scale.";
            path(Json.string(scale, "specReplicasPath"), scaleAt + "specReplicasPath", true, errors);
            path(Json.string(scale, "statusReplicasPath"), scaleAt + "statusReplicasPath", true, errors);
            if (!Json.string(scale, "labelSelectorPath").isEmpty()) {
                path(Json.string(scale, "labelSelectorPath"), scaleAt + "labelSelectorPath", true, errors);
            }
        }
    }

    private static void path(String text, String at, boolean membersOnly, List<FieldError> errors) {
        if (text.isEmpty()) {
            errors.add(FieldError.required(at, ""));
            return;
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
    }
}
