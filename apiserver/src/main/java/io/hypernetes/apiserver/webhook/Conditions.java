package io.hypernetes.apiserver.webhook;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.cel.AdmissionLanguage;
import io.hypernetes.objects.cel.Budget;
import io.hypernetes.objects.cel.Expression;
import io.hypernetes.objects.cel.ExpressionException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// The match conditions of a webhook or policy: all must hold.
record Conditions(List<Condition> all) {
    record Condition(String name, Expression test) {}

    static Conditions of(JsonNode owner) {
        var all = new ArrayList<Condition>();
        for (var condition : Json.objects(owner, "matchConditions")) {
            all.add(new Condition(
                    Json.string(condition, "name"), AdmissionLanguage.compile(Json.string(condition, "expression"))));
        }
        return new Conditions(List.copyOf(all));
    }

    boolean isEmpty() {
        return all.isEmpty();
    }

    /// Whether all conditions hold. One that is false decides, whatever became of the others.
    ///
    /// @throws ExpressionException when none is false and one cannot be evaluated
    boolean hold(Map<String, Object> variables, Budget budget) {
        ExpressionException failure = null;
        for (var condition : all) {
            try {
                if (!Boolean.TRUE.equals(condition.test.evaluate(variables, budget))) {
                    return false;
                }
            } catch (ExpressionException e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
        return true;
    }
}
