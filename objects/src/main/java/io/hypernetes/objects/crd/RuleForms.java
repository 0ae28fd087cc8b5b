package io.hypernetes.objects.crd;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// The form of the rules in a schema: what can be seen of them without the language.
final class RuleForms {
    private static final List<String> REASONS =
            List.of("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired");

    private final List<FieldError> errors = new ArrayList<>();

    private RuleForms() {}

    /// What is wrong with the rules of a schema and of those below it.
    static List<FieldError> check(CustomSchema schema, String path) {
        RuleForms forms = new RuleForms();
        forms.visit(schema, path);
        return forms.errors;
    }

    /// The place of a rule.
    static String path(String schemaPath, int index) {
        return schemaPath + ".x-kubernetes-validations[" + index + "]";
    }

    private void visit(CustomSchema schema, String path) {
        if (!schema.hasRules()) {
            return;
        }
        int i = 0;
        for (ObjectNode rule : schema.rules()) {
            rule(rule, schema, path(path, i++));
        }
        schema.properties().forEach((name, property) -> visit(property, path + ".properties[" + name + "]"));
        CustomSchema additional = schema.additional();
        if (additional != null) {
            visit(additional, path + ".additionalProperties");
        }
        CustomSchema items = schema.items();
        if (items != null) {
            visit(items, path + ".items");
        }
    }

    private void rule(ObjectNode rule, CustomSchema schema, String path) {
        String text = Json.string(rule, "rule").strip();
        String message = Json.string(rule, "message");
        if (text.isEmpty()) {
            errors.add(FieldError.required(path + ".rule", "rule is not specified"));
        } else if (!message.isEmpty() && message.isBlank()) {
            errors.add(FieldError.invalid(path + ".message", message, "message must be non-empty if specified"));
        } else if (hasLineBreaks(message.strip())) {
            errors.add(FieldError.invalid(path + ".message", message, "message must not contain line breaks"));
        } else if (hasLineBreaks(text) && message.isEmpty()) {
            errors.add(FieldError.required(path + ".message", "message must be specified if rule contains line breaks"));
        }
        String messageExpression = Json.string(rule, "messageExpression");
        if (!messageExpression.isEmpty() && messageExpression.isBlank()) {
            errors.add(FieldError.required(path + ".messageExpression", "messageExpression must be non-empty if specified"));
        }
        String reason = Json.string(rule, "reason");
        if (!reason.isEmpty() && !REASONS.contains(reason)) {
            errors.add(FieldError.notSupported(path + ".reason", reason, REASONS));
        }
        field(Json.string(rule, "fieldPath"), schema, path + ".fieldPath");
    }

    private void field(String field, CustomSchema schema, String path) {
        if (field.isEmpty()) {
            return;
        }
        if (field.isBlank()) {
            errors.add(FieldError.invalid(path, field, "fieldPath must be non-empty if specified"));
        }
        if (hasLineBreaks(field)) {
            errors.add(FieldError.invalid(path, field, "fieldPath must not contain line breaks"));
        }
        try {
            FieldPath.find(field, schema, true);
        } catch (IllegalArgumentException e) {
            errors.add(FieldError.invalid(path, field, "fieldPath must be a valid path"));
        }
    }

    private static boolean hasLineBreaks(String text) {
        return text.contains("\n") || text.contains("\r");
    }
}
