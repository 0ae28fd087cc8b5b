package io.hypernetes.objects.crd;

import dev.cel.common.types.CelType;
import dev.cel.common.types.OptionalType;
import dev.cel.common.types.SimpleType;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.cel.Environment;
import io.hypernetes.objects.cel.Expression;
import io.hypernetes.objects.cel.ExpressionException;
import io.hypernetes.objects.cel.ExpressionsSize;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Compiles the rules of a schema (`x-kubernetes-validations`). For one schema.
final class RuleCompiler {
    private static final long UNBOUNDED = -1;

    /// How a rule sees the value before a change.
    private enum Old {
        PLAIN,
        OPTIONAL
    }

    private final RuleTypes types;
    private final @Nullable SchemaExtents extents;
    private final RuleCosts costs = new RuleCosts();
    private final ExpressionsSize size = new ExpressionsSize(ExpressionsSize.OF_SCHEMA);
    private final Faults errors = new Faults();
    private final Map<CustomSchema, List<Rule>> rules = new IdentityHashMap<>();

    /// @param judging whether the rules are to be judged
    private RuleCompiler(CustomSchema root, boolean judging) {
        this.types = new RuleTypes(root);
        this.extents = judging ? new SchemaExtents(root) : null;
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
        RuleCompiler compiler = new RuleCompiler(schema, true);
        compiler.visit(schema, Place.of(path), null, 1);
        compiler.costs.judge(path, compiler.errors);
        compiler.size.check(path).ifPresent(compiler.errors::add);
        return compiler.errors.isEmpty() ? RuleCheck.checkDefaults(schema, compiler.rules, path) : compiler.errors.list();
    }

    /// The rules by the nodes of the schema, without those that cannot be compiled: a definition that has such is refused when it is written.
    static Map<CustomSchema, List<Rule>> compiled(CustomSchema schema) {
        RuleCompiler compiler = new RuleCompiler(schema, false);
        compiler.visit(schema, Place.of(""), null, 1);
        return compiler.rules;
    }

    /// @param uncorrelated the node above whose values cannot be told from those before a change; null when there is none
    /// @param most as many values of this node as one object may have by the bounds around it; [#UNBOUNDED] when they set none
    private void visit(CustomSchema schema, Place path, @Nullable Place uncorrelated, long most) {
        if (!schema.hasRules() || isEnough()) {
            return;
        }
        Map<Old, Environment> environments = new EnumMap<>(Old.class);
        List<Rule> here = new ArrayList<>();
        int i = 0;
        for (ObjectNode source : schema.rules()) {
            if (isEnough()) {
                return;
            }
            Old old = Json.flag(source, "optionalOldSelf") ? Old.OPTIONAL : Old.PLAIN;
            Environment environment = environments.computeIfAbsent(old, each -> environment(types.of(schema), each));
            Rule rule = rule(source, schema, environment, RuleForms.path(path, i++), uncorrelated, most);
            if (rule != null) {
                here.add(rule);
            }
        }
        if (!here.isEmpty()) {
            rules.put(schema, List.copyOf(here));
        }
        long each = multiplied(schema);
        long below = most == UNBOUNDED || each == UNBOUNDED ? UNBOUNDED : product(most, each);
        // The members of an atomic map can be told from those before as well (MapIsCorrelatable in upstream's cel/validation.go).
        schema.properties().forEach((name, property) -> visit(property, path.property(name), uncorrelated, below));
        CustomSchema additional = schema.additional();
        if (additional != null) {
            visit(additional, path.member("additionalProperties"), uncorrelated, below);
        }
        CustomSchema items = schema.items();
        if (items != null) {
            visit(items, path.member("items"), uncorrelated == null && !Correlation.ofItems(schema) ? path : uncorrelated, below);
        }
    }

    /// Whether so much is wrong that nothing more is to be looked at. Where nobody is told, what can be compiled is.
    private boolean isEnough() {
        return extents != null && (errors.isFull() || size.isTooLarge());
    }

    /// How many values are below each of a node; [#UNBOUNDED] when it does not say.
    private static long multiplied(CustomSchema schema) {
        return switch (schema.type()) {
            case "array" -> schema.bound("maxItems");
            case "object" -> schema.source().has("additionalProperties") ? schema.bound("maxProperties") : 1;
            default -> 1;
        };
    }

    /// Of two numbers that are not negative; no more than there are.
    static long product(long a, long b) {
        return b > 0 && a > Long.MAX_VALUE / b ? Long.MAX_VALUE : a * b;
    }

    private Environment environment(CelType type, Old old) {
        return Environment.of(Map.of("self", type, "oldSelf", old == Old.OPTIONAL ? OptionalType.create(type) : type), types.structs());
    }

    private @Nullable Rule rule(
            ObjectNode source, CustomSchema schema, Environment environment, Place path, @Nullable Place uncorrelated, long most) {
        long times = most != UNBOUNDED || extents == null ? most : extents.mostIn(schema);
        Expression test = compile(schema, environment, source, "rule", path, times);
        Expression message =
                Json.string(source, "messageExpression").isEmpty() ? null : compile(schema, environment, source, "messageExpression", path, 1);
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

    /// @param name of the expression in the rule
    /// @param times how often it is evaluated at most
    private @Nullable Expression compile(
            CustomSchema schema, Environment environment, ObjectNode source, String name, Place path, long times) {
        boolean test = name.equals("rule");
        String text = Json.string(source, name).strip();
        Place at = path.member(name);
        try {
            Expression expression;
            if (extents == null) {
                expression = environment.compile(text);
            } else {
                Environment.Estimated estimated = environment.estimate(text, extents.of(schema));
                expression = estimated.expression();
                costs.count(name, at, product(estimated.cost(), times), errors);
            }
            size.add(expression);
            CelType type = expression.type();
            // What is told at run time only was let in by earlier servers.
            boolean right = type.equals(test ? SimpleType.BOOL : SimpleType.STRING) || (extents == null && type.equals(SimpleType.DYN));
            if (!right) {
                errors.add(FieldError.invalid(
                        at.toString(), shown(source), test ? "cel expression must evaluate to a bool" : "messageExpression must evaluate to a string"));
                return null;
            }
            return expression;
        } catch (ExpressionException e) {
            errors.add(FieldError.invalid(at.toString(), shown(source), (test ? "" : "messageExpression ") + "compilation failed: " + e.text()));
            return null;
        }
    }

    /// A rule as upstream shows it: whole, by the names that its fields have inside of it (`ValidationRule` in apis/apiextensions/types_jsonschema.go).
    private static ObjectNode shown(ObjectNode source) {
        ObjectNode rule = Json.object();
        for (String name : List.of("rule", "message", "messageExpression")) {
            rule.put(internal(name), Json.string(source, name));
        }
        rule.set(internal("reason"), source.hasNonNull("reason") ? source.get("reason") : rule.nullNode());
        rule.put(internal("fieldPath"), Json.string(source, "fieldPath"));
        rule.set(internal("optionalOldSelf"), source.hasNonNull("optionalOldSelf") ? source.get("optionalOldSelf") : rule.nullNode());
        return rule;
    }

    private static String internal(String name) {
        return name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
    }
}
