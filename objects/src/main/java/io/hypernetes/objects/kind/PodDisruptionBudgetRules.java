package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// PodDisruptionBudgets.
final class PodDisruptionBudgetRules implements KindRules {
    private static final Layout LAYOUT = Layout.named()
            .cell("Min Available", "How many pods must stay.", b -> orNotApplicable(b.path("spec").path("minAvailable")))
            .cell("Max Unavailable", "How many pods may be missing.", b -> orNotApplicable(b.path("spec").path("maxUnavailable")))
            .integer("Allowed Disruptions", "How many pods may be evicted now.", "status", "disruptionsAllowed")
            .age();

    private static String orNotApplicable(JsonNode value) {
        return value.isMissingNode() ? "N/A" : value.asString("N/A");
    }

    @Override
    public boolean countsGeneration() {
        return true;
    }

    @Override
    public void validate(ObjectNode budget, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(budget);
        if (Json.present(spec.get("minAvailable")) && Json.present(spec.get("maxUnavailable"))) {
            errors.invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set");
        }
        WorkloadValidation.intOrPercent(spec.path("minAvailable"), "spec.minAvailable", true, errors);
        WorkloadValidation.intOrPercent(spec.path("maxUnavailable"), "spec.maxUnavailable", true, errors);
        WorkloadValidation.selector(spec.path("selector"), "spec.selector", errors);
        if (Json.present(spec.get("unhealthyPodEvictionPolicy"))) {
            errors.oneOf("spec.unhealthyPodEvictionPolicy", Json.string(spec, "unhealthyPodEvictionPolicy"), List.of("AlwaysAllow", "IfHealthyBudget"));
        }
    }

    @Override
    public void validateStatus(ObjectNode budget, ObjectNode old, Errors errors) {
        StatusValidation.conditions(Json.objects(budget.path("status"), "conditions"), "status.conditions", errors);
        StatusValidation.counts(budget, errors, List.of("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"));
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
