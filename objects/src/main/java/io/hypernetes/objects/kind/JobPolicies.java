package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// When a job has failed or succeeded before its time, and who sees to it.
final class JobPolicies {
    private static final int MOST_RULES = 20;
    private static final int MOST_CODES = 255;
    private static final int MOST_CONDITIONS = 20;
    private static final int LONGEST_INDEXES = 64 << 10;
    private static final int LONGEST_MANAGER = 63;
    private static final String PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";

    private JobPolicies() {}

    /// The name of a controller, with its domain.
    static void manager(String name, String at, Errors errors) {
        domainPath(name, at, errors);
        if (name.length() > LONGEST_MANAGER) {
            errors.add(FieldError.tooLong(at, LONGEST_MANAGER));
        }
    }

    /// A domain, a slash and a path.
    static void domainPath(String name, String at, Errors errors) {
        int slash = name.indexOf('/');
        if (name.isEmpty()) {
            errors.required(at, "");
        } else if (slash <= 0 || slash == name.length() - 1) {
            errors.invalid(at, name, "must be a domain-prefixed path (such as \"acme.io/foo\")");
        } else {
            errors.invalid(at, name.substring(0, slash), Names.subdomain(name.substring(0, slash)));
            String path = name.substring(slash + 1);
            if (!path.matches(PATH)) {
                errors.invalid(at, path, "Invalid path (regex used for validation is '" + PATH + "')");
            }
        }
    }

    static void failure(ObjectNode spec, String path, Errors errors) {
        String at = path + ".podFailurePolicy.rules";
        List<ObjectNode> rules = Json.objects(spec.path("podFailurePolicy"), "rules");
        if (rules.size() > MOST_RULES) {
            errors.add(FieldError.tooMany(at, rules.size(), MOST_RULES));
        }
        Set<String> containers = new HashSet<>();
        for (String list : List.of("containers", "initContainers")) {
            Json.objects(spec.path("template").path("spec"), list).forEach(container -> containers.add(Json.string(container, "name")));
        }
        for (int i = 0; i < rules.size(); i++) {
            failure(rules.get(i), at + "[" + i + "]", Json.present(spec.get("backoffLimitPerIndex")), containers, errors);
        }
    }

    private static void failure(ObjectNode rule, String at, boolean perIndex, Set<String> containers, Errors errors) {
        String action = Json.string(rule, "action");
        if (action.isEmpty()) {
            errors.required(at + ".action", "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]");
        } else {
            errors.oneOf(at + ".action", action, List.of("Count", "FailIndex", "FailJob", "Ignore"));
        }
        if (action.equals("FailIndex") && !perIndex) {
            errors.invalid(at + ".action", action, "requires the backoffLimitPerIndex to be set");
        }
        boolean codes = rule.path("onExitCodes").isObject();
        boolean conditions = !rule.path("onPodConditions").isEmpty();
        if (codes) {
            codes(rule.path("onExitCodes"), at + ".onExitCodes", containers, errors);
        }
        conditions(Json.objects(rule, "onPodConditions"), at + ".onPodConditions", errors);
        if (codes == conditions) {
            errors.invalidUnshown(
                    at,
                    codes ? "specifying both OnExitCodes and OnPodConditions is not supported"
                            : "specifying one of OnExitCodes and OnPodConditions is required");
        }
    }

    private static void codes(JsonNode rule, String at, Set<String> containers, Errors errors) {
        String operator = Json.string(rule, "operator");
        if (operator.isEmpty()) {
            errors.required(at + ".operator", "valid values: [\"In\" \"NotIn\"]");
        } else {
            errors.oneOf(at + ".operator", operator, List.of("In", "NotIn"));
        }
        String container = Json.string(rule, "containerName");
        if (Json.present(rule.get("containerName")) && !containers.contains(container)) {
            errors.invalid(at + ".containerName", container, "must be one of the container or initContainer names in the pod template");
        }
        JsonNode values = rule.path("values");
        if (values.isEmpty()) {
            errors.invalid(at + ".values", values, "at least one value is required");
        } else if (values.size() > MOST_CODES) {
            errors.add(FieldError.tooMany(at + ".values", values.size(), MOST_CODES));
        }
        Set<Integer> known = new HashSet<>();
        boolean ordered = true;
        for (int i = 0; i < values.size(); i++) {
            int value = values.path(i).asInt(-1);
            if (operator.equals("In") && value == 0) {
                errors.invalid(at + ".values[" + i + "]", 0, "must not be 0 for the In operator");
            }
            if (!known.add(value)) {
                errors.add(FieldError.duplicate(at + ".values[" + i + "]", values.path(i)));
            }
            ordered &= i == 0 || values.path(i - 1).asInt(-1) <= value;
        }
        if (!ordered) {
            errors.invalid(at + ".values", values, "must be ordered");
        }
    }

    private static void conditions(List<ObjectNode> conditions, String at, Errors errors) {
        if (conditions.size() > MOST_CONDITIONS) {
            errors.add(FieldError.tooMany(at, conditions.size(), MOST_CONDITIONS));
        }
        for (int i = 0; i < conditions.size(); i++) {
            String each = at + "[" + i + "]";
            String type = Json.string(conditions.get(i), "type");
            errors.invalid(each + ".type", type, Names.qualified(type));
            String status = Json.string(conditions.get(i), "status");
            if (status.isEmpty()) {
                errors.required(each + ".status", "valid values: [\"False\" \"True\" \"Unknown\"]");
            } else {
                errors.oneOf(each + ".status", status, List.of("False", "True", "Unknown"));
            }
        }
    }

    /// @param at where the rules stand
    static void success(ObjectNode spec, String at, Errors errors) {
        List<ObjectNode> rules = Json.objects(spec.path("successPolicy"), "rules");
        long completions = Json.number(spec, 0, "completions");
        if (rules.isEmpty()) {
            errors.required(at, "at least one rules must be specified when the successPolicy is specified");
        } else if (rules.size() > MOST_RULES) {
            errors.add(FieldError.tooMany(at, rules.size(), MOST_RULES));
        }
        for (int i = 0; i < rules.size(); i++) {
            success(rules.get(i), at + "[" + i + "]", completions, errors);
        }
    }

    private static void success(ObjectNode rule, String at, long completions, Errors errors) {
        boolean counted = Json.present(rule.get("succeededCount"));
        boolean named = Json.present(rule.get("succeededIndexes"));
        if (!counted && !named) {
            errors.required(at, "at least one of succeededCount or succeededIndexes must be specified");
        }
        long indexes = 0;
        String text = Json.string(rule, "succeededIndexes");
        if (named) {
            if (text.length() > LONGEST_INDEXES) {
                errors.add(FieldError.tooLong(at + ".succeededIndexes", LONGEST_INDEXES));
            }
            try {
                indexes = JobIndexes.count(text, completions);
            } catch (IllegalArgumentException e) {
                errors.invalid(at + ".succeededIndexes", text, "error parsing succeededIndexes: " + e.getMessage());
            }
        }
        long count = Json.number(rule, 0, "succeededCount");
        if (counted && count < 0) {
            errors.invalid(at + ".succeededCount", count, "must be greater than or equal to 0");
        }
        if (counted && count > completions) {
            errors.invalid(at + ".succeededCount", count, "must be less than or equal to " + completions + " (the number of specified completions)");
        }
        if (counted && named && count > indexes) {
            errors.invalid(at + ".succeededCount", count,
                    "must be less than or equal to " + indexes + " (the number of indexes in the specified succeededIndexes field)");
        }
    }
}
