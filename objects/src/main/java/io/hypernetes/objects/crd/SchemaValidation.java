package io.hypernetes.objects.crd;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.objects.TextPattern;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Checks values against a schema, with the messages of upstream's validator.
///
/// What a change leaves as it was is not checked again, so that objects which were valid under an earlier schema can still be
/// changed elsewhere (upstream calls this ratcheting).
final class SchemaValidation {
    private static final int MOST_DIGITS = 400;
    private static final BigDecimal LARGEST_EXACT = BigDecimal.valueOf(1L << 53);

    private static final String TOO_DEAR = "its texts are too long, or its values or what its schema says of them too many, to be checked";

    /// What it takes to say what is wrong, beside the length of it: choices are told of that nobody asks about in the end.
    private static final int SENTENCE = 100;

    /// Their paths are from the value; empty for the value itself.
    private final Faults errors = new Faults();

    private final Effort effort;
    private final boolean heard;
    private boolean wrong;

    /// @param heard whether anybody is told what is wrong; else nothing is looked at once something is
    private SchemaValidation(Effort effort, boolean heard) {
        this.effort = effort;
        this.heard = heard;
    }

    /// What is wrong with a value.
    ///
    /// @param old the value before the change, or null
    /// @param path of the value; empty for a whole object. What is said of what is in it names it from there.
    static List<FieldError> validate(JsonNode value, @Nullable JsonNode old, CustomSchema schema, String path) {
        return validate(value, old, schema, path, new Effort());
    }

    /// As the other.
    ///
    /// @param effort what this check and others may take together
    static List<FieldError> validate(JsonNode value, @Nullable JsonNode old, CustomSchema schema, String path, Effort effort) {
        SchemaValidation validation = new SchemaValidation(effort, true);
        validation.value(value, old, schema, Place.of(""));
        String whole = path.isEmpty() ? FieldError.WHOLE_OBJECT : path;
        if (validation.effort.isSpent()) {
            return List.of(FieldError.invalidUnshown(whole, TOO_DEAR));
        }
        return validation.errors.list().stream()
                .map(error -> new FieldError(error.path().isEmpty() ? whole : child(path, error.path()), error.reason(), error.message()))
                .toList();
    }

    /// What a value misses of choices.
    ///
    /// @param choices how many there are
    /// @param matching how many of them it misses nothing of
    /// @param first what it misses of the first
    private record Missed(int choices, int matching, List<FieldError> first) {}

    /// @param enough how many are to match at most: no other is asked then
    private Missed missed(JsonNode value, List<CustomSchema> choices, Place path, int enough) {
        int matching = 0;
        List<FieldError> first = List.of();
        for (CustomSchema choice : choices) {
            if (matching == enough || effort.isSpent()) {
                break;
            }
            boolean isFirst = choice == choices.getFirst();
            SchemaValidation validation = missed(value, choice, path, isFirst);
            if (!validation.wrong) {
                matching++;
            } else if (isFirst) {
                first = validation.errors.list();
            }
        }
        return new Missed(choices.size(), matching, first);
    }

    /// What a value misses of a choice. Asked once for each, as choices within choices would take twice as long for each level otherwise.
    ///
    /// @param told whether anybody is told what it is, and not only whether there is something
    private SchemaValidation missed(JsonNode value, CustomSchema choice, Place path, boolean told) {
        SchemaValidation validation = new SchemaValidation(effort, told && heard);
        validation.value(value, null, choice, path);
        return validation;
    }

    private void add(Supplier<FieldError> error) {
        wrong = true;
        if (heard && !errors.isFull()) {
            FieldError said = error.get();
            effort.takes(SENTENCE + said.message().length());
            errors.add(said);
        }
    }

    private boolean isEnough() {
        return effort.isSpent() || (heard ? errors.isFull() : wrong);
    }

    private void value(JsonNode value, @Nullable JsonNode old, CustomSchema schema, Place path) {
        if (value.equals(old) || isEnough() || !effort.visits()) {
            return;
        }
        if (value.isNull() && schema.nullable()) {
            return;
        }
        if (!type(value, schema, path)) {
            return;
        }
        Choices choices = schema.choices();
        if (choices != null && !choices.contain(value, effort)) {
            add(() -> FieldError.notSupported(
                    path.toString(),
                    value.isString() ? value.stringValue() : Json.print(value),
                    choices.told()));
        }
        if (value.isString()) {
            text(value.stringValue(), schema, path);
        } else if (value.isNumber()) {
            number(value, schema, path);
        } else if (value.isArray()) {
            array(value, old, schema, path);
        } else if (value instanceof ObjectNode object) {
            object(object, old, schema, path);
        }
        if (schema.hasJunctors() && !isEnough()) {
            junctors(value, schema, path);
        }
    }

    private boolean type(JsonNode value, CustomSchema schema, Place path) {
        String found = switch (value.getNodeType()) {
            case OBJECT, POJO -> "object";
            case ARRAY -> "array";
            case STRING, BINARY -> "string";
            case BOOLEAN -> "boolean";
            case NULL, MISSING -> "null";
            case NUMBER -> isWhole(value) ? "integer" : "number";
        };
        if (schema.intOrString()) {
            if (found.equals("integer") || found.equals("string")) {
                return true;
            }
            add(() -> FieldError.typeInvalid(path.toString(), found, path + " in body must be of type integer,string: \"" + found + "\""));
            return false;
        }
        String wanted = schema.type();
        if (wanted.isEmpty() || wanted.equals(found) || (wanted.equals("number") && found.equals("integer"))) {
            return true;
        }
        add(() -> FieldError.typeInvalid(path.toString(), found, path + " in body must be of type " + wanted + ": \"" + found + "\""));
        return false;
    }

    /// Whether it is an integer: of 64 bits, or as a fraction of nothing, which upstream takes as far as its numbers are exact.
    private static boolean isWhole(JsonNode value) {
        if (value.isIntegralNumber()) {
            return value.canConvertToLong();
        }
        BigDecimal number = value.decimalValue();
        return number.abs().compareTo(LARGEST_EXACT) <= 0 && number.stripTrailingZeros().scale() <= 0;
    }

    private void text(String text, CustomSchema schema, Place path) {
        long most = schema.bound("maxLength");
        if (most >= 0 && effort.length(text) > most) {
            add(() -> FieldError.tooLong(path.toString(), (int) most));
        }
        long least = schema.bound("minLength");
        if (least > 0 && effort.length(text) < least) {
            add(() -> FieldError.invalid(path.toString(), text, path + " in body should be at least " + least + " chars long"));
        }
        TextPattern pattern = schema.pattern();
        if (pattern != null && !isEnough() && !effort.finds(pattern, text)) {
            add(() -> FieldError.invalid(path.toString(), text, path + " in body should match '" + pattern.text() + "'"));
        }
        String format = Json.string(schema.source(), "format");
        if (!format.isEmpty() && !isEnough() && !effort.hasFormat(format, text)) {
            add(() -> FieldError.typeInvalid(path.toString(), text, path + " in body must be of type " + format + ": \"" + text + "\""));
        }
    }

    private void number(JsonNode value, CustomSchema schema, Place path) {
        if (schema.maximum() == null && schema.minimum() == null && schema.multipleOf() == null) {
            return;
        }
        BigDecimal number = value.decimalValue();
        BigDecimal most = schema.maximum();
        if (most != null) {
            boolean open = schema.isOpenAbove();
            if (number.compareTo(most) > 0 || (open && number.compareTo(most) == 0)) {
                add(() -> FieldError.invalid(
                        path.toString(), value, path + " in body should be less than " + (open ? "" : "or equal to ") + plain(most)));
            }
        }
        BigDecimal least = schema.minimum();
        if (least != null) {
            boolean open = schema.isOpenBelow();
            if (number.compareTo(least) < 0 || (open && number.compareTo(least) == 0)) {
                add(() -> FieldError.invalid(
                        path.toString(), value, path + " in body should be greater than " + (open ? "" : "or equal to ") + plain(least)));
            }
        }
        BigDecimal step = schema.multipleOf();
        if (step != null && !isMultiple(number, step)) {
            add(() -> FieldError.invalid(path.toString(), value, path + " in body should be a multiple of " + plain(step)));
        }
    }

    /// A number of a few characters can have a thousand million digits, and dividing makes them all.
    private static boolean isMultiple(BigDecimal number, BigDecimal step) {
        if (step.signum() <= 0 || number.precision() - number.scale() >= 100) {
            return true;
        }
        long finer = (long) step.scale() - number.scale();
        if (finer > MOST_DIGITS) {
            // The numbers of clients, of 64 bits, know no such step.
            return true;
        }
        return finer < -MOST_DIGITS ? number.signum() == 0 : number.remainder(step).signum() == 0;
    }

    private static String plain(BigDecimal number) {
        BigDecimal stripped = number.stripTrailingZeros();
        return Math.abs(stripped.scale()) > 40 ? stripped.toString() : stripped.toPlainString();
    }

    private void array(JsonNode array, @Nullable JsonNode old, CustomSchema schema, Place path) {
        long most = schema.bound("maxItems");
        if (most >= 0 && array.size() > most) {
            add(() -> FieldError.tooMany(path.toString(), array.size(), (int) most));
        }
        long least = schema.bound("minItems");
        if (array.size() < least) {
            add(() -> FieldError.invalid(path.toString(), array.size(), path + " in body should have at least " + least + " items"));
        }
        CustomSchema items = schema.items();
        if (items == null) {
            return;
        }
        Map<String, JsonNode> before = Correlation.items(schema, old);
        for (int i = 0; i < array.size() && !isEnough(); i++) {
            JsonNode item = array.get(i);
            JsonNode earlier = before.isEmpty() ? null : before.get(Correlation.identity(schema, item));
            value(item, earlier, items, path.item(i));
        }
    }

    private void object(ObjectNode object, @Nullable JsonNode old, CustomSchema schema, Place path) {
        long most = schema.bound("maxProperties");
        if (most >= 0 && object.size() > most) {
            add(() -> FieldError.tooMany(path.toString(), object.size(), (int) most));
        }
        long least = schema.bound("minProperties");
        if (object.size() < least) {
            add(() -> FieldError.invalid(path.toString(), object.size(), path + " in body should have at least " + least + " properties"));
        }
        for (String name : schema.required()) {
            if (isEnough() || !effort.takes(1)) {
                return;
            }
            if (!object.has(name)) {
                add(() -> FieldError.required(path.member(name).toString(), ""));
            }
        }
        for (Map.Entry<String, JsonNode> member : object.properties()) {
            if (isEnough() || !effort.takes(1)) {
                return;
            }
            CustomSchema declared = schema.member(member.getKey());
            if (declared != null) {
                value(member.getValue(), old == null ? null : old.get(member.getKey()), declared, path.member(member.getKey()));
            }
        }
        if (schema.embedded()) {
            typeMember(object, "apiVersion", path);
            typeMember(object, "kind", path);
        }
    }

    /// What says of an object inside of another what it is.
    private void typeMember(ObjectNode object, String name, Place path) {
        Place at = path.member(name);
        JsonNode value = object.get(name);
        if (value == null) {
            add(() -> FieldError.required(at.toString(), "must not be empty"));
            return;
        }
        String text = value.asString("");
        List<String> wrong = name.equals("kind") ? Names.label1035(text.toLowerCase(Locale.ROOT)) : List.of();
        if (!value.isString()) {
            add(() -> FieldError.invalid(at.toString(), value, "must be a string"));
        } else if (text.isEmpty()) {
            add(() -> FieldError.invalid(at.toString(), text, "must not be empty"));
        } else if (!wrong.isEmpty()) {
            add(() -> FieldError.invalid(at.toString(), text, "may have mixed case, but should otherwise match: " + String.join(",", wrong)));
        } else if (text.chars().filter(c -> c == '/').count() > 1) {
            add(() -> FieldError.invalid(at.toString(), text, "unexpected GroupVersion string: " + text));
        }
    }

    /// Upstream says what choices a value fails of the object as a whole, and what the first of them misses of its field.
    private void junctors(JsonNode value, CustomSchema schema, Place path) {
        int failed = 0;
        for (CustomSchema each : schema.allOf()) {
            if (isEnough()) {
                return;
            }
            SchemaValidation missed = missed(value, each, path, true);
            failed += missed.wrong ? 1 : 0;
            missed.errors.list().forEach(error -> add(() -> error));
        }
        if (failed > 0) {
            boolean none = failed == schema.allOf().size();
            choice(path, "must validate all the schemas (allOf)" + (none ? ". None validated" : ""));
        }
        if (isEnough()) {
            return;
        }
        Missed any = missed(value, schema.anyOf(), path, 1);
        if (any.choices > 0 && any.matching == 0) {
            choice(path, "must validate at least one schema (anyOf)");
            any.first.forEach(error -> add(() -> error));
        }
        if (isEnough()) {
            return;
        }
        Missed one = missed(value, schema.oneOf(), path, Integer.MAX_VALUE);
        if (one.choices > 0 && one.matching == 0) {
            choice(path, "must validate one and only one schema (oneOf). Found none valid");
            one.first.forEach(error -> add(() -> error));
        } else if (one.matching > 1) {
            choice(path, "must validate one and only one schema (oneOf). Found " + one.matching + " valid alternatives");
        }
        CustomSchema not = schema.not();
        if (not != null && !isEnough() && !missed(value, not, path, false).wrong) {
            choice(path, "must not validate the schema (not)");
        }
    }

    private void choice(Place path, String detail) {
        add(() -> FieldError.invalid("", "", "\"" + path + "\" " + detail));
    }

    static String child(String path, String name) {
        return path.isEmpty() ? name : path + "." + name;
    }
}
