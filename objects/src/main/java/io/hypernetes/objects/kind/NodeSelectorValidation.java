package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The rules of selectors of nodes, by which pods and volumes say where they may be.
///
/// Upstream has as many terms as fit an object. Whoever reads it as objects, as components do that serve all tenants, has fifty times the room of its text for
/// terms that say nothing, so there are as many as anybody writes.
final class NodeSelectorValidation {
    private static final int MOST_TERMS = 500;
    /// Of one term.
    private static final int MOST_REQUIREMENTS = 500;
    /// Of one requirement: names of nodes, say.
    private static final int MOST_VALUES = 5000;

    private final Errors errors;

    NodeSelectorValidation(Errors errors) {
        this.errors = errors;
    }

    /// @param selector nothing is wrong with one that is missing
    void selector(JsonNode selector, String at) {
        String terms = at + ".nodeSelectorTerms";
        if (selector.isObject() && selector.path("nodeSelectorTerms").isEmpty()) {
            errors.required(terms, "must have at least one node selector term");
        }
        if (tooMany(selector, "nodeSelectorTerms", at, MOST_TERMS)) {
            return;
        }
        List<ObjectNode> required = Json.objects(selector, "nodeSelectorTerms");
        for (int i = 0; i < required.size(); i++) {
            term(required.get(i), terms + "[" + i + "]");
        }
    }

    /// Whether there are too many terms in a list of preferences, which is told.
    boolean tooManyPreferred(JsonNode affinity, String list, String at) {
        return tooMany(affinity, list, at, MOST_TERMS);
    }

    void term(JsonNode term, String at) {
        if (tooMany(term, "matchExpressions", at, MOST_REQUIREMENTS) | tooMany(term, "matchFields", at, MOST_REQUIREMENTS)) {
            return;
        }
        List<ObjectNode> expressions = Json.objects(term, "matchExpressions");
        for (int i = 0; i < expressions.size(); i++) {
            expression(expressions.get(i), at + ".matchExpressions[" + i + "]");
        }
        List<ObjectNode> fields = Json.objects(term, "matchFields");
        for (int i = 0; i < fields.size(); i++) {
            field(fields.get(i), at + ".matchFields[" + i + "]");
        }
    }

    private boolean tooMany(JsonNode of, String list, String at, int most) {
        int count = of.path(list).size();
        if (count > most) {
            errors.add(FieldError.tooMany(at + "." + list, count, most));
        }
        return count > most;
    }

    private void expression(JsonNode expression, String at) {
        tooMany(expression, "values", at, MOST_VALUES);
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
    private void field(JsonNode field, String at) {
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
}
