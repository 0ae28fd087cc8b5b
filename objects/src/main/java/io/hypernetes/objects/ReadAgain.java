package io.hypernetes.objects;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Whether [Json#readObject] reads what is written of a tree. Of one that it has read itself that is nearly certain; one that came as YAML or protobuf, or was put
/// together of several, may have what no text of JSON may have. It is looked through for each object that is stored, so nothing is made for a tree without fault.
final class ReadAgain {
    /// The least that has more digits than a text may have is longer.
    private static final int SHORT_NUMBER_BITS = 1300;
    /// Whoever calculates with a number of a larger scale has to do with that many digits. The number classes refuse a scale of twice that.
    private static final int MAX_SCALE = 1_000_000_000;

    private ReadAgain() {}

    /// The first fault; null when there is none.
    ///
    /// @param depth how many trees this is within
    static Json.@Nullable Fault fault(JsonNode node, int depth) {
        if (node.isContainer()) {
            if (depth == Json.DEEPEST_OF_OURS) {
                return new Json.Fault("", "it is nested more than " + Json.DEEPEST_OF_OURS + " deep");
            }
            return node instanceof ObjectNode object ? inObject(object, depth + 1) : inArray(node, depth + 1);
        }
        return node.isNumber() ? ofNumber(node) : null;
    }

    private static Json.@Nullable Fault inObject(ObjectNode object, int depth) {
        for (Map.Entry<String, JsonNode> member : object.properties()) {
            String name = member.getKey();
            Json.Fault below = fault(member.getValue(), depth);
            if (below != null) {
                return below.within(name);
            }
        }
        return null;
    }

    private static Json.@Nullable Fault inArray(JsonNode array, int depth) {
        int place = 0;
        for (JsonNode item : array) {
            Json.Fault below = fault(item, depth);
            if (below != null) {
                return below.within(place);
            }
            place++;
        }
        return null;
    }

    /// Of a number that is written otherwise than it was read the text counts that is written.
    private static Json.@Nullable Fault ofNumber(JsonNode node) {
        if (node.isBigInteger()) {
            BigInteger value = node.bigIntegerValue();
            if (value.bitLength() > SHORT_NUMBER_BITS && (value.bitLength() > 2 * SHORT_NUMBER_BITS || value.toString().length() > Json.MAX_NUMBER_LENGTH)) {
                return tooLong();
            }
        } else if (node.isBigDecimal()) {
            BigDecimal value = node.decimalValue();
            if (Math.abs((long) value.scale()) > MAX_SCALE) {
                return new Json.Fault("", "a number is out of range");
            }
            if (value.precision() > Json.MAX_NUMBER_LENGTH || value.toString().length() > Json.MAX_NUMBER_LENGTH) {
                return tooLong();
            }
        }
        return null;
    }

    private static Json.Fault tooLong() {
        return new Json.Fault("", "a number has more than " + Json.MAX_NUMBER_LENGTH + " characters");
    }
}
