package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// FlowSchemas.
final class FlowSchemaRules implements KindRules {
    private static final List<String> METHODS = List.of("ByNamespace", "ByUser");
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
        String name = Json.string(flows, "metadata", "name");
        long precedence = Json.number(spec, 0, "matchingPrecedence");
        String at = "spec.matchingPrecedence";
        if (precedence <= 0) {
            errors.invalid(at, precedence, "must be a positive value");
        } else if (precedence > 10_000) {
            errors.invalid(at, precedence, "must not be greater than 10000");
        } else if (precedence == 1 && !name.equals("exempt")) {
            errors.invalid(at, precedence, "only the schema named 'exempt' may have matchingPrecedence 1");
        }
        JsonNode method = spec.path("distinguisherMethod");
        if (method.isObject() && !METHODS.contains(Json.string(method, "type"))) {
            errors.add(FieldError.notSupported("spec.distinguisherMethod.type", method, METHODS));
        }
        String level = Json.string(spec, "priorityLevelConfiguration", "name");
        if (level.isEmpty()) {
            errors.required("spec.priorityLevelConfiguration.name", "must reference a priority level");
        } else {
            errors.invalid("spec.priorityLevelConfiguration.name", level, Names.subdomain(level));
        }
        List<ObjectNode> rules = Json.objects(spec, "rules");
        for (int i = 0; i < rules.size(); i++) {
            FlowRuleValidation.rule(rules.get(i), "spec.rules[" + i + "]", errors);
        }
    }

    @Override
    public void validateStatus(ObjectNode flows, ObjectNode old, Errors errors) {
        StatusValidation.types(flows, errors);
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
