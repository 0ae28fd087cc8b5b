package io.hypernetes.objects.crd;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.TextPattern;
import java.math.BigDecimal;
import java.lang.ref.SoftReference;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// One node of a structural schema. Immutable, thread-safe.
///
/// What is read here is what [SchemaCheck] has accepted; what it refuses is left out.
public final class CustomSchema {
    private final ObjectNode source;
    private final String type;
    private final boolean nullable;
    private final boolean intOrString;
    private final @Nullable Choices choices;
    private final @Nullable BigDecimal maximum;
    private final @Nullable BigDecimal minimum;
    private final @Nullable BigDecimal multipleOf;
    private final boolean openAbove;
    private final boolean openBelow;
    private final Map<String, CustomSchema> properties = new LinkedHashMap<>();
    private final @Nullable CustomSchema additional;
    private final @Nullable CustomSchema items;
    private final List<String> required;
    private final List<CustomSchema> allOf;
    private final List<CustomSchema> anyOf;
    private final List<CustomSchema> oneOf;
    private final @Nullable CustomSchema not;
    private final @Nullable TextPattern pattern;
    private final List<String> mapKeys;
    private final boolean hasDefaults;
    private final boolean hasRules;
    /// Held only as long as there is room: what is compiled takes a hundred times the room of its text.
    private volatile @Nullable SoftReference<Map<CustomSchema, List<Rule>>> compiledRules;

    private CustomSchema(ObjectNode source) {
        this.source = source;
        // What is asked of each of millions of values is read once.
        this.type = Json.string(source, "type");
        this.nullable = Json.flag(source, "nullable");
        this.intOrString = Json.flag(source, "x-kubernetes-int-or-string");
        this.choices = Choices.of(source.path("enum"));
        this.maximum = number(source.get("maximum"));
        this.minimum = number(source.get("minimum"));
        this.multipleOf = number(source.get("multipleOf"));
        this.openAbove = Json.flag(source, "exclusiveMaximum");
        this.openBelow = Json.flag(source, "exclusiveMinimum");
        source.path("properties").properties().forEach(property -> {
            if (property.getValue() instanceof ObjectNode schema) {
                properties.put(property.getKey(), new CustomSchema(schema));
            }
        });
        this.additional = source.get("additionalProperties") instanceof ObjectNode schema ? new CustomSchema(schema) : null;
        this.items = source.get("items") instanceof ObjectNode schema ? new CustomSchema(schema) : null;
        this.required = texts(source.path("required"));
        this.allOf = schemas(source, "allOf");
        this.anyOf = schemas(source, "anyOf");
        this.oneOf = schemas(source, "oneOf");
        this.not = source.get("not") instanceof ObjectNode schema ? new CustomSchema(schema) : null;
        this.pattern = pattern(Json.string(source, "pattern"));
        this.mapKeys = texts(source.path("x-kubernetes-list-map-keys"));
        this.hasDefaults = source.hasNonNull("default")
                || properties.values().stream().anyMatch(p -> p.hasDefaults)
                || (additional != null && additional.hasDefaults)
                || (items != null && items.hasDefaults);
        this.hasRules = !source.path("x-kubernetes-validations").isEmpty()
                || properties.values().stream().anyMatch(p -> p.hasRules)
                || (additional != null && additional.hasRules)
                || (items != null && items.hasRules);
    }

    /// Reads an `openAPIV3Schema`.
    public static CustomSchema of(ObjectNode openApiV3Schema) {
        return new CustomSchema(openApiV3Schema);
    }

    private static List<CustomSchema> schemas(ObjectNode source, String name) {
        List<CustomSchema> schemas = new ArrayList<>();
        Json.objects(source, name).forEach(schema -> schemas.add(new CustomSchema(schema)));
        return List.copyOf(schemas);
    }

    static List<String> texts(JsonNode list) {
        List<String> texts = new ArrayList<>();
        list.forEach(text -> texts.add(text.asString("")));
        return List.copyOf(texts);
    }

    private static @Nullable TextPattern pattern(String text) {
        if (text.isEmpty()) {
            return null;
        }
        try {
            return TextPattern.of(text);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /// The node as the definition has it.
    public ObjectNode source() {
        return source;
    }

    /// `object`, `array`, `string`, `integer`, `number`, `boolean`; empty when it is not said.
    String type() {
        return type;
    }

    Map<String, CustomSchema> properties() {
        return properties;
    }

    /// The schema of members whose names are data; null when there are none of them.
    @Nullable CustomSchema additional() {
        return additional;
    }

    /// Whether members of any name are welcome.
    boolean acceptsAny() {
        return source.path("additionalProperties").asBoolean(false);
    }

    @Nullable CustomSchema items() {
        return items;
    }

    /// The schema of a member; null when it is not declared.
    @Nullable CustomSchema member(String name) {
        CustomSchema property = properties.get(name);
        return property != null ? property : additional;
    }

    List<String> required() {
        return required;
    }

    List<CustomSchema> allOf() {
        return allOf;
    }

    List<CustomSchema> anyOf() {
        return anyOf;
    }

    List<CustomSchema> oneOf() {
        return oneOf;
    }

    @Nullable CustomSchema not() {
        return not;
    }

    /// An expression that text must match.
    @Nullable TextPattern pattern() {
        return pattern;
    }

    boolean nullable() {
        return nullable;
    }

    boolean keepsUnknown() {
        return Json.flag(source, "x-kubernetes-preserve-unknown-fields");
    }

    boolean embedded() {
        return Json.flag(source, "x-kubernetes-embedded-resource");
    }

    boolean intOrString() {
        return intOrString;
    }

    /// `atomic`, `set`, `map` or empty.
    String listType() {
        return Json.string(source, "x-kubernetes-list-type");
    }

    List<String> mapKeys() {
        return mapKeys;
    }

    /// `atomic`, `granular` or empty.
    String mapType() {
        return Json.string(source, "x-kubernetes-map-type");
    }

    /// What stands for an absent value; null when nothing does, which is also what a null there says.
    @Nullable JsonNode defaultValue() {
        return source.hasNonNull("default") ? source.get("default") : null;
    }

    boolean hasDefaults() {
        return hasDefaults;
    }

    /// Whether rules stand here or further down.
    boolean hasRules() {
        return hasRules;
    }

    /// The rules of this whole schema by the nodes that have some, compiled when needed.
    Map<CustomSchema, List<Rule>> compiledRules() {
        SoftReference<Map<CustomSchema, List<Rule>>> held = compiledRules;
        Map<CustomSchema, List<Rule>> known = held == null ? null : held.get();
        if (known == null) {
            known = RuleCompiler.compiled(this);
            compiledRules = new SoftReference<>(known);
        }
        return known;
    }

    /// The rules at this node.
    List<ObjectNode> rules() {
        return Json.objects(source, "x-kubernetes-validations");
    }

    /// A number that bounds something, of which one below zero leaves nothing; -1 when it is not said.
    long bound(String name) {
        long said = Json.number(source, Long.MIN_VALUE, name);
        return said == Long.MIN_VALUE ? -1 : Math.max(0, said);
    }

    /// The values that it allows; null when it allows any.
    @Nullable Choices choices() {
        return choices;
    }

    @Nullable BigDecimal maximum() {
        return maximum;
    }

    @Nullable BigDecimal minimum() {
        return minimum;
    }

    /// Whether the maximum is too large itself.
    boolean isOpenAbove() {
        return openAbove;
    }

    /// Whether the minimum is too small itself.
    boolean isOpenBelow() {
        return openBelow;
    }

    @Nullable BigDecimal multipleOf() {
        return multipleOf;
    }

    /// Whether other schemas say something of the same value.
    boolean hasJunctors() {
        return not != null || !allOf.isEmpty() || !anyOf.isEmpty() || !oneOf.isEmpty();
    }

    /// As the definition has it; null when it is not said.
    private static @Nullable BigDecimal number(@Nullable JsonNode said) {
        return said != null && said.isNumber() ? said.decimalValue() : null;
    }

    @Override
    public String toString() {
        return "CustomSchema[" + type() + " " + properties.keySet() + "]";
    }
}
