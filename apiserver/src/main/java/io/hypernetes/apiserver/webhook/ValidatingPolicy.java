package io.hypernetes.apiserver.webhook;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.cel.AdmissionLanguage;
import io.hypernetes.objects.cel.Budget;
import io.hypernetes.objects.cel.Expression;
import io.hypernetes.objects.cel.ExpressionException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// A compiled ValidatingAdmissionPolicy.
record ValidatingPolicy(PolicyHead head, List<Validation> validations) implements BoundPolicies.Compiled {
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
            return new ValidatingPolicy(PolicyHead.of(object), List.copyOf(validations));
        } catch (ExpressionException e) {
            return new ValidatingPolicy(PolicyHead.broken(object, e.text()), List.of());
        }
    }

    /// Evaluates conditions and validations.
    void judge(Map<String, Object> surroundings, Budget budget, Verdict say) {
        try {
            if (!head.conditions().hold(surroundings, budget)) {
                return;
            }
        } catch (ExpressionException e) {
            say.failed("failed to evaluate the match conditions: " + e.text());
            return;
        }
        var evaluation = new PolicyVariables(head.variables(), surroundings, budget);
        for (var validation : validations) {
            try {
                if (!Boolean.TRUE.equals(evaluation.evaluate(validation.test))) {
                    say.denied(Json.string(validation.source, "reason"), message(validation, evaluation));
                }
            } catch (ExpressionException e) {
                say.failed("expression '" + validation.test.text() + "' resulted in error: " + e.text());
            }
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
        return fixed.isEmpty() ? "failed expression: " + validation.test.text().strip() : fixed;
    }
}
