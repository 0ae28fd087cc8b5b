package io.hypernetes.objects.crd;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.cel.Budget;
import io.hypernetes.objects.cel.Expression;
import io.hypernetes.objects.cel.ExpressionException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Checks objects by the rules in a schema (`x-kubernetes-validations`). The compiled rules of a schema are kept beside it.
final class RuleCheck {
    private static final int LONGEST_MESSAGE = 5 << 10;

    /// What costs or takes too much is answered before more of it is begun.
    private static final Set<String> STOPS = Set.of(Budget.SPENT, Budget.EXCEEDED, Budget.INTERRUPTED);

    private final Faults errors = new Faults();
    private final Faults asBefore = new Faults();
    private final Budget budget = new Budget(Budget.REQUEST);
    private final Map<CustomSchema, List<Rule>> rules;
    private boolean stopped;

    private RuleCheck(Map<CustomSchema, List<Rule>> rules) {
        this.rules = rules;
    }

    /// What the rules find wrong. What fails a rule as it did before the change is told of and let be, unless the rule compares.
    ///
    /// @param old the object before the change; null for a new one
    /// @param warn takes what is let be
    static List<FieldError> check(ObjectNode object, @Nullable ObjectNode old, CustomSchema schema, Consumer<String> warn) {
        RuleCheck check = new RuleCheck(schema.compiledRules());
        check.node(
                object,
                RuleTypes.value(object, schema, true),
                old,
                old == null ? null : RuleTypes.value(old, schema, true),
                schema,
                Place.of(""),
                false);
        check.asBefore.list().forEach(error -> warn.accept(error.text()));
        return check.errors.list();
    }

    /// What the rules find wrong with the defaults of a schema. One is compared with itself.
    ///
    /// @param rules of the schema and of those below it
    /// @param path of the schema
    static List<FieldError> checkDefaults(CustomSchema schema, Map<CustomSchema, List<Rule>> rules, String path) {
        RuleCheck check = new RuleCheck(rules);
        check.defaults(schema, Place.of(path));
        return check.errors.list();
    }

    private void defaults(CustomSchema schema, Place path) {
        if (!schema.hasRules() || !schema.hasDefaults()) {
            return;
        }
        JsonNode value = schema.defaultValue();
        if (value != null) {
            Object self = RuleTypes.value(value, schema, schema.embedded());
            node(value, self, null, self, schema, path.member("default"), false);
        }
        schema.properties().forEach((name, property) -> defaults(property, path.property(name)));
        CustomSchema additional = schema.additional();
        if (additional != null) {
            defaults(additional, path.member("additionalProperties"));
        }
        CustomSchema items = schema.items();
        if (items != null) {
            defaults(items, path.member("items"));
        }
    }

    /// @param old the value before the change; null when there was none or it cannot be told
    /// @param oldValue the same for rules; null where they must not compare, too
    /// @param unchangedAround whether the nearest value around it that can be told from the one before is that one
    private void node(
            JsonNode node,
            Object value,
            @Nullable JsonNode old,
            @Nullable Object oldValue,
            CustomSchema schema,
            Place path,
            boolean unchangedAround) {
        if (!schema.hasRules() || stopped || budget.isSpent() || node.isNull()) {
            return;
        }
        boolean unchanged = old == null ? unchangedAround : node.equals(old);
        for (Rule rule : rules.getOrDefault(schema, List.of())) {
            if (!rule.transition() || oldValue != null || rule.optionalOld()) {
                evaluate(rule, node, value, oldValue, schema, path, unchanged && !rule.transition() ? asBefore : errors);
            }
            if (stopped || budget.isSpent()) {
                return;
            }
        }
        if (node.isObject() && value instanceof Map<?, ?> map) {
            members(node, map, old, oldValue, schema, path, unchanged);
        } else if (node.isArray() && value instanceof List<?> list && schema.items() instanceof CustomSchema items && items.hasRules()) {
            Map<String, JsonNode> earlier = Correlation.items(schema, old);
            for (int i = 0; i < list.size(); i++) {
                JsonNode before = earlier.isEmpty() ? null : earlier.get(Correlation.identity(schema, node.get(i)));
                node(
                        node.get(i),
                        list.get(i),
                        before,
                        before == null || oldValue == null ? null : RuleTypes.value(before, items, items.embedded()),
                        items,
                        path.item(i),
                        unchanged);
            }
        }
    }

    private void members(
            JsonNode node,
            Map<?, ?> values,
            @Nullable JsonNode old,
            @Nullable Object oldValue,
            CustomSchema schema,
            Place path,
            boolean unchanged) {
        boolean data = schema.additional() != null;
        for (Map.Entry<String, JsonNode> member : node.properties()) {
            CustomSchema declared = schema.member(member.getKey());
            String name = data ? member.getKey() : RuleTypes.escaped(member.getKey());
            Object inner = values.get(name);
            if (declared != null && declared.hasRules() && inner != null) {
                node(
                        member.getValue(),
                        inner,
                        old == null ? null : old.get(member.getKey()),
                        oldValue instanceof Map<?, ?> before ? before.get(name) : null,
                        declared,
                        data ? path.key(member.getKey()) : path.member(member.getKey()),
                        unchanged);
            }
        }
    }

    /// @param failures takes what fails the rule; a rule that cannot be evaluated is an error in any case, as it is upstream's
    private void evaluate(Rule rule, JsonNode node, Object self, @Nullable Object oldSelf, CustomSchema schema, Place path, Faults failures) {
        Map<String, Object> variables = new HashMap<>();
        variables.put("self", self);
        if (rule.optionalOld()) {
            variables.put("oldSelf", Optional.ofNullable(oldSelf));
        } else if (oldSelf != null) {
            variables.put("oldSelf", oldSelf);
        }
        try {
            if (!Boolean.TRUE.equals(rule.test().evaluate(variables, budget))) {
                failures.add(error(rule, at(path, rule.field()), node, schema, message(rule, variables)));
            }
        } catch (ExpressionException e) {
            errors.add(FieldError.invalid(at(path, ""), schema.type(), failure(e, spelling(rule))));
            stopped |= STOPS.contains(e.text());
        }
        stopped |= errors.isFull();
    }

    private static String failure(ExpressionException e, String rule) {
        return switch (e.text()) {
            case Budget.SPENT -> e.text();
            case Budget.EXCEEDED ->
                "'" + e.text() + "': no further validation rules will be run due to call cost exceeds limit for rule: " + rule;
            // Only what is typed at run time gets here with operands that no operator takes: numbers that may be text.
            case Expression.NO_SUCH_OVERLOAD ->
                "'" + e.text() + "': call arguments did not match a supported operator, function or macro signature for rule: " + rule;
            default -> e.text() + " evaluating rule: " + rule;
        };
    }

    /// How a rule is called: by its message, else as it was written, each as far as anybody reads.
    private static String spelling(Rule rule) {
        String message = Json.string(rule.source(), "message").strip();
        String spelling = message.isEmpty() ? rule.test().text() : message;
        return spelling.length() > LONGEST_MESSAGE ? spelling.substring(0, LONGEST_MESSAGE) : spelling;
    }

    private String message(Rule rule, Map<String, Object> variables) {
        String fallback = Json.string(rule.source(), "message").isEmpty() ? "failed rule: " + spelling(rule) : spelling(rule);
        Expression expression = rule.message();
        if (expression == null) {
            return fallback;
        }
        try {
            // A message that says nothing, or too much, or cannot be made, gives way to the fixed one.
            String text = String.valueOf(expression.evaluate(variables, budget)).strip();
            return text.isEmpty() || text.contains("\n") || text.length() > LONGEST_MESSAGE ? fallback : text;
        } catch (ExpressionException e) {
            return fallback;
        }
    }

    private static String at(Place path, String below) {
        String whole = (below.isEmpty() ? path : path.member(below)).toString();
        return whole.isEmpty() ? FieldError.WHOLE_OBJECT : whole;
    }

    /// Scalars are shown, what holds others is not.
    private static FieldError error(Rule rule, String path, JsonNode value, CustomSchema schema, String message) {
        boolean shown = !schema.type().equals("object") && !schema.type().equals("array");
        return switch (Json.string(rule.source(), "reason")) {
            case "FieldValueRequired" -> FieldError.required(path, message);
            case "FieldValueForbidden" -> FieldError.forbidden(path, message);
            case "FieldValueDuplicate" -> shown ? FieldError.duplicate(path, value) : FieldError.duplicateUnshown(path);
            default -> shown ? FieldError.invalid(path, value, message) : FieldError.invalidUnshown(path, message);
        };
    }
}
