package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The rules of selectors of nodes, by which pods and volumes say where they may be.
final class NodeSelectorValidation {
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
        List<ObjectNode> required = Json.objects(selector, "nodeSelectorTerms");
        for (int i = 0; i < required.size(); i++) {
            term(required.get(i), terms + "[" + i + "]");
        }
    }

    void term(JsonNode term, String at) {
        List<ObjectNode> expressions = Json.objects(term, "matchExpressions");
        for (int i = 0; i < expressions.size(); i++) {
            expression(expressions.get(i), at + ".matchExpressions[" + i + "]");
        }
        List<ObjectNode> fields = Json.objects(term, "matchFields");
        for (int i = 0; i < fields.size(); i++) {
            field(fields.get(i), at + ".matchFields[" + i + "]");
        }
    }

    private void expression(JsonNode expression, String at) {
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
