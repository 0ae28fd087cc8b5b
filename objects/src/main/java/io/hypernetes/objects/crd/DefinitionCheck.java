package io.hypernetes.objects.crd;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What is wrong with the schemas, columns, subresources and rules of a CustomResourceDefinition.
public final class DefinitionCheck {
    private static final String APPROVAL = "api-approved.kubernetes.io";

    private final List<ObjectNode> versions;
    private final List<FieldError> errors = new ArrayList<>();

    private DefinitionCheck(ObjectNode definition) {
        this.versions = Json.objects(definition.path("spec"), "versions");
    }

    /// Checks a definition whose outer form is known to be right; empty when nothing is wrong.
    public static List<FieldError> check(ObjectNode definition) {
        DefinitionCheck check = new DefinitionCheck(definition);
        check.whole(definition);
        // What all versions have alike is looked at once, and called by the name that it had before there were versions.
        boolean oneSchema = check.isAlike("schema");
        boolean oneSubresources = check.isAlike("subresources");
        boolean oneColumns = check.isAlike("additionalPrinterColumns");
        boolean oneSelection = oneSchema && check.isAlike("selectableFields");
        for (int i = 0; i < check.versions.size(); i++) {
            ObjectNode version = check.versions.get(i);
            String at = "spec.versions[" + i + "].";
            if (i == 0 || !oneSchema) {
                check.schema(version, oneSchema ? "spec.validation.openAPIV3Schema" : at + "schema.openAPIV3Schema");
            }
            if (i == 0 || !oneSubresources) {
                check.subresources(version, (oneSubresources ? "spec." : at) + "subresources");
            }
            if (i == 0 || !oneColumns) {
                ColumnCheck.check(version, (oneColumns ? "spec." : at) + "additionalPrinterColumns", check.errors);
            }
            if (i == 0 || !oneSelection) {
                SelectableCheck.check(version, (oneSelection ? "spec." : at) + "selectableFields", check.errors);
            }
        }
        return check.errors;
    }

    private boolean isAlike(String part) {
        JsonNode first = versions.isEmpty() ? Json.object() : versions.getFirst().path(part);
        return versions.stream().allMatch(version -> version.path(part).equals(first));
    }

    private void whole(ObjectNode definition) {
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
    }

    private void schema(ObjectNode version, String at) {
        if (version.path("schema").get("openAPIV3Schema") instanceof ObjectNode schema) {
            List<FieldError> found = SchemaCheck.check(schema, at);
            errors.addAll(found);
            if (found.isEmpty()) {
                errors.addAll(RuleCompiler.check(CustomSchema.of(schema), at));
            }
        }
    }

    private void subresources(ObjectNode version, String at) {
        if (version.path("subresources").get("scale") instanceof ObjectNode scale) {
            below(scale, "specReplicasPath", List.of("spec"), at + ".scale.");
            below(scale, "statusReplicasPath", List.of("status"), at + ".scale.");
            if (!Json.string(scale, "labelSelectorPath").isEmpty()) {
                below(scale, "labelSelectorPath", List.of("spec", "status"), at + ".scale.");
            }
        }
    }

    private void below(ObjectNode scale, String name, List<String> roots, String at) {
        String text = Json.string(scale, name);
        if (text.isEmpty()) {
            errors.add(FieldError.required(at + name, ""));
            return;
        }
        if (!text.startsWith(".")) {
            errors.add(FieldError.invalid(at + name, text, "must be a simple json path starting with ."));
            return;
        }
        try {
            if (!roots.contains(JsonPath.parse(text).names().getFirst())) {
                String wanted = roots.stream().map(root -> "." + root).collect(Collectors.joining(" or "));
                errors.add(FieldError.invalid(at + name, text, "should be a json path under " + (roots.size() > 1 ? "either " : "") + wanted));
            }
        } catch (IllegalArgumentException e) {
            errors.add(FieldError.invalid(at + name, text, "is an invalid path: " + e.getMessage()));
        }
    }
}
