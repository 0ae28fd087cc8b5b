package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What claims, classes and slices of devices say in common, as upstream's `pkg/apis/resource/validation/validation.go`.
final class DeviceValidation {
    static final int LONGEST_PARAMETERS_BYTES = 10 << 10;
    private static final int LONGEST_POOL = 253;
    private static final int LONGEST_IDENTIFIER = 32;
    private static final int LONGEST_EXPRESSION_BYTES = 10 << 10;
    private static final int MOST_CONDITIONS = 4;
    private static final List<String> EFFECTS = List.of("NoExecute", "NoSchedule", "None");
    private static final Pattern IDENTIFIER = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
    private static final String IDENTIFIER_HINT = "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters"
            + " or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')";

    private DeviceValidation() {}

    /// The items of a list; none when they are too many, which is told and ends the matter.
    static List<ObjectNode> several(JsonNode object, String list, int most, String at, Errors errors) {
        List<ObjectNode> items = Json.objects(object, list);
        if (items.size() <= most) {
            return items;
        }
        errors.add(FieldError.tooMany(at + "." + list, items.size(), most));
        return List.of();
    }

    static void pool(String name, String at, Errors errors) {
        if (name.isEmpty()) {
            errors.required(at, "");
            return;
        }
        if (name.length() > LONGEST_POOL) {
            errors.add(FieldError.tooLong(at, LONGEST_POOL));
        }
        int start = 0;
        while (start <= name.length() && !errors.isFull()) {
            int slash = name.indexOf('/', start);
            int end = slash < 0 ? name.length() : slash;
            String part = name.substring(start, end);
            errors.invalid(at, part, Names.subdomain(part));
            start = end + 1;
        }
    }

    static void share(JsonNode share, String at, Errors errors) {
        if (!share.isString()) {
            return;
        }
        String text = share.stringValue();
        try {
            if (!UUID.fromString(text).toString().equals(text)) {
                errors.invalid(at, text, "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters");
            }
        } catch (IllegalArgumentException e) {
            errors.invalid(at, text, "error validating uid: invalid UUID length: " + text.length());
        }
    }

    /// The name of an attribute or a capacity, in a domain or not.
    static void qualified(String name, String at, Errors errors) {
        int slash = name.indexOf('/');
        if (slash < 0) {
            identifier(name, at, errors);
        } else if (name.indexOf('/', slash + 1) >= 0) {
            errors.invalid(at, name, "must not contain more than one slash");
        } else {
            if (slash == 0) {
                errors.invalid(at, "", "the domain must not be empty");
            } else {
                CsiDriverRules.name(name.substring(0, slash), at, errors);
            }
            if (slash == name.length() - 1) {
                errors.invalid(at, "", "the name must not be empty");
            } else {
                identifier(name.substring(slash + 1), at, errors);
            }
        }
    }

    /// The name of an attribute in a domain.
    static void fullyQualified(String name, String at, Errors errors) {
        qualified(name, at, errors);
        if (!name.contains("/")) {
            errors.invalid(at, name, "a fully qualified name must be a domain and a name separated by a slash");
        }
    }

    private static void identifier(String text, String at, Errors errors) {
        if (text.length() > LONGEST_IDENTIFIER) {
            errors.add(FieldError.tooLong(at, LONGEST_IDENTIFIER));
        }
        if (!IDENTIFIER.matcher(text).matches()) {
            errors.invalid(at, text, IDENTIFIER_HINT);
        }
    }

    /// Expressions are not compiled: nothing here allocates devices.
    static void selectors(List<ObjectNode> selectors, String at, Errors errors) {
        for (int i = 0; i < selectors.size() && !errors.isFull(); i++) {
            String each = at + "[" + i + "].cel";
            if (!selectors.get(i).path("cel").isObject()) {
                errors.required(each, "");
            } else if (bytes(Json.string(selectors.get(i), "cel", "expression")) > LONGEST_EXPRESSION_BYTES) {
                errors.add(FieldError.tooLong(each + ".expression", LONGEST_EXPRESSION_BYTES));
            }
        }
    }

    /// What a driver is told.
    static void configuration(ObjectNode configuration, String at, Errors errors) {
        JsonNode opaque = configuration.path("opaque");
        if (!opaque.isObject()) {
            errors.required(at + ".opaque", "");
            return;
        }
        CsiDriverRules.name(Json.string(opaque, "driver"), at + ".opaque.driver", errors);
        raw(opaque.path("parameters"), at + ".opaque.parameters", errors);
    }

    /// An object that only drivers read.
    static void raw(JsonNode value, String at, Errors errors) {
        if (!Json.present(value)) {
            errors.required(at, "");
        } else if (bytes(Json.print(value)) > LONGEST_PARAMETERS_BYTES) {
            errors.add(FieldError.tooLong(at, LONGEST_PARAMETERS_BYTES));
        } else if (!value.isObject()) {
            errors.invalid(at, "<value omitted>", "must be a valid JSON object");
        }
    }

    static void tolerations(JsonNode holder, String at, Errors errors) {
        List<ObjectNode> tolerations = Json.objects(holder, "tolerations");
        for (int i = 0; i < tolerations.size() && !errors.isFull(); i++) {
            toleration(tolerations.get(i), at + ".tolerations[" + i + "]", errors);
        }
    }

    private static void toleration(ObjectNode toleration, String at, Errors errors) {
        String key = Json.string(toleration, "key");
        if (!key.isEmpty()) {
            errors.invalid(at + ".key", key, Names.qualified(key));
        }
        String value = Json.string(toleration, "value");
        switch (Json.string(toleration, "operator")) {
            case "Exists" -> {
                if (!value.isEmpty()) {
                    errors.invalid(at + ".value", value, "must be empty for operator `Exists`");
                }
            }
            case "Equal" -> errors.invalid(at + ".value", value, Names.labelValue(value));
            case "" -> errors.required(at + ".operator", "");
            default -> errors.oneOf(at + ".operator", Json.string(toleration, "operator"), List.of("Equal", "Exists"));
        }
        errors.oneOfOrNothing(at + ".effect", Json.string(toleration, "effect"), EFFECTS);
    }

    static void taint(ObjectNode taint, String at, Errors errors) {
        String key = Json.string(taint, "key");
        String value = Json.string(taint, "value");
        String effect = Json.string(taint, "effect");
        errors.invalid(at + ".key", key, Names.qualified(key));
        errors.invalid(at + ".value", value, Names.labelValue(value));
        if (effect.isEmpty()) {
            errors.required(at + ".effect", "");
        } else {
            errors.oneOf(at + ".effect", effect, EFFECTS);
        }
    }

    /// What must come true before a pod starts, and what ends the wait.
    static void binding(JsonNode holder, String at, Errors errors) {
        JsonNode wanted = holder.path("bindingConditions");
        JsonNode failing = holder.path("bindingFailureConditions");
        names(wanted, at + ".bindingConditions", errors);
        names(failing, at + ".bindingFailureConditions", errors);
        Set<String> all = unique(wanted, at + ".bindingConditions", Set.of(), errors);
        unique(failing, at + ".bindingFailureConditions", all, errors);
        if (wanted.isEmpty() && !failing.isEmpty()) {
            errors.invalid(at + ".bindingConditions", Json.array(), "bindingConditions are required to use bindingFailureConditions");
        }
        if (failing.isEmpty() && !wanted.isEmpty()) {
            errors.invalid(at + ".bindingFailureConditions", Json.array(), "bindingFailureConditions are required to use bindingConditions");
        }
    }

    private static void names(JsonNode names, String at, Errors errors) {
        if (names.size() > MOST_CONDITIONS) {
            errors.add(FieldError.tooMany(at, names.size(), MOST_CONDITIONS));
            return;
        }
        for (int i = 0; i < names.size(); i++) {
            errors.invalid(at + "[" + i + "]", names.path(i).asString(""), Names.qualified(names.path(i).asString("")));
        }
    }

    private static Set<String> unique(JsonNode names, String at, Set<String> others, Errors errors) {
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < names.size() && !errors.isFull(); i++) {
            String name = names.path(i).asString("");
            if (!seen.add(name)) {
                errors.duplicate(at + "[" + i + "]", name);
            }
            if (others.contains(name)) {
                errors.invalid(at + "[" + i + "]", name, "bindingFailureConditions must not overlap with bindingConditions");
            }
        }
        return seen;
    }

    static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }
}
