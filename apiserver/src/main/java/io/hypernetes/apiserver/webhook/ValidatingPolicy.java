package io.hypernetes.apiserver.webhook;

import dev.cel.common.values.NullValue;
import io.hypernetes.apiserver.request.Annotations;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.cel.AdmissionLanguage;
import io.hypernetes.objects.cel.Budget;
import io.hypernetes.objects.cel.Expression;
import io.hypernetes.objects.cel.ExpressionException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// A compiled ValidatingAdmissionPolicy.
record ValidatingPolicy(PolicyHead head, List<Validation> validations, Map<String, Expression> notes) implements BoundPolicies.Compiled {
    private static final int LONGEST_MESSAGE = 5 << 10;

    private record Validation(ObjectNode source, Expression test, @Nullable Expression message) {}

    static ValidatingPolicy of(ObjectNode object) {
        try {
            var validations = new ArrayList<Validation>();
            for (var validation : Json.objects(object.path("spec"), "validations")) {
                var message = Json.string(validation, "messageExpression");
                validations.add(new Validation(
                        validation,
                        AdmissionLanguage.compile(Json.string(validation, "expression")),
                        message.isBlank() ? null : AdmissionLanguage.compile(message)));
            }
            var notes = new LinkedHashMap<String, Expression>();
            for (var note : Json.objects(object.path("spec"), "auditAnnotations")) {
                notes.put(Json.string(note, "key"), AdmissionLanguage.compile(Json.string(note, "valueExpression")));
            }
            return new ValidatingPolicy(PolicyHead.of(object), List.copyOf(validations), notes);
        } catch (ExpressionException e) {
            return new ValidatingPolicy(PolicyHead.broken(object, e.text()), List.of(), Map.of());
        }
    }

    /// Evaluates conditions and validations.
    void judge(Map<String, Object> surroundings, Budget budget, Verdict say, ValidatingPolicies.Notes told) {
        try {
            if (!head.conditions().hold(surroundings, budget)) {
                return;
            }
        } catch (ExpressionException e) {
            say.failed("failed to evaluate the match conditions: " + Excerpt.of(e.text()));
            return;
        }
        try (var evaluation = new PolicyVariables(head.variables(), surroundings, budget)) {
            evaluate(evaluation, budget, say, told);
        }
    }

    private void evaluate(PolicyVariables evaluation, Budget budget, Verdict say, ValidatingPolicies.Notes told) {
        for (int i = 0; i < validations.size(); i++) {
            var validation = validations.get(i);
            if (budget.isSpent()) {
                say.failed(i, Budget.SPENT);
                return;
            }
            try {
                if (!Boolean.TRUE.equals(evaluation.evaluate(validation.test))) {
                    say.denied(i, Json.string(validation.source, "reason"), message(validation, evaluation));
                }
            } catch (ExpressionException e) {
                say.failed(i, "expression '" + Excerpt.of(validation.test.text()) + "' resulted in error: " + Excerpt.of(e.text()));
            }
        }
        for (var note : notes.entrySet()) {
            if (budget.isSpent()) {
                say.unsaid(Budget.SPENT);
                return;
            }
            note(note.getKey(), note.getValue(), evaluation, say, told);
        }
    }

    private void note(String key, Expression expression, PolicyVariables evaluation, Verdict say, ValidatingPolicies.Notes told) {
        try {
            var value = evaluation.evaluate(expression);
            if (value instanceof String text) {
                // Whatever the name of a policy, it says nothing for the server.
                if (!text.isBlank() && !Annotations.isReserved(head.name() + "/" + key)) {
                    told.add(head.name(), key, text.strip());
                }
            } else if (value != null && !(value instanceof NullValue)) {
                say.unsaid("valueExpression '" + Excerpt.of(expression.text()) + "' resulted in unsupported return type. Return type must be either string or null.");
            }
        } catch (ExpressionException e) {
            say.unsaid("expression '" + Excerpt.of(expression.text()) + "' resulted in error: " + Excerpt.of(e.text()));
        }
    }

    private static String message(Validation validation, PolicyVariables evaluation) {
        if (validation.message != null) {
            try {
                var text = String.valueOf(evaluation.evaluate(validation.message)).strip();
                if (!text.isEmpty() && !text.contains("\n") && text.length() <= LONGEST_MESSAGE) {
                    return text;
                }
            } catch (ExpressionException e) {
                // The fixed message says enough.
            }
        }
        var fixed = Json.string(validation.source, "message").strip();
        return fixed.isEmpty() ? "failed expression: " + Excerpt.of(validation.test.text().strip()) : fixed;
    }
}
