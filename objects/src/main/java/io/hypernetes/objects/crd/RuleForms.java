package io.hypernetes.objects.crd;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// The form of the rules in a schema: what can be seen of them without the language.
final class RuleForms {
    private static final List<String> REASONS =
            List.of("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired");

    private final Faults errors = new Faults();

    private RuleForms() {}

    /// What is wrong with the rules of a schema and of those below it.
    static List<FieldError> check(CustomSchema schema, String path) {
        RuleForms forms = new RuleForms();
        forms.visit(schema, Place.of(path));
        return forms.errors.list();
    }

    /// The place of a rule.
    static Place path(Place schemaPath, int index) {
        return schemaPath.member("x-kubernetes-validations").item(index);
    }

    private void visit(CustomSchema schema, Place path) {
        if (!schema.hasRules() || errors.isFull()) {
            return;
        }
        int i = 0;
        for (ObjectNode rule : schema.rules()) {
            rule(rule, schema, path(path, i++));
            if (errors.isFull()) {
                return;
            }
        }
        schema.properties().forEach((name, property) -> visit(property, path.property(name)));
        CustomSchema additional = schema.additional();
        if (additional != null) {
            visit(additional, path.member("additionalProperties"));
        }
        CustomSchema items = schema.items();
        if (items != null) {
            visit(items, path.member("items"));
        }
    }

    private void rule(ObjectNode rule, CustomSchema schema, Place path) {
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
        field(Json.string(rule, "fieldPath"), schema, path.member("fieldPath"));
    }

    private void field(String field, CustomSchema schema, Place path) {
        if (field.isEmpty()) {
            return;
        }
        if (field.isBlank()) {
            errors.add(FieldError.invalid(path.toString(), field, "fieldPath must be non-empty if specified"));
        }
        if (hasLineBreaks(field)) {
            errors.add(FieldError.invalid(path.toString(), field, "fieldPath must not contain line breaks"));
        }
        try {
            FieldPath.find(field, schema, true);
        } catch (IllegalArgumentException e) {
            errors.add(FieldError.invalid(path.toString(), field, "fieldPath must be a valid path"));
        }
    }

    private static boolean hasLineBreaks(String text) {
        return text.contains("\n") || text.contains("\r");
    }
}
