package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What a ValidatingAdmissionPolicy demands and notes, as upstream's validateValidation and validateAuditAnnotation in
/// `pkg/apis/admissionregistration/validation/validation.go`.
final class PolicyValidation {
    private static final int MOST_NOTES = 20;
    private static final int LONGEST_NOTE_BYTES = 5 << 10;
    private static final List<String> REASONS = List.of("Forbidden", "Invalid", "RequestEntityTooLarge");

    private PolicyValidation() {}

    /// @param name of the policy
    static void validate(JsonNode spec, String name, Errors errors) {
        List<ObjectNode> validations = Json.objects(spec, "validations");
        List<ObjectNode> notes = Json.objects(spec, "auditAnnotations");
        if (validations.isEmpty() && notes.isEmpty()) {
            errors.required("spec.validations", "validations or auditAnnotations must contain at least one item");
            errors.required("spec.auditAnnotations", "validations or auditAnnotations must contain at least one item");
        }
        for (int i = 0; i < validations.size() && !errors.isFull(); i++) {
            validation(validations.get(i), "spec.validations[" + i + "]", errors);
        }
        if (notes.size() > MOST_NOTES) {
            errors.invalid("spec.auditAnnotations", spec.path("auditAnnotations"), "must not have more than " + MOST_NOTES + " auditAnnotations");
        }
        Set<String> keys = new HashSet<>();
        for (int i = 0; i < notes.size() && !errors.isFull(); i++) {
            String at = "spec.auditAnnotations[" + i + "]";
            String key = Json.string(notes.get(i), "key");
            note(notes.get(i), key, name, at, errors);
            if (!keys.add(key)) {
                errors.duplicate(at + ".key", key);
            }
        }
    }

    private static void validation(ObjectNode validation, String at, Errors errors) {
        if (Json.string(validation, "expression").isBlank()) {
            errors.required(at + ".expression", "expression is not specified");
        }
        String computed = Json.string(validation, "messageExpression");
        if (!computed.isEmpty() && computed.isBlank()) {
            errors.invalid(at + ".messageExpression", computed, "must be non-empty if specified");
        }
        String message = Json.string(validation, "message");
        if (!message.isEmpty() && message.isBlank()) {
            errors.invalid(at + ".message", message, "message must be non-empty if specified");
        } else if (message.strip().contains("\n") || message.strip().contains("\r")) {
            errors.invalid(at + ".message", message, "message must not contain line breaks");
        }
        if (Json.present(validation.get("reason"))) {
            errors.oneOf(at + ".reason", Json.string(validation, "reason"), REASONS);
        }
    }

    private static void note(ObjectNode note, String key, String policy, String at, Errors errors) {
        if (policy.isEmpty()) {
            errors.invalid(at + ".key", key, "requires metadata.name be non-empty");
        } else {
            errors.invalid(at + ".key", policy + "/" + key, Names.qualified(policy + "/" + key));
        }
        String value = Json.string(note, "valueExpression").strip();
        if (value.isEmpty()) {
            errors.required(at + ".valueExpression", "valueExpression is not specified");
        } else if (value.getBytes(StandardCharsets.UTF_8).length > LONGEST_NOTE_BYTES) {
            errors.required(at + ".valueExpression", "must not exceed " + LONGEST_NOTE_BYTES + " bytes in length");
        }
    }

    /// What is told of a policy, as validateValidatingAdmissionPolicyStatus there; paths of fields are not read.
    static void status(JsonNode status, Errors errors) {
        List<ObjectNode> warnings = Json.objects(status.path("typeChecking"), "expressionWarnings");
        for (int i = 0; i < warnings.size() && !errors.isFull(); i++) {
            String at = "status.typeChecking.expressionWarnings[" + i + "]";
            for (String field : List.of("warning", "fieldRef")) {
                String text = Json.string(warnings.get(i), field);
                if (field.equals("fieldRef") ? text.isBlank() : text.isEmpty()) {
                    errors.required(at + "." + field, "");
                }
            }
        }
        StatusValidation.conditions(Json.objects(status, "conditions"), "status.conditions", errors);
    }
}
