package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The rules of what a pod says about where it wants to be, on nodes and among other pods: affinity, spread, readiness gates. One use each.
final class PlacementValidation {
    static final String REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";
    static final String PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution";

    private final JsonNode spec;
    private final String path;
    private final Errors errors;

    PlacementValidation(JsonNode spec, String path, Errors errors) {
        this.spec = spec;
        this.path = path;
        this.errors = errors;
    }

    void run() {
        JsonNode affinity = spec.path("affinity");
        if (!affinity.isEmpty()) {
            nodes(affinity.path("nodeAffinity"), path + ".affinity.nodeAffinity");
            for (String kind : List.of("podAffinity", "podAntiAffinity")) {
                pods(affinity.path(kind), path + ".affinity." + kind);
            }
        }
        spread();
        List<ObjectNode> gates = Json.objects(spec, "readinessGates");
        for (int i = 0; i < gates.size(); i++) {
            String type = Json.string(gates.get(i), "conditionType");
            errors.invalid(path + ".readinessGates[" + i + "].conditionType", type, Names.qualified(type));
        }
    }

    private void nodes(JsonNode affinity, String at) {
        NodeSelectorValidation selectors = new NodeSelectorValidation(errors);
        selectors.selector(affinity.path(REQUIRED), at + "." + REQUIRED);
        if (selectors.tooManyPreferred(affinity, PREFERRED, at)) {
            return;
        }
        List<ObjectNode> preferred = Json.objects(affinity, PREFERRED);
        for (int i = 0; i < preferred.size(); i++) {
            String each = at + "." + PREFERRED + "[" + i + "]";
            weight(preferred.get(i), each);
            selectors.term(preferred.get(i).path("preference"), each + ".preference");
        }
    }

    private void weight(ObjectNode term, String at) {
        long weight = Json.number(term, 0, "weight");
        if (weight < 1 || weight > 100) {
            errors.invalid(at + ".weight", weight, "must be in the range 1-100");
        }
    }

    private void pods(JsonNode affinity, String at) {
        List<ObjectNode> required = Json.objects(affinity, REQUIRED);
        for (int i = 0; i < required.size(); i++) {
            term(required.get(i), at + "." + REQUIRED + "[" + i + "]");
        }
        List<ObjectNode> preferred = Json.objects(affinity, PREFERRED);
        for (int i = 0; i < preferred.size(); i++) {
            String each = at + "." + PREFERRED + "[" + i + "]";
            weight(preferred.get(i), each);
            term(preferred.get(i).path("podAffinityTerm"), each + ".podAffinityTerm");
        }
    }

    private void term(JsonNode term, String at) {
        WorkloadValidation.selector(term.path("labelSelector"), at + ".labelSelector", errors);
        MatchLabelKeys.validate(term, at, errors);
        WorkloadValidation.selector(term.path("namespaceSelector"), at + ".namespaceSelector", errors);
        for (JsonNode namespace : term.path("namespaces")) {
            errors.invalid(at + ".namespace", namespace.asString(""), Names.label(namespace.asString("")));
        }
        String key = Json.string(term, "topologyKey");
        if (key.isEmpty()) {
            errors.required(at + ".topologyKey", "can not be empty");
        } else {
            errors.invalid(at + ".topologyKey", key, Names.qualified(key));
        }
    }

    private void spread() {
        Set<String> seen = new HashSet<>();
        List<ObjectNode> constraints = Json.objects(spec, "topologySpreadConstraints");
        for (int i = 0; i < constraints.size(); i++) {
            String at = path + ".topologySpreadConstraints[" + i + "]";
            ObjectNode constraint = constraints.get(i);
            long skew = Json.number(constraint, 0, "maxSkew");
            if (skew <= 0) {
                errors.invalid(at + ".maxSkew", skew, "must be greater than zero");
            }
            String key = Json.string(constraint, "topologyKey");
            if (key.isEmpty()) {
                errors.required(at + ".topologyKey", "can not be empty");
            } else {
                errors.invalid(at + ".topologyKey", key, Names.qualified(key));
            }
            String otherwise = Json.string(constraint, "whenUnsatisfiable");
            errors.oneOf(at + ".whenUnsatisfiable", otherwise, List.of("DoNotSchedule", "ScheduleAnyway"));
            if (!seen.add(key + " " + otherwise)) {
                errors.duplicate(at + ".{topologyKey, whenUnsatisfiable}", "{" + key + ", " + otherwise + "}");
            }
            if (constraint.has("minDomains")) {
                long domains = Json.number(constraint, 0, "minDomains");
                if (domains <= 0) {
                    errors.invalid(at + ".minDomains", domains, "must be greater than zero");
                } else if (!otherwise.equals("DoNotSchedule")) {
                    errors.invalid(
                            at + ".minDomains",
                            domains,
                            "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not " + otherwise);
                }
            }
            for (String policy : List.of("nodeAffinityPolicy", "nodeTaintsPolicy")) {
                String value = Json.string(constraint, policy);
                if (!value.isEmpty()) {
                    errors.oneOf(at + "." + policy, value, List.of("Honor", "Ignore"));
                }
            }
            MatchLabelKeys.validate(constraint, at, errors);
            WorkloadValidation.selector(constraint.path("labelSelector"), at + ".labelSelector", errors);
        }
    }
}
