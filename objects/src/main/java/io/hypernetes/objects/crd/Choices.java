package io.hypernetes.objects.crd;

import io.hypernetes.objects.Json;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// The values that an `enum` allows. Texts and numbers, of which there may be hundreds of thousands, are looked up; whatever else stands there is compared. Immutable.
final class Choices {
    /// Of how many characters one is compared with another in the time of a step.
    private static final int COMPARED_A_STEP = 16;

    /// What it takes to compare with what is no text and no number, beside its size.
    private static final long COMPARED = 10;

    private final JsonNode source;
    private final Set<String> texts = new HashSet<>();
    /// Without zeros at the end, so that 1 and 1.0 are one.
    private final Set<BigDecimal> numbers = new HashSet<>();
    private final List<JsonNode> others = new ArrayList<>();

    private Choices(JsonNode source) {
        this.source = source;
        for (JsonNode choice : source) {
            if (choice.isString()) {
                texts.add(choice.stringValue());
            } else if (choice.isNumber()) {
                numbers.add(choice.decimalValue().stripTrailingZeros());
            } else {
                others.add(choice);
            }
        }
    }

    /// What a schema allows; null when it allows any value.
    static @Nullable Choices of(JsonNode source) {
        return source.isEmpty() ? null : new Choices(source);
    }

    /// Whether a value is one of them; it is not when there is nothing left to look with.
    boolean contain(JsonNode value, Effort effort) {
        if (value.isString()) {
            return effort.takes(1 + value.stringValue().length() / COMPARED_A_STEP) && texts.contains(value.stringValue());
        }
        if (value.isNumber()) {
            return effort.takes(1) && numbers.contains(value.decimalValue().stripTrailingZeros());
        }
        for (JsonNode choice : others) {
            if (!effort.takes(COMPARED + value.size())) {
                return false;
            }
            if (choice.equals(value)) {
                return true;
            }
        }
        return false;
    }

    /// As they are told.
    List<String> told() {
        return CustomSchema.texts(source);
    }

    @Override
    public String toString() {
        return Json.print(source);
    }
}
