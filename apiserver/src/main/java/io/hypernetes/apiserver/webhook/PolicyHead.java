package io.hypernetes.apiserver.webhook;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.cel.AdmissionLanguage;
import io.hypernetes.objects.cel.Expression;
import io.hypernetes.objects.cel.ExpressionException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What policies have in common, whether they validate or mutate; compiled.
///
/// @param broken why the policy cannot be compiled, which an earlier server let pass; null when it can
record PolicyHead(String name, JsonNode spec, Conditions conditions, Map<String, Expression> variables, @Nullable String broken) {
    static PolicyHead of(ObjectNode object) {
        var spec = object.path("spec");
        try {
            var variables = new LinkedHashMap<String, Expression>();
            for (var variable : Json.objects(spec, "variables")) {
                variables.put(Json.string(variable, "name"), AdmissionLanguage.compile(Json.string(variable, "expression")));
            }
            return new PolicyHead(Json.string(object, "metadata", "name"), spec, Conditions.of(spec), variables, null);
        } catch (ExpressionException e) {
            return broken(object, e.text());
        }
    }

    /// Of a policy that cannot be compiled.
    static PolicyHead broken(ObjectNode object, String why) {
        return new PolicyHead(Json.string(object, "metadata", "name"), object.path("spec"), new Conditions(List.of()), Map.of(), why);
    }

    /// Whether an evaluation that fails is as good as none.
    boolean ignoresFailure() {
        return Json.string(spec, "failurePolicy").equals("Ignore");
    }
}
