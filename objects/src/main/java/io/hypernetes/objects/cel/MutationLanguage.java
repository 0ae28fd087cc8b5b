package io.hypernetes.objects.cel;

import com.google.common.collect.ImmutableCollection;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import dev.cel.common.types.CelType;
import dev.cel.common.types.CelTypeProvider;
import dev.cel.common.types.ListType;
import dev.cel.common.types.SimpleType;
import dev.cel.common.types.StructType;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// The expressions of mutations: those of [AdmissionLanguage], with `Object…{}` and `JSONPatch{}` to make things of. Thread-safe.
public final class MutationLanguage {
    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
    private static final List<String> PATCH_FIELDS = List.of("op", "path", "from", "value");

    private MutationLanguage() {}

    /// How a mutation says what it changes.
    public enum Kind {
        /// An object to be merged, as server-side apply merges.
        APPLY_CONFIGURATION("ApplyConfiguration", "applyConfiguration", "Object"),
        /// The operations of a JSON patch.
        JSON_PATCH("JSONPatch", "jsonPatch", "list(JSONPatch)");

        private final String patchType;
        private final String field;
        private final String result;

        Kind(String patchType, String field, String result) {
            this.patchType = patchType;
            this.field = field;
            this.result = result;
        }

        /// The kind of a mutation that was found to be valid.
        ///
        /// @throws ExpressionException when there is none such
        public static Kind of(JsonNode mutation) {
            for (Kind kind : values()) {
                if (kind.patchType.equals(Json.string(mutation, "patchType"))) {
                    return kind;
                }
            }
            throw new ExpressionException("unsupported patchType \"" + Json.string(mutation, "patchType") + "\"");
        }

        /// The expression of a mutation of this kind.
        public String expressionOf(JsonNode mutation) {
            return Json.string(mutation, field, "expression");
        }

        private boolean accepts(CelType type) {
            return switch (this) {
                case APPLY_CONFIGURATION -> type.name().equals(Constructed.OBJECT);
                // No operations at all are operations too: the type of `[]` is not told.
                case JSON_PATCH -> type instanceof ListType list
                        && (!list.hasElemType() || list.elemType().name().equals(Constructed.JSON_PATCH) || list.elemType().equals(SimpleType.DYN));
            };
        }
    }

    /// Compiles the expression of a mutation.
    ///
    /// @throws ExpressionException when it cannot be, or makes something else
    public static Expression compile(Kind kind, String text) {
        Expression expression = CompiledExpressions.owned(
                "mutation", text, each -> AdmissionLanguage.environment().compile(each, new Types(names(each))));
        if (!kind.accepts(expression.type())) {
            throw new ExpressionException("must evaluate to " + kind.result + " but got " + nameOf(expression.type()));
        }
        return expression;
    }

    /// The object that an expression made to be merged.
    ///
    /// @throws ExpressionException when it is none, a part of it is not of the type of its place, or it is too large
    public static ObjectNode configuration(Object value) {
        if (value instanceof Constructed made && made.type().equals(Constructed.OBJECT)) {
            ObjectNode object = (ObjectNode) new Unfolding().json(made);
            checkTypes(made, Constructed.OBJECT);
            return object;
        }
        throw new ExpressionException("unsupported return type from ApplyConfiguration expression");
    }

    /// The JSON patch that an expression made.
    ///
    /// @throws ExpressionException when it is none, a part of a value is not of the type of its place, or it is too large
    public static ArrayNode operations(Object value) {
        if (!(value instanceof Collection<?> list)) {
            throw new ExpressionException("type mismatch: JSONPatchType.expression should evaluate to array");
        }
        Unfolding unfolding = new Unfolding();
        ArrayNode operations = Json.array();
        for (Object item : list) {
            if (!(item instanceof Constructed made) || !made.type().equals(Constructed.JSON_PATCH)) {
                throw new ExpressionException("type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch");
            }
            operations.add(unfolding.json(made));
            if (made.fields().get("value") instanceof Constructed object) {
                checkTypes(object, object.type());
            }
        }
        return operations;
    }

    /// What is wrong with the expression of a mutation.
    ///
    /// @param path of the mutation
    /// @param size of the policy; what is beyond it is not looked at
    public static Optional<FieldError> check(Kind kind, JsonNode mutation, String path, ExpressionsSize size) {
        String text = kind.expressionOf(mutation);
        if (size.isTooLarge()) {
            return Optional.empty();
        }
        try {
            size.add(compile(kind, text));
            return Optional.empty();
        } catch (ExpressionException e) {
            String complaint = e.text().startsWith("must evaluate to") ? e.text() : "compilation failed: " + e.text();
            return Optional.of(FieldError.invalid(path + "." + kind.field + ".expression", text, complaint));
        }
    }

    private static String nameOf(CelType type) {
        return type instanceof ListType list && list.hasElemType() ? "list(" + nameOf(list.elemType()) + ")" : type.name();
    }

    /// Each object has to be of the type that its path from the outermost one says; lists and maps are no steps of it.
    private static void checkTypes(Object value, String expected) {
        switch (value) {
            case Constructed made -> {
                if (!made.type().equals(expected)) {
                    throw new ExpressionException("type mismatch: unexpected type name \"" + made.type() + "\", expected \"" + expected
                            + "\", which matches field name path from root Object type");
                }
                made.fields().forEach((name, field) -> checkTypes(field, expected + "." + name));
            }
            case Collection<?> list -> list.forEach(item -> checkTypes(item, expected));
            case Map<?, ?> map -> map.values().forEach(item -> checkTypes(item, expected));
            default -> {}
        }
    }

    private static ImmutableSet<String> names(String text) {
        var names = ImmutableSet.<String>builder();
        var matcher = NAME.matcher(text);
        while (matcher.find()) {
            names.add(matcher.group());
        }
        return names.build();
    }

    /// `JSONPatch`, and a type for each path in an object. Without a schema an object may have any field; the library wants to be told their
    /// names, so they are all the names that the expression says.
    private record Types(ImmutableSet<String> names) implements CelTypeProvider {
        @Override
        public ImmutableCollection<CelType> types() {
            return ImmutableList.of();
        }

        @Override
        public Optional<CelType> findType(String name) {
            if (name.equals(Constructed.JSON_PATCH)) {
                return Optional.of(StructType.create(
                        name,
                        ImmutableSet.copyOf(PATCH_FIELDS),
                        field -> Optional.of(field.equals("value") ? SimpleType.DYN : SimpleType.STRING)));
            }
            return Constructed.isKnown(name)
                    ? Optional.of(StructType.create(name, names, _ -> Optional.of(SimpleType.DYN)))
                    : Optional.empty();
        }
    }
}
