package io.hypernetes.objects.crd;

import dev.cel.common.types.CelType;
import dev.cel.common.types.OptionalType;
import dev.cel.common.types.SimpleType;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.cel.Environment;
import io.hypernetes.objects.cel.Expression;
import io.hypernetes.objects.cel.ExpressionException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Compiles the rules of a schema (`x-kubernetes-validations`). For one schema.
final class RuleCompiler {
    /// How a rule sees the value before a change.
    private enum Old {
        PLAIN,
        OPTIONAL
    }

    private final RuleTypes types;
    private final List<FieldError> errors = new ArrayList<>();
    private final Map<CustomSchema, List<Rule>> rules = new IdentityHashMap<>();

    private RuleCompiler(CustomSchema root) {
        this.types = new RuleTypes(root);
    }

    /// What is wrong with the rules of a schema, whose form is right otherwise.
    static List<FieldError> check(CustomSchema schema, String path) {
        if (!schema.hasRules()) {
            return List.of();
        }
        List<FieldError> forms = RuleForms.check(schema, path);
        if (!forms.isEmpty()) {
            return forms;
        }
        RuleCompiler compiler = new RuleCompiler(schema);
        compiler.visit(schema, path, null);
        return compiler.errors;
    }

    /// The rules by the nodes of the schema, without those that cannot be compiled: a definition that has such is refused when it is written.
    static Map<CustomSchema, List<Rule>> compiled(CustomSchema schema) {
        RuleCompiler compiler = new RuleCompiler(schema);
        compiler.visit(schema, "", null);
        return compiler.rules;
    }

    /// @param uncorrelated the node above whose values cannot be told from those before a change; null when there is none
    private void visit(CustomSchema schema, String path, @Nullable String uncorrelated) {
        if (!schema.hasRules()) {
            return;
        }
        Map<Old, Environment> environments = new EnumMap<>(Old.class);
        List<Rule> here = new ArrayList<>();
        int i = 0;
        for (ObjectNode source : schema.rules()) {
            Old old = Json.flag(source, "optionalOldSelf") ? Old.OPTIONAL : Old.PLAIN;
            Environment environment = environments.computeIfAbsent(old, each -> environment(types.of(schema), each));
            Rule rule = rule(source, schema, environment, RuleForms.path(path, i++), uncorrelated);
            if (rule != null) {
                here.add(rule);
            }
        }
        if (!here.isEmpty()) {
            rules.put(schema, List.copyOf(here));
        }
        String ofMembers = uncorrelated == null && !Correlation.ofMembers(schema) ? path : uncorrelated;
        schema.properties().forEach((name, property) -> visit(property, path + ".properties[" + name + "]", ofMembers));
        CustomSchema additional = schema.additional();
        if (additional != null) {
            visit(additional, path + ".additionalProperties", uncorrelated);
        }
        CustomSchema items = schema.items();
        if (items != null) {
            visit(items, path + ".items", uncorrelated == null && !Correlation.ofItems(schema) ? path : uncorrelated);
        }
    }

    private Environment environment(CelType type, Old old) {
        return Environment.of(Map.of("self", type, "oldSelf", old == Old.OPTIONAL ? OptionalType.create(type) : type), types.structs());
    }

    private @Nullable Rule rule(
            ObjectNode source, CustomSchema schema, Environment environment, String path, @Nullable String uncorrelated) {
        Expression test = compile(
                environment, Json.string(source, "rule"), path + ".rule", SimpleType.BOOL, "", "cel expression must evaluate to a bool");
        String messageText = Json.string(source, "messageExpression");
        Expression message = messageText.isEmpty()
                ? null
                : compile(
                        environment,
                        messageText,
                        path + ".messageExpression",
                        SimpleType.STRING,
                        "messageExpression ",
                        "messageExpression must evaluate to a string");
        if (test == null) {
            return null;
        }
        boolean transition = test.names().contains("oldSelf");
        if (transition && uncorrelated != null) {
            errors.add(FieldError.invalid(
                    path + ".rule",
                    Json.string(source, "rule"),
                    "oldSelf cannot be used on the uncorrelatable portion of the schema within " + uncorrelated));
        }
        if (!transition && source.has("optionalOldSelf")) {
            errors.add(FieldError.invalid(
                    path + ".optionalOldSelf", source.path("optionalOldSelf"), "may not be set if oldSelf is not used in rule"));
        }
        return new Rule(source, test, message, field(source, schema), transition, Json.flag(source, "optionalOldSelf"));
    }

    /// What an earlier server let in without looking is about the value itself.
    private static String field(ObjectNode source, CustomSchema schema) {
        try {
            return FieldPath.find(Json.string(source, "fieldPath"), schema, true).text();
        } catch (IllegalArgumentException e) {
            return "";
        }
    }

    private @Nullable Expression compile(
            Environment environment, String given, String path, CelType wanted, String what, String otherwise) {
        String text = given.strip();
        try {
            Expression expression = environment.compile(text);
            if (!expression.type().equals(wanted) && !expression.type().equals(SimpleType.DYN)) {
                errors.add(FieldError.invalid(path, text, otherwise));
                return null;
            }
            return expression;
        } catch (ExpressionException e) {
            errors.add(FieldError.invalid(path, text, what + "compilation failed: " + e.text()));
            return null;
        }
    }
}
