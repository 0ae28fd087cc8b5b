package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// PriorityLevelConfigurations.
final class PriorityLevelConfigurationRules implements KindRules {
    private static final Layout LAYOUT = Layout.named()
            .text("Type", "Whether it is limited.", "spec", "type")
            .cell("NominalConcurrencyShares", "Its share of requests at a time.", l -> number(limits(l).path("nominalConcurrencyShares")))
            .cell("Queues", "How many queues it has.", l -> number(queuing(l).path("queues")))
            .cell("HandSize", "From how many queues a flow may choose.", l -> number(queuing(l).path("handSize")))
            .cell("QueueLengthLimit", "How many requests may wait in a queue.", l -> number(queuing(l).path("queueLengthLimit")))
            .age();

    private static JsonNode limits(ObjectNode level) {
        return level.path("spec").path(Json.string(level, "spec", "type").equals("Exempt") ? "exempt" : "limited");
    }

    private static JsonNode queuing(ObjectNode level) {
        return level.path("spec").path("limited").path("limitResponse").path("queuing");
    }

    private static String number(JsonNode value) {
        return value.isIntegralNumber() ? Long.toString(value.longValue()) : "<none>";
    }

    @Override
    public void defaults(ObjectNode level) {
        ObjectNode spec = Json.child(level, "spec");
        if (Json.string(spec, "type").equals("Exempt")) {
            ObjectNode exempt = Json.child(spec, "exempt");
            Json.setDefault(exempt, "nominalConcurrencyShares", 0);
            Json.setDefault(exempt, "lendablePercent", 0);
        }
        if (spec.get("limited") instanceof ObjectNode limited) {
            Json.setDefault(limited, "nominalConcurrencyShares", 30);
            Json.setDefault(limited, "lendablePercent", 0);
            if (limited.path("limitResponse").get("queuing") instanceof ObjectNode queuing) {
                Json.setDefault(queuing, "queues", 64);
                Json.setDefault(queuing, "handSize", 8);
                Json.setDefault(queuing, "queueLengthLimit", 50);
            }
        }
    }

    @Override
    public boolean countsGeneration() {
        return true;
    }

    @Override
    public void validate(ObjectNode level, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(level);
        String type = Json.string(spec, "type");
        errors.oneOf("spec.type", type, List.of("Exempt", "Limited"));
        if (type.equals("Limited") && !spec.path("limited").isObject()) {
            errors.required("spec.limited", "must not be empty when type is Limited");
        } else if (type.equals("Exempt") && spec.path("limited").isObject()) {
            errors.forbidden("spec.limited", "must be nil if the type is not Limited");
        }
        if (type.equals("Limited")) {
            JsonNode limited = spec.path("limited");
            String response = Json.string(limited, "limitResponse", "type");
            errors.oneOf("spec.limited.limitResponse.type", response, List.of("Queue", "Reject"));
            if (response.equals("Queue") && !limited.path("limitResponse").path("queuing").isObject()) {
                errors.required("spec.limited.limitResponse.queuing", "must not be empty if limit response type is Queue");
            }
        }
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
