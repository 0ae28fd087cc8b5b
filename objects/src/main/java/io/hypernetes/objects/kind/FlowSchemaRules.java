package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// FlowSchemas.
final class FlowSchemaRules implements KindRules {
    private static final Layout LAYOUT = Layout.named()
            .text("PriorityLevel", "The level of its requests.", "spec", "priorityLevelConfiguration", "name")
            .count("MatchingPrecedence", "The lower, the sooner it is asked.", "spec", "matchingPrecedence")
            .orNone("DistinguisherMethod", "What tells its flows apart.", "spec", "distinguisherMethod", "type")
            .age()
            .cell("MissingPL", "Whether its level is missing.", FlowSchemaRules::dangling);

    /// Whoever uses the kind that has no effect is told each time.
    @Override
    public String deprecation() {
        return "FlowSchemas are stored, but requests are shared out fairly by tenant and user without them";
    }

    @Override
    public void defaults(ObjectNode flows) {
        Json.setDefault(Json.child(flows, "spec"), "matchingPrecedence", 1000);
    }

    @Override
    public boolean countsGeneration() {
        return true;
    }

    @Override
    public void validate(ObjectNode flows, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(flows);
        long precedence = Json.number(spec, 0, "matchingPrecedence");
        if (precedence <= 0 || precedence > 10_000) {
            errors.invalid("spec.matchingPrecedence", precedence, "must be a positive value less than or equal to 10000");
        }
        if (Json.string(spec, "priorityLevelConfiguration", "name").isEmpty()) {
            errors.required("spec.priorityLevelConfiguration.name", "must reference a priority level");
        }
        String method = Json.string(spec, "distinguisherMethod", "type");
        if (!method.isEmpty()) {
            errors.oneOf("spec.distinguisherMethod", method, List.of("ByNamespace", "ByUser"));
        }
    }

    private static String dangling(ObjectNode flows) {
        for (ObjectNode condition : Json.objects(flows.path("status"), "conditions")) {
            if (Json.string(condition, "type").equals("Dangling")) {
                return Json.string(condition, "status");
            }
        }
        return "?";
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
