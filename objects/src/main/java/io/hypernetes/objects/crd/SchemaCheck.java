package io.hypernetes.objects.crd;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.TextPattern;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Whether a schema is structural: every value has one declared type, said once, outside of the junctors. Only then can objects be
/// pruned, defaulted and merged by it.
public final class SchemaCheck {
    private static final List<String> TYPES = List.of("array", "boolean", "integer", "number", "object", "string");
    private static final List<String> UNSUPPORTED = List.of("$ref", "definitions", "dependencies", "id", "patternProperties", "additionalItems");
    /// What says what a value is, with how it is refused in a choice (validateNestedValueValidation in upstream's schema/validation.go).
    private static final Map<String, String> STRUCTURE = Map.ofEntries(
            Map.entry("type", "empty"),
            Map.entry("title", "empty"),
            Map.entry("description", "empty"),
            Map.entry("x-kubernetes-list-map-keys", "empty"),
            Map.entry("x-kubernetes-validations", "empty"),
            Map.entry("default", "undefined"),
            Map.entry("additionalProperties", "undefined"),
            Map.entry("externalDocs", "undefined"),
            Map.entry("x-kubernetes-list-type", "undefined"),
            Map.entry("x-kubernetes-map-type", "undefined"),
            Map.entry("nullable", "false"),
            Map.entry("x-kubernetes-preserve-unknown-fields", "false"),
            Map.entry("x-kubernetes-embedded-resource", "false"),
            Map.entry("x-kubernetes-int-or-string", "false"));
    private static final Set<String> METADATA_MEMBERS = Set.of("name", "generateName");

    private final Faults errors = new Faults();
    private final Effort effort;

    private final Set<FieldError> known;

    private SchemaCheck(Effort effort, Set<FieldError> known) {
        this.effort = effort;
        this.known = known;
    }

    /// What is wrong with an `openAPIV3Schema` at a path; empty when nothing is.
    public static List<FieldError> check(ObjectNode schema, String at) {
        return check(schema, at, new Effort(), Set.of());
    }

    /// As the other.
    ///
    /// @param effort what the checks of all schemas of a definition may take together
    /// @param known what is not told
    static List<FieldError> check(ObjectNode schema, String at, Effort effort, Set<FieldError> known) {
        Place path = Place.of(at);
        SchemaCheck check = new SchemaCheck(effort, known);
        String type = Json.string(schema, "type");
        if (type.isEmpty()) {
            check.add(FieldError.required(path + ".type", "must not be empty at the root"));
        } else if (!type.equals("object")) {
            check.add(FieldError.invalid(path + ".type", type, "must be object at the root"));
        }
        if (Json.flag(schema, "nullable")) {
            check.add(FieldError.forbidden(path + ".nullable", "nullable cannot be true at the root"));
        }
        check.metadata(schema, path);
        check.structure(schema, path, "at the root");
        if (check.errors.isEmpty()) {
            CustomSchema read = CustomSchema.of(schema);
            if (DefaultsLength.isTooMuch(read)) {
                check.add(FieldError.invalidUnshown(path.toString(), DefaultsLength.TOO_MUCH));
            }
            if (check.errors.isEmpty()) {
                check.defaults(read, path);
            }
        }
        return check.errors.list();
    }

    private void add(FieldError error) {
        if (!known.contains(error)) {
            errors.add(error);
        }
    }

    /// A node that says what a value is.
    private void structure(ObjectNode schema, Place path, String where) {
        if (errors.isFull()) {
            return;
        }
        values(schema, path);
        String type = Json.string(schema, "type");
        boolean intOrString = Json.flag(schema, "x-kubernetes-int-or-string");
        boolean open = Json.flag(schema, "x-kubernetes-preserve-unknown-fields");
        if (type.isEmpty()) {
            if (!intOrString && !open && !where.equals("at the root")) {
                add(FieldError.required(path + ".type", "must not be empty " + where));
            }
        } else if (!TYPES.contains(type)) {
            add(FieldError.notSupported(path + ".type", type, TYPES));
        } else if (intOrString) {
            add(FieldError.invalid(path + ".type", type, "must be empty if x-kubernetes-int-or-string is true"));
        }
        if (Json.flag(schema, "x-kubernetes-embedded-resource")) {
            if (!type.equals("object")) {
                add(FieldError.invalid(path + ".type", type, "must be object if x-kubernetes-embedded-resource is true"));
            }
            if (!open && schema.path("properties").isEmpty()) {
                add(FieldError.required(
                        path + ".properties",
                        "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"));
            }
            metadata(schema, path);
        }
        for (String other : List.of("x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource")) {
            if (intOrString && Json.flag(schema, other)) {
                add(FieldError.invalid(path + "." + other, schema.path(other), "must be false if x-kubernetes-int-or-string is true"));
            }
        }
        MergeCheck.check(schema, path, this::add);
        if (schema.has("x-kubernetes-preserve-unknown-fields") && !open) {
            add(FieldError.invalid(
                    path + ".x-kubernetes-preserve-unknown-fields",
                    schema.path("x-kubernetes-preserve-unknown-fields"),
                    "must be true or undefined"));
        }
        JsonNode additional = schema.get("additionalProperties");
        if (additional != null) {
            boolean any = additional.isBoolean() && additional.booleanValue();
            if (!schema.path("properties").isEmpty() && !any) {
                add(FieldError.forbidden(path + ".additionalProperties", "additionalProperties and properties are mutual exclusive"));
            }
            if (where.equals("at the root")) {
                add(FieldError.forbidden(path + ".additionalProperties", "must not be used at the root"));
            }
            if (Json.flag(schema, "x-kubernetes-embedded-resource")) {
                add(FieldError.forbidden(path + ".additionalProperties", "must not be used if x-kubernetes-embedded-resource is set"));
            }
            if (additional.isBoolean() && !additional.booleanValue()) {
                add(FieldError.forbidden(path + ".additionalProperties", "additionalProperties cannot be set to false"));
            }
            if (additional instanceof ObjectNode each) {
                structure(each, path.member("additionalProperties"), "for specified object fields");
            }
        }
        for (Map.Entry<String, JsonNode> property : schema.path("properties").properties()) {
            if (property.getValue() instanceof ObjectNode each) {
                structure(each, path.property(property.getKey()), "for specified object fields");
            }
        }
        JsonNode items = schema.get("items");
        if (items instanceof ObjectNode each) {
            structure(each, path.member("items"), "for specified array items");
        } else if (items != null) {
            add(FieldError.forbidden(path + ".items", "items must be a schema object and not an array"));
        } else if (type.equals("array")) {
            add(FieldError.required(path + ".items", "must be specified"));
        }
        for (String junctor : List.of("allOf", "anyOf", "oneOf")) {
            int i = 0;
            for (ObjectNode each : Json.objects(schema, junctor)) {
                constraint(each, path.member(junctor).item(i++), schema, intOrString);
            }
        }
        if (schema.get("not") instanceof ObjectNode each) {
            constraint(each, path.member("not"), schema, false);
        }
    }

    /// A node inside a junctor: it constrains values that are declared outside.
    private void constraint(ObjectNode schema, Place path, JsonNode declared, boolean intOrString) {
        if (errors.isFull()) {
            return;
        }
        values(schema, path);
        for (Map.Entry<String, JsonNode> member : schema.properties()) {
            String wanted = STRUCTURE.get(member.getKey());
            boolean typeOfChoice = member.getKey().equals("type") && intOrString && Set.of("integer", "string").contains(Json.string(schema, "type"));
            if (wanted != null && !typeOfChoice && isSaid(member.getValue(), wanted)) {
                add(FieldError.forbidden(path + "." + member.getKey(), "must be " + wanted + " to be structural"));
            }
        }
        if (schema.path("properties").has("metadata")) {
            add(FieldError.forbidden(path + ".properties[metadata]", "must not be specified in a nested context"));
        }
        for (Map.Entry<String, JsonNode> property : schema.path("properties").properties()) {
            JsonNode outside = declared.path("properties").path(property.getKey());
            if (outside.isMissingNode() && declared.get("additionalProperties") instanceof ObjectNode additional) {
                outside = additional;
            }
            Place at = path.property(property.getKey());
            if (outside.isMissingNode()) {
                add(FieldError.required(
                        path.toString().replaceFirst("\\.(allOf|anyOf|oneOf)\\[\\d+].*|\\.not.*", "") + ".properties[" + property.getKey() + "]",
                        "because it is defined in " + at));
            }
            if (property.getValue() instanceof ObjectNode each) {
                constraint(each, at, outside, Json.flag(outside, "x-kubernetes-int-or-string"));
            }
        }
        if (schema.get("items") instanceof ObjectNode each) {
            constraint(each, path.member("items"), declared.path("items"), false);
        }
        for (String junctor : List.of("allOf", "anyOf", "oneOf")) {
            int i = 0;
            for (ObjectNode each : Json.objects(schema, junctor)) {
                constraint(each, path.member(junctor).item(i++), declared, intOrString);
            }
        }
        if (schema.get("not") instanceof ObjectNode each) {
            constraint(each, path.member("not"), declared, false);
        }
    }

    private static boolean isSaid(JsonNode value, String wanted) {
        return switch (wanted) {
            case "false" -> value.asBoolean(false);
            case "empty" -> value.isString() ? !value.stringValue().isEmpty() : !value.isEmpty();
            default -> !value.isNull();
        };
    }

    private void values(ObjectNode schema, Place path) {
        for (String name : UNSUPPORTED) {
            if (schema.has(name)) {
                add(FieldError.forbidden(path + "." + name, name + " is not supported"));
            }
        }
        if (Json.flag(schema, "uniqueItems")) {
            add(FieldError.forbidden(
                    path + ".uniqueItems", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"));
        }
        String pattern = Json.string(schema, "pattern");
        if (!pattern.isEmpty() && !effort.isSpent()) {
            try {
                TextPattern read = TextPattern.of(pattern);
                if (effort.takes(read.stepsToCompile())) {
                    read.compile();
                } else {
                    add(FieldError.invalidUnshown(path + ".pattern", "the patterns of the definition are too many, or too large, to be compiled"));
                }
            } catch (IllegalArgumentException e) {
                add(FieldError.invalid(
                        path + ".pattern", pattern, "must be a valid regular expression, but isn't: " + e.getMessage()));
            }
        }
    }

    private void metadata(ObjectNode schema, Place path) {
        JsonNode metadata = schema.path("properties").path("metadata");
        boolean plain = metadata.isMissingNode()
                || metadata.properties().stream().allMatch(member -> switch (member.getKey()) {
                    case "type", "description", "required" -> true;
                    case "properties" -> METADATA_MEMBERS.containsAll(member.getValue().propertyNames());
                    default -> false;
                });
        if (!plain) {
            add(FieldError.forbidden(
                    path + ".properties[metadata]",
                    "must not specify anything other than name and generateName, but metadata is implicitly specified"));
        }
    }

    /// Defaults must be values that the schema accepts and keeps as they are.
    private void defaults(CustomSchema schema, Place path) {
        if (!schema.hasDefaults() || errors.isFull()) {
            return;
        }
        JsonNode value = schema.defaultValue();
        if (value != null) {
            JsonNode pruned = value.deepCopy();
            List<String> unknown = Pruning.value(pruned, schema);
            if (!unknown.isEmpty()) {
                add(FieldError.invalid(path + ".default", value, "must not have unknown fields: " + String.join(", ", unknown)));
            }
            SchemaValidation.validate(value, null, schema, path + ".default", effort).forEach(this::add);
            Duplicates.find(value, schema, path + ".default").forEach(this::add);
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
}
