package io.hypernetes.objects.crd;

import dev.cel.common.types.CelType;
import dev.cel.common.types.OptionalType;
import dev.cel.common.types.SimpleType;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.cel.Budget;
import io.hypernetes.objects.cel.Environment;
import io.hypernetes.objects.cel.Expression;
import io.hypernetes.objects.cel.ExpressionException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Checks objects by the rules in a schema (`x-kubernetes-validations`). The compiled rules of a schema are kept beside it.
final class RuleCheck {
    private static final int LONGEST_MESSAGE = 5 << 10;
    private static final List<String> REASONS =
            List.of("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired");

    /// A rule that can be evaluated.
    ///
    /// @param transition whether it speaks of the value before the change
    record Rule(ObjectNode source, Expression test, @Nullable Expression message, boolean transition, boolean optionalOld) {}

    /// The rules of each node of a schema.
    record Rules(Map<CustomSchema, List<Rule>> at) {}

    private final List<FieldError> errors = new ArrayList<>();
    private final Budget budget = new Budget(Budget.REQUEST);
    private final Map<CustomSchema, List<Rule>> rules;

    private RuleCheck(Rules rules) {
        this.rules = rules.at;
    }

    /// What the rules find wrong.
    ///
    /// @param old the object before the change; null for a new one
    static List<FieldError> check(ObjectNode object, @Nullable ObjectNode old, CustomSchema schema) {
        RuleCheck check = new RuleCheck(schema.compiledRules());
        check.node(
                object,
                RuleTypes.value(object, schema, true),
                old,
                old == null ? null : RuleTypes.value(old, schema, true),
                schema,
                "",
                true);
        return check.errors;
    }

    /// What is wrong with the rules of a schema.
    static List<FieldError> compile(CustomSchema schema, String path) {
        if (!schema.hasRules()) {
            return List.of();
        }
        List<FieldError> errors = new ArrayList<>();
        compile(schema, new RuleTypes(schema), path, true, errors, new IdentityHashMap<>());
        return errors;
    }

    /// The rules of a schema, without those that cannot be compiled: a definition that has such is refused when it is written.
    static Rules compiled(CustomSchema schema) {
        Map<CustomSchema, List<Rule>> found = new IdentityHashMap<>();
        compile(schema, new RuleTypes(schema), "", true, new ArrayList<>(), found);
        return new Rules(found);
    }

    private static void compile(
            CustomSchema schema,
            RuleTypes types,
            String path,
            boolean correlatable,
            List<FieldError> errors,
            Map<CustomSchema, List<Rule>> found) {
        List<Rule> here = new ArrayList<>();
        int i = 0;
        for (ObjectNode source : schema.rules()) {
            Rule rule = rule(source, types.of(schema), types.structs(), path + ".x-kubernetes-validations[" + i++ + "]", correlatable, errors);
            if (rule != null) {
                here.add(rule);
            }
        }
        if (!here.isEmpty()) {
            found.put(schema, List.copyOf(here));
        }
        schema.properties().forEach((name, property) -> {
            if (property.hasRules()) {
                compile(property, types, path + ".properties[" + name + "]", correlatable, errors, found);
            }
        });
        CustomSchema additional = schema.additional();
        if (additional != null && additional.hasRules()) {
            compile(additional, types, path + ".additionalProperties", correlatable, errors, found);
        }
        CustomSchema items = schema.items();
        if (items != null && items.hasRules()) {
            compile(items, types, path + ".items", correlatable && schema.listType().equals("map"), errors, found);
        }
    }

    private static @Nullable Rule rule(
            ObjectNode source, CelType type, List<CelType> structs, String path, boolean correlatable, List<FieldError> errors) {
        String text = Json.string(source, "rule").strip();
        if (text.isEmpty()) {
            errors.add(FieldError.required(path + ".rule", "rule is not specified"));
            return null;
        }
        String message = Json.string(source, "message");
        if (message.contains("\n") || message.contains("\r")) {
            errors.add(FieldError.invalid(path + ".message", message, "message must not contain line breaks"));
        }
        String reason = Json.string(source, "reason");
        if (!reason.isEmpty() && !REASONS.contains(reason)) {
            errors.add(FieldError.notSupported(path + ".reason", reason, REASONS));
        }
        boolean optionalOld = Json.flag(source, "optionalOldSelf");
        Environment environment = Environment.of(
                Map.of("self", type, "oldSelf", optionalOld ? OptionalType.create(type) : type), structs);
        Expression test = compile(environment, text, path + ".rule", SimpleType.BOOL, "must evaluate to a bool", errors);
        boolean transition = text.contains("oldSelf");
        if (transition && !correlatable) {
            errors.add(FieldError.invalid(
                    path + ".rule", text, "oldSelf cannot be used on the uncorrelatable portion of the schema"));
        }
        String messageText = Json.string(source, "messageExpression").strip();
        Expression messageExpression = messageText.isEmpty()
                ? null
                : compile(environment, messageText, path + ".messageExpression", SimpleType.STRING, "must evaluate to a string", errors);
        String fieldPath = Json.string(source, "fieldPath");
        if (!fieldPath.isEmpty()) {
            try {
                JsonPath.parse(fieldPath);
            } catch (IllegalArgumentException e) {
                errors.add(FieldError.invalid(path + ".fieldPath", fieldPath, "fieldPath must be a valid path: " + e.getMessage()));
            }
        }
        return test == null ? null : new Rule(source, test, messageExpression, transition, optionalOld);
    }

    private static @Nullable Expression compile(
            Environment environment, String text, String path, CelType wanted, String otherwise, List<FieldError> errors) {
        try {
            Expression expression = environment.compile(text);
            if (!expression.type().equals(wanted) && !expression.type().equals(SimpleType.DYN)) {
                errors.add(FieldError.invalid(path, text, otherwise));
                return null;
            }
            return expression;
        } catch (ExpressionException e) {
            errors.add(FieldError.invalid(path, text, "compilation failed: " + e.text()));
            return null;
        }
    }

    private void node(
            JsonNode node,
            Object value,
            @Nullable JsonNode old,
            @Nullable Object oldValue,
            CustomSchema schema,
            String path,
            boolean correlatable) {
        if (!schema.hasRules() || budget.isSpent() || node.isNull() || node.equals(old)) {
            return;
        }
        for (Rule rule : rules.getOrDefault(schema, List.of())) {
            if (rule.transition && !rule.optionalOld && (oldValue == null || !correlatable)) {
                continue;
            }
            evaluate(rule, value, oldValue, schema, path);
            if (budget.isSpent()) {
                return;
            }
        }
        if (node.isObject() && value instanceof Map<?, ?> map) {
            boolean data = schema.additional() != null;
            for (Map.Entry<String, JsonNode> member : node.properties()) {
                CustomSchema declared = schema.member(member.getKey());
                String name = data ? member.getKey() : RuleTypes.escaped(member.getKey());
                Object inner = map.get(name);
                if (declared != null && declared.hasRules() && inner != null) {
                    node(
                            member.getValue(),
                            inner,
                            old == null ? null : old.get(member.getKey()),
                            oldValue instanceof Map<?, ?> before ? before.get(name) : null,
                            declared,
                            data ? path + "[" + member.getKey() + "]" : SchemaValidation.child(path, member.getKey()),
                            correlatable);
                }
            }
        } else if (node.isArray() && value instanceof List<?> list && schema.items() instanceof CustomSchema items && items.hasRules()) {
            for (int i = 0; i < list.size(); i++) {
                JsonNode before = Correlation.item(schema, old, node.get(i));
                node(
                        node.get(i),
                        list.get(i),
                        before,
                        before == null ? null : RuleTypes.value(before, items, items.embedded()),
                        items,
                        path + "[" + i + "]",
                        correlatable && schema.listType().equals("map"));
            }
        }
    }

    private void evaluate(Rule rule, Object self, @Nullable Object oldSelf, CustomSchema schema, String path) {
        Map<String, Object> variables = new HashMap<>();
        variables.put("self", self);
        if (rule.optionalOld) {
            variables.put("oldSelf", Optional.ofNullable(oldSelf));
        } else if (oldSelf != null) {
            variables.put("oldSelf", oldSelf);
        }
        String type = schema.type();
        String fallback = Json.string(rule.source, "message").strip();
        if (fallback.isEmpty()) {
            fallback = "failed rule: " + rule.test.text();
        }
        try {
            if (Boolean.TRUE.equals(rule.test.evaluate(variables, budget))) {
                return;
            }
        } catch (ExpressionException e) {
            errors.add(FieldError.invalid(at(path, ""), type, failure(e, fallback)));
            return;
        }
        errors.add(error(rule, at(path, fieldPath(rule)), type, message(rule, variables, fallback)));
    }

    private static String failure(ExpressionException e, String rule) {
        // Only what is typed at run time gets here with operands that no operator takes: numbers that may be text.
        return e.text().equals(Expression.NO_SUCH_OVERLOAD)
                ? "'" + e.text() + "': call arguments did not match a supported operator, function or macro signature for rule: " + rule
                : e.text() + " evaluating rule: " + rule;
    }

    private String message(Rule rule, Map<String, Object> variables, String fallback) {
        if (rule.message == null) {
            return fallback;
        }
        try {
            // A message that says nothing, or too much, or cannot be made, gives way to the fixed one.
            String text = String.valueOf(rule.message.evaluate(variables, budget)).strip();
            return text.isEmpty() || text.contains("\n") || text.length() > LONGEST_MESSAGE ? fallback : text;
        } catch (ExpressionException e) {
            return fallback;
        }
    }

    private static String at(String path, String below) {
        String whole = below.isEmpty() ? path : SchemaValidation.child(path, below);
        return whole.isEmpty() ? FieldError.WHOLE_OBJECT : whole;
    }

    private static String fieldPath(Rule rule) {
        String path = Json.string(rule.source, "fieldPath");
        return path.startsWith(".") ? path.substring(1) : path;
    }

    private static FieldError error(Rule rule, String path, String type, String message) {
        return switch (Json.string(rule.source, "reason")) {
            case "FieldValueRequired" -> FieldError.required(path, message);
            case "FieldValueForbidden" -> FieldError.forbidden(path, message);
            case "FieldValueDuplicate" -> FieldError.duplicate(path, type);
            default -> FieldError.invalid(path, type, message);
        };
    }
}
