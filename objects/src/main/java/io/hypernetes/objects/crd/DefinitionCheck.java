package io.hypernetes.objects.crd;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What is wrong with the sizes, schemas, columns, subresources and rules of a CustomResourceDefinition.
public final class DefinitionCheck {
    /// What upstream lets stand at the root of a schema when the status is written apart, by its names for them.
    private static final List<String> AT_ROOT = List.of(
            "Description", "Type", "Format", "Title", "Maximum", "ExclusiveMaximum", "Minimum", "ExclusiveMinimum", "MaxLength", "MinLength",
            "Pattern", "MaxItems", "MinItems", "UniqueItems", "MultipleOf", "Required", "Items", "Properties", "ExternalDocs", "Example",
            "XPreserveUnknownFields", "XValidations");

    private static final Set<String> NAMES_AT_ROOT = AT_ROOT.stream()
            .map(name -> switch (name) {
                case "XPreserveUnknownFields" -> "x-kubernetes-preserve-unknown-fields";
                case "XValidations" -> "x-kubernetes-validations";
                default -> name.substring(0, 1).toLowerCase(Locale.ROOT) + name.substring(1);
            })
            .collect(Collectors.toUnmodifiableSet());

    private final List<ObjectNode> versions;
    private final List<FieldError> errors = new ArrayList<>();
    private final Effort effort = new Effort();

    /// What is wrong and let be: what hangs on it is looked at all the same.
    private final Set<FieldError> known;

    private DefinitionCheck(ObjectNode definition, Set<FieldError> known) {
        this.known = known;
        this.versions = Json.objects(definition.path("spec"), "versions");
    }

    /// Checks a definition whose outer form is known to be right; empty when nothing is wrong.
    public static List<FieldError> check(ObjectNode definition) {
        return check(definition, Set.of());
    }

    /// Checks a change. What was wrong before may stay; what comes new is checked as if nothing were wrong, down to its rules and defaults.
    public static List<FieldError> checkChange(ObjectNode definition, ObjectNode old) {
        Set<FieldError> known = new HashSet<>(check(old));
        if (!known.isEmpty()) {
            // What is wrong hides what hangs on it, which was there as well.
            known.addAll(check(old, Set.copyOf(known)));
        }
        return check(definition, known).stream().filter(error -> !known.contains(error)).toList();
    }

    private static List<FieldError> check(ObjectNode definition, Set<FieldError> known) {
        DefinitionCheck check = new DefinitionCheck(definition, known);
        List<FieldError> tooLarge = SchemaSizes.check(definition, check.versions);
        if (!known.containsAll(tooLarge)) {
            // What else is wrong would be found by reading what is too large to be read.
            return tooLarge;
        }
        check.errors.addAll(tooLarge);
        check.errors.addAll(AliasSizes.check(definition));
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
                String schemaAt = oneSchema ? "spec.validation.openAPIV3Schema" : at + "schema.openAPIV3Schema";
                boolean statusApart = (oneSchema ? check.versions : List.of(version))
                        .stream().anyMatch(each -> each.path("subresources").path("status").isObject());
                check.schema(version, schemaAt, statusApart);
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
        Approval approval = Approval.of(definition);
        String annotation = "metadata.annotations[" + Approval.ANNOTATION + "]";
        if (approval != null && approval.state() == Approval.State.MISSING) {
            errors.add(FieldError.required(annotation, approval.reason()));
        } else if (approval != null && approval.state() == Approval.State.INVALID) {
            errors.add(FieldError.invalid(
                    annotation, Json.string(definition, "metadata", "annotations", Approval.ANNOTATION), approval.reason()));
        }
        if (Json.flag(definition, "spec", "preserveUnknownFields")) {
            errors.add(FieldError.invalid(
                    "spec.preserveUnknownFields",
                    definition.path("spec").path("preserveUnknownFields"),
                    "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"));
        }
    }

    private void schema(ObjectNode version, String at, boolean statusApart) {
        if (version.path("schema").get("openAPIV3Schema") instanceof ObjectNode schema) {
            if (statusApart && schema.properties().stream().anyMatch(member -> !mayStandAtRoot(member.getKey(), member.getValue()))) {
                errors.add(FieldError.invalid(
                        at,
                        schema,
                        "only [" + String.join(" ", AT_ROOT) + "] fields are allowed at the root of the schema if the status subresource is enabled"));
            }
            List<FieldError> found = SchemaCheck.check(schema, at, effort, known);
            errors.addAll(found);
            if (found.isEmpty()) {
                errors.addAll(RuleCompiler.check(CustomSchema.of(schema), at));
            }
        }
    }

    private static boolean mayStandAtRoot(String name, JsonNode value) {
        boolean said = !value.isNull() && !(value.isBoolean() && !value.booleanValue()) && !(value.isString() && value.stringValue().isEmpty());
        return !said || NAMES_AT_ROOT.contains(name);
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
            if (!roots.contains(MemberPath.parse(text).names().getFirst())) {
                String wanted = roots.stream().map(root -> "." + root).collect(Collectors.joining(" or "));
                errors.add(FieldError.invalid(at + name, text, "should be a json path under " + (roots.size() > 1 ? "either " : "") + wanted));
            }
        } catch (IllegalArgumentException e) {
            errors.add(FieldError.invalid(at + name, text, "is an invalid path: " + e.getMessage()));
        }
    }
}
