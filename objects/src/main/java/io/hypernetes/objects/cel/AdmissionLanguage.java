package io.hypernetes.objects.cel;

import dev.cel.common.types.CelType;
import dev.cel.common.types.MapType;
import dev.cel.common.types.SimpleType;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The expressions of admission: `object`, `oldObject`, `request`, `params`, `namespaceObject` and `variables`, none of them with a type
/// of its own, and `authorizer`. Thread-safe.
public final class AdmissionLanguage {
    private AdmissionLanguage() {}

    /// Made when the first expression is met.
    private static final class Holder {
        static final Environment ENVIRONMENT = Environment.of(variables(), List.of());

        private static Map<String, CelType> variables() {
            Map<String, CelType> variables = new HashMap<>(Authorizer.variables());
            List.of("object", "oldObject", "request", "params", "namespaceObject").forEach(name -> variables.put(name, SimpleType.DYN));
            variables.put("variables", MapType.create(SimpleType.STRING, SimpleType.DYN));
            return variables;
        }
    }

    /// What `authorizer` is in the surroundings of an expression, to be added to its other variables.
    ///
    /// @param group of the resource that the request is about, and so on; as [Rights#onResource] wants them
    public static Map<String, Object> authorizer(
            Rights rights, String group, String resource, String subresource, String namespace, String name) {
        return Map.of(
                "authorizer", rights,
                "authorizer.requestResource", new Authorizer.Resource(rights, group, resource, subresource, namespace, name));
    }

    static Environment environment() {
        return Holder.ENVIRONMENT;
    }

    /// Compiles an expression.
    ///
    /// @throws ExpressionException when it cannot be
    public static Expression compile(String text) {
        return CompiledExpressions.owned("admission", text, Holder.ENVIRONMENT::compile);
    }

    /// How many expressions an admission policy's `spec` has but for its mutations.
    public static int count(JsonNode spec) {
        long messages = Json.objects(spec, "validations").stream().filter(each -> !Json.string(each, "messageExpression").isBlank()).count();
        return (int) messages + Stream.of("matchConditions", "variables", "validations", "auditAnnotations").mapToInt(list -> spec.path(list).size()).sum();
    }

    /// What is wrong with the match conditions of a webhook or policy.
    ///
    /// @param size of the object whose they are; what is beyond it is not looked at
    public static List<FieldError> checkConditions(JsonNode owner, String path, ExpressionsSize size) {
        List<FieldError> errors = new ArrayList<>();
        int i = 0;
        for (ObjectNode condition : Json.objects(owner, "matchConditions")) {
            check(condition, "expression", path + "matchConditions[" + i++ + "]", SimpleType.BOOL, "must evaluate to bool", size, errors);
        }
        return errors;
    }

    /// What is wrong with the expressions of an admission policy's `spec`.
    ///
    /// @param size of the policy; what is beyond it is not looked at
    public static List<FieldError> checkPolicy(JsonNode spec, ExpressionsSize size) {
        List<FieldError> errors = new ArrayList<>(checkConditions(spec, "spec.", size));
        int i = 0;
        for (ObjectNode variable : Json.objects(spec, "variables")) {
            check(variable, "expression", "spec.variables[" + i++ + "]", SimpleType.DYN, "", size, errors);
        }
        i = 0;
        for (ObjectNode validation : Json.objects(spec, "validations")) {
            String at = "spec.validations[" + i++ + "]";
            check(validation, "expression", at, SimpleType.BOOL, "must evaluate to bool", size, errors);
            if (!Json.string(validation, "messageExpression").isBlank()) {
                check(validation, "messageExpression", at, SimpleType.STRING, "must evaluate to string", size, errors);
            }
        }
        i = 0;
        for (ObjectNode annotation : Json.objects(spec, "auditAnnotations")) {
            check(annotation, "valueExpression", "spec.auditAnnotations[" + i++ + "]", SimpleType.DYN, "", size, errors);
        }
        return errors;
    }

    private static void check(
            ObjectNode owner, String field, String path, CelType wanted, String otherwise, ExpressionsSize size, List<FieldError> errors) {
        String text = Json.string(owner, field);
        if (text.isBlank() || size.isTooLarge()) {
            // That it is missing, or the whole too large, is told by the rules of the kind.
            return;
        }
        try {
            Expression expression = compile(text);
            size.add(expression);
            CelType type = expression.type();
            if (!wanted.equals(SimpleType.DYN) && !type.equals(wanted) && !type.equals(SimpleType.DYN)) {
                errors.add(FieldError.invalid(path + "." + field, text, otherwise));
            }
        } catch (ExpressionException e) {
            errors.add(FieldError.invalid(path + "." + field, text, "compilation failed: " + e.text()));
        }
    }
}
