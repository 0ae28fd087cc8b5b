package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// PriorityLevelConfigurations.
final class PriorityLevelConfigurationRules implements KindRules {
    private static final int MOST_QUEUES = 10_000_000;
    private static final int MOST_ENTROPY = 60;
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
        if (Json.string(level, "metadata", "name").equals("exempt") != type.equals("Exempt")) {
            errors.invalid("spec.type", type, "type must be 'Exempt' if and only if name is 'exempt'");
        }
        switch (type) {
            case "Exempt" -> {
                if (spec.path("limited").isObject()) {
                    errors.forbidden("spec.limited", "must be nil if the type is not Limited");
                }
                shares(spec.path("exempt"), "spec.exempt", errors);
                lendable(spec.path("exempt"), "spec.exempt", errors);
            }
            case "Limited" -> {
                if (spec.path("exempt").isObject()) {
                    errors.forbidden("spec.exempt", "must be nil if the type is Limited");
                }
                if (spec.path("limited").isObject()) {
                    limited(spec.path("limited"), errors);
                } else {
                    errors.required("spec.limited", "must not be empty when type is Limited");
                }
            }
            default -> errors.oneOf("spec.type", type, List.of("Exempt", "Limited"));
        }
    }

    @Override
    public void validateStatus(ObjectNode level, ObjectNode old, Errors errors) {
        StatusValidation.types(level, errors);
    }

    private static void shares(JsonNode limits, String at, Errors errors) {
        long shares = Json.number(limits, 0, "nominalConcurrencyShares");
        if (shares < 0) {
            errors.invalid(at + ".nominalConcurrencyShares", shares, "must be a non-negative integer");
        }
    }

    private static void lendable(JsonNode limits, String at, Errors errors) {
        long lendable = Json.number(limits, 0, "lendablePercent");
        if (lendable < 0 || lendable > 100) {
            errors.invalid(at + ".lendablePercent", lendable, "must be between 0 and 100, inclusive");
        }
    }

    private static void limited(JsonNode limited, Errors errors) {
        String at = "spec.limited";
        shares(limited, at, errors);
        JsonNode response = limited.path("limitResponse");
        JsonNode queuing = response.path("queuing");
        switch (Json.string(response, "type")) {
            case "Reject" -> {
                if (queuing.isObject()) {
                    errors.forbidden(at + ".limitResponse.queuing", "must be nil if limited.limitResponse.type is not Limited");
                }
            }
            case "Queue" -> {
                if (queuing.isObject()) {
                    queues(queuing, at + ".limitResponse.queuing", errors);
                } else {
                    errors.required(at + ".limitResponse.queuing", "must not be empty if limited.limitResponse.type is Limited");
                }
            }
            default -> errors.oneOf(at + ".limitResponse.type", Json.string(response, "type"), List.of("Queue", "Reject"));
        }
        lendable(limited, at, errors);
        long borrowed = Json.number(limited, 0, "borrowingLimitPercent");
        if (borrowed < 0) {
            errors.invalid(at + ".borrowingLimitPercent", borrowed, "if specified, must be a non-negative integer");
        }
    }

    private static void queues(JsonNode queuing, String at, Errors errors) {
        long queues = Json.number(queuing, 0, "queues");
        long hand = Json.number(queuing, 0, "handSize");
        if (Json.number(queuing, 0, "queueLengthLimit") <= 0) {
            errors.invalid(at + ".queueLengthLimit", Json.number(queuing, 0, "queueLengthLimit"), "must be positive");
        }
        if (queues <= 0) {
            errors.invalid(at + ".queues", queues, "must be positive");
        } else if (queues > MOST_QUEUES) {
            errors.invalid(at + ".queues", queues, "must not be greater than " + MOST_QUEUES);
        }
        if (hand <= 0) {
            errors.invalid(at + ".handSize", hand, "must be positive");
        } else if (hand > queues) {
            errors.invalid(at + ".handSize", hand, "should not be greater than queues (" + queues + ")");
        } else if (entropy(queues, hand) > MOST_ENTROPY) {
            errors.invalid(at + ".handSize", hand, "required entropy bits of deckSize " + queues + " and handSize " + hand + " should not be greater than " + MOST_ENTROPY);
        }
    }

    /// How many bits choose a hand of queues, as upstream's `RequiredEntropyBits` reckons: for each queue as many as for the first.
    private static long entropy(long queues, long hand) {
        int whole = Math.getExponent((double) queues);
        // Exact for powers of two, for which a quotient of logarithms alone may come out a little more.
        double bits = whole + Math.log(Math.scalb((double) queues, -whole)) / Math.log(2);
        return (long) Math.ceil(bits * hand);
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
