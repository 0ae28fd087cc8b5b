package io.hypernetes.apiserver.webhook;

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
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// A compiled ValidatingAdmissionPolicy.
///
/// @param broken why it cannot be compiled, which an earlier server let pass; null when it can
record Policy(
        String name,
        JsonNode spec,
        Conditions conditions,
        Map<String, Expression> variables,
        List<Validation> validations,
        @Nullable String broken) {
    private static final int LONGEST_MESSAGE = 5 << 10;

    private record Validation(ObjectNode source, Expression test, @Nullable Expression message) {}

    static Policy of(ObjectNode object) {
        var name = Json.string(object, "metadata", "name");
        var spec = object.path("spec");
        try {
            var variables = new LinkedHashMap<String, Expression>();
            for (var variable : Json.objects(spec, "variables")) {
                variables.put(Json.string(variable, "name"), AdmissionLanguage.compile(Json.string(variable, "expression")));
            }
            var validations = new ArrayList<Validation>();
            for (var validation : Json.objects(spec, "validations")) {
                var message = Json.string(validation, "messageExpression");
                validations.add(new Validation(
                        validation,
                        AdmissionLanguage.compile(Json.string(validation, "expression")),
                        message.isBlank() ? null : AdmissionLanguage.compile(message)));
            }
            return new Policy(name, spec, Conditions.of(spec), variables, List.copyOf(validations), null);
        } catch (ExpressionException e) {
            return new Policy(name, spec, new Conditions(List.of()), Map.of(), List.of(), e.text());
        }
    }

    boolean ignoresFailure() {
        return Json.string(spec, "failurePolicy").equals("Ignore");
    }

    /// Evaluates conditions and validations.
    void judge(Map<String, Object> surroundings, Budget budget, Verdict say) {
        try {
            if (!conditions.hold(surroundings, budget)) {
                return;
            }
        } catch (ExpressionException e) {
            say.failed("failed to evaluate the match conditions: " + e.text());
            return;
        }
        var evaluation = new PolicyVariables(variables, surroundings, budget);
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
