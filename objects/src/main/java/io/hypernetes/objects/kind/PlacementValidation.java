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
    private static final String REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";
    private static final String PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution";

    private final JsonNode spec;
    private final String path;
    private final Errors errors;

    PlacementValidation(JsonNode spec, String path, Errors errors) {
        this.spec = spec;
        this.path = path;
        this.errors = errors;
    }

    void run() {
        nodes(spec.path("affinity").path("nodeAffinity"), path + ".affinity.nodeAffinity");
        for (String kind : List.of("podAffinity", "podAntiAffinity")) {
            pods(spec.path("affinity").path(kind), path + ".affinity." + kind);
        }
        spread();
        List<ObjectNode> gates = Json.objects(spec, "readinessGates");
        for (int i = 0; i < gates.size(); i++) {
            String type = Json.string(gates.get(i), "conditionType");
            errors.invalid(path + ".readinessGates[" + i + "].conditionType", type, Names.qualified(type));
        }
    }

    private void nodes(JsonNode affinity, String at) {
        JsonNode selector = affinity.path(REQUIRED);
        String terms = at + "." + REQUIRED + ".nodeSelectorTerms";
        if (selector.isObject() && selector.path("nodeSelectorTerms").isEmpty()) {
            errors.required(terms, "must have at least one node selector term");
        }
        List<ObjectNode> required = Json.objects(selector, "nodeSelectorTerms");
        for (int i = 0; i < required.size(); i++) {
            nodeTerm(required.get(i), terms + "[" + i + "]");
        }
        List<ObjectNode> preferred = Json.objects(affinity, PREFERRED);
        for (int i = 0; i < preferred.size(); i++) {
            String each = at + "." + PREFERRED + "[" + i + "]";
            weight(preferred.get(i), each);
            nodeTerm(preferred.get(i).path("preference"), each + ".preference");
        }
    }

    private void nodeTerm(JsonNode term, String at) {
        List<ObjectNode> expressions = Json.objects(term, "matchExpressions");
        for (int i = 0; i < expressions.size(); i++) {
            nodeExpression(expressions.get(i), at + ".matchExpressions[" + i + "]");
        }
        List<ObjectNode> fields = Json.objects(term, "matchFields");
        for (int i = 0; i < fields.size(); i++) {
            nodeField(fields.get(i), at + ".matchFields[" + i + "]");
        }
    }

    private void nodeExpression(JsonNode expression, String at) {
        String operator = Json.string(expression, "operator");
        if (operator.equals("Gt") || operator.equals("Lt")) {
            if (expression.path("values").size() != 1) {
                errors.required(at + ".values", "must be specified single value when `operator` is 'Lt' or 'Gt'");
            }
            errors.invalid(at + ".key", Json.string(expression, "key"), Names.qualified(Json.string(expression, "key")));
        } else {
            WorkloadValidation.requirement(expression, at, errors);
        }
    }

    /// A node's name is all that can be asked for beside its labels.
    private void nodeField(JsonNode field, String at) {
        String operator = Json.string(field, "operator");
        JsonNode values = field.path("values");
        if (!operator.equals("In") && !operator.equals("NotIn")) {
            errors.invalid(at + ".operator", operator, "not a valid selector operator");
        } else if (values.size() != 1) {
            errors.required(at + ".values", "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
        }
        String key = Json.string(field, "key");
        if (!key.equals("metadata.name")) {
            errors.invalid(at + ".key", key, "not a valid field selector key");
            return;
        }
        for (int i = 0; i < values.size(); i++) {
            String name = values.path(i).asString("");
            errors.invalid(at + ".values[" + i + "]", name, Names.subdomain(name));
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
            WorkloadValidation.selector(constraint.path("labelSelector"), at + ".labelSelector", errors);
        }
    }
}
