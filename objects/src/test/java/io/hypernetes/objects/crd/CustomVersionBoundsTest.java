package io.hypernetes.objects.crd;

import static io.hypernetes.objects.crd.Versions.complaints;
import static io.hypernetes.objects.crd.Versions.listed;
import static io.hypernetes.objects.crd.Versions.version;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What hostile schemas and objects may take: work, memory and words.
class CustomVersionBoundsTest {
    private static final String TOO_DEAR = "its texts are too long, or its values or what its schema says of them too many, to be checked";

    /// Each choice within a choice would double the work if it were judged again for what it says.
    @Test
    @Timeout(value = 10, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void choicesWithinChoicesAreJudgedOnce() {
        for (String junctor : List.of("anyOf", "oneOf", "allOf")) {
            var nested = "{\"minLength\":2}";
            for (int depth = 0; depth < 60; depth++) {
                nested = "{\"%s\":[%s]}".formatted(junctor, nested);
            }
            var version = version("{\"type\":\"string\",\"allOf\":[" + nested + "]}");
            assertThat(complaints(version, "{\"spec\":\"a\"}")).contains("spec: Invalid value: \"a\": spec in body should be at least 2 chars long");
        }
    }

    /// Some characters name a number of a thousand million digits, and a division makes them all.
    @Test
    @Timeout(value = 10, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void stepsOfManyDigitsAreNotDividedBy() {
        assertThat(complaints(version("{\"type\":\"number\",\"multipleOf\":1e-500000000}"), "{\"spec\":1}")).isEmpty();
        assertThat(complaints(version("{\"type\":\"number\",\"multipleOf\":1e500000000}"), "{\"spec\":1}")).hasSize(1);
        assertThat(complaints(version("{\"type\":\"number\",\"multipleOf\":1e500000000}"), "{\"spec\":0}")).isEmpty();
        assertThat(complaints(version("{\"type\":\"number\",\"multipleOf\":3}"), "{\"spec\":1e-500000000}")).hasSize(1);
        assertThat(complaints(version("{\"type\":\"number\",\"multipleOf\":0.1}"), "{\"spec\":1.3}")).isEmpty();
        assertThat(complaints(version("{\"type\":\"number\",\"multipleOf\":0.1}"), "{\"spec\":1.35}")).hasSize(1);
    }

    /// What is in a list is filled in for each item: some bytes would become gigabytes.
    @Test
    void whatIsFilledInIsBounded() {
        var version = version("{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"default\":\"" + "x".repeat(60_000) + "\"}}}}");
        var many = "{\"spec\":" + listed("{}", 10_000) + "}";
        var written = Json.readObject(many);
        version.setDefaults(written);
        assertThat(Json.bytes(written).length).as("too long to be stored").isBetween(3 << 19, 5 << 20);
        var stored = Json.readObject(many);
        version.complete(stored);
        assertThat(Json.bytes(stored).length).isLessThan(1 << 18);
        var few = Json.readObject("{\"spec\":[{},{}]}");
        version.complete(few);
        assertThat(Json.print(few)).doesNotContain("{}");
    }

    @Test
    void aLongMessageIsNotSaidOfEveryItem() {
        var version = version("{\"type\":\"array\",\"items\":{\"type\":\"integer\",\"x-kubernetes-validations\":[{\"rule\":\"self > 1\",\"message\":\"" + "m".repeat(1 << 20) + "\"}]}}");
        var complaints = complaints(version, "{\"spec\":" + listed("1", 10_000) + "}");
        assertThat(complaints).hasSize(100);
        assertThat(complaints.getLast()).startsWith("spec[99]: Invalid value: 1: mmm").hasSizeLessThan(6000);
    }

    @Test
    void aLongTextIsNotShownForEveryChoiceThatItFails() {
        var object = "{\"spec\":\"" + "x".repeat(500_000) + "\"}";
        for (String choices : List.of("allOf", "anyOf", "oneOf")) {
            var version = version("{\"type\":\"string\",\"" + choices + "\":" + listed("{\"pattern\":\"^y\"}", 50) + "}");
            assertThat(complaints(version, object).stream().mapToInt(String::length).sum()).as(choices).isBetween(500_000, 2_000_000);
        }
    }

    /// A text is measured once, and only what somebody is told is said of it.
    @Test
    @Timeout(20)
    void aLongTextIsNotLookedAtAnewForEveryChoice() {
        // Letters of two bytes each: the length of others is known without measuring.
        var object = "{\"spec\":\"" + "я".repeat(1_000_000) + "\"}";
        for (String choices : List.of("anyOf", "oneOf")) {
            var version = version("{\"type\":\"string\",\"" + choices + "\":" + listed("{\"maxLength\":3},{\"enum\":[\"a\"]},{\"minLength\":3000000}", 1000) + "}");
            assertThat(complaints(version, object)).as(choices).hasSize(2).contains("spec: Too long: may not be more than 3 bytes");
        }
    }

    /// One after the other they would take an hour.
    @Test
    @Timeout(60)
    void patternsThatTakeTooLongAreAFault() {
        var object = "{\"spec\":\"" + "x".repeat(500_000) + "\"}";
        var version = version("{\"type\":\"string\",\"anyOf\":" + listed("{\"pattern\":\"(x{1,99}y)+z\"}", 5000) + "}");
        assertThat(complaints(version, object))
                .containsExactly("<nil>: Invalid value: " + TOO_DEAR);
    }

    /// Measured anew each time they would take minutes.
    @Test
    @Timeout(20)
    void textsThatAreMeasuredInTurnsAreAFault() {
        var object = "{\"spec\":{\"a\":\"" + "я".repeat(500_000) + "\",\"b\":\"" + "я".repeat(500_000) + "\"}}";
        var choice = "{\"properties\":{\"a\":{\"minLength\":3},\"b\":{\"minLength\":3,\"maxLength\":5}}}";
        var version = version("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"},\"b\":{\"type\":\"string\"}},\"anyOf\":" + listed(choice, 10_000) + "}");
        assertThat(complaints(version, object)).containsExactly("<nil>: Invalid value: " + TOO_DEAR);
    }

    /// One after the other they would take hours.
    @Test
    @Timeout(60)
    void valuesTimesChoicesAreAFault() {
        var zeros = "{\"spec\":" + listed("0", 1_500_000) + "}";
        var none = version("{\"type\":\"array\",\"items\":{\"type\":\"integer\"},\"anyOf\":" + listed("{\"items\":{\"minimum\":0},\"not\":{}}", 100_000) + "}");
        assertThat(complaints(none, zeros)).containsExactly("<nil>: Invalid value: " + TOO_DEAR);
        var maps = IntStream.range(0, 100_000).mapToObj(i -> "{\"a\":" + i + "}").collect(Collectors.joining(",", "[", ",true]"));
        var listed = version("{\"type\":\"array\",\"items\":{\"enum\":" + maps + ",\"x-kubernetes-preserve-unknown-fields\":true}}");
        assertThat(complaints(listed, "{\"spec\":" + listed("true", 500_000) + "}")).containsExactly("<nil>: Invalid value: " + TOO_DEAR);
        var required = IntStream.range(0, 100_000).mapToObj(i -> "\"r" + i + "\"").collect(Collectors.joining(",", "[", "]"));
        var empty = version("{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{},\"anyOf\":[{\"required\":" + required + "},{}]}}");
        assertThat(complaints(empty, "{\"spec\":" + listed("{}", 500_000) + "}")).as("a hundred sentences of each").containsExactly("<nil>: Invalid value: " + TOO_DEAR);
        var any = version("{\"type\":\"array\",\"items\":{\"type\":\"integer\"},\"anyOf\":" + listed("{\"items\":{\"minimum\":0}}", 100_000) + "}");
        assertThat(complaints(any, zeros)).as("the first is enough").isEmpty();
    }

    /// Each value compared with each choice would take hours.
    @Test
    @Timeout(20)
    void manyChoicesOfTextsAndNumbersAreLookedUp() {
        var numbers = IntStream.rangeClosed(1, 400_000).mapToObj(Integer::toString).collect(Collectors.joining(",", "[", ",0,1.5]"));
        var counted = version("{\"type\":\"array\",\"items\":{\"type\":\"number\",\"enum\":" + numbers + "}}");
        assertThat(complaints(counted, "{\"spec\":" + listed("0", 1_000_000) + "}")).isEmpty();
        assertThat(complaints(counted, "{\"spec\":[1.50,3.0,400000]}")).isEmpty();
        assertThat(complaints(counted, "{\"spec\":[400001]}")).singleElement().asString().startsWith("spec[0]: Unsupported value: \"400001\"");
        var texts = IntStream.rangeClosed(1, 200_000).mapToObj(i -> "\"t" + i + "\"").collect(Collectors.joining(",", "[", "]"));
        var named = version("{\"type\":\"array\",\"items\":{\"type\":\"string\",\"enum\":" + texts + "}}");
        assertThat(complaints(named, "{\"spec\":" + listed("\"t200000\"", 200_000) + "}")).isEmpty();
    }

    /// Stored before its schema said what it is, it would be looked through for longer than anybody waits.
    @Test
    @Timeout(20)
    void aLongTextIsNoDuration() {
        var version = version("{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"},\"d\":{\"type\":\"string\",\"format\":\"duration\"}},"
                + "\"x-kubernetes-validations\":[{\"rule\":\"self.n < 5\",\"message\":\"small\"}]}");
        var object = "{\"spec\":{\"d\":\"" + "1".repeat(100_000) + "\",\"n\":%d}}";
        assertThat(complaints(version, object.formatted(6), object.formatted(1))).containsExactly("spec: Invalid value: small");
    }

    @Test
    void itemsThatOccurTwiceAreToldAHundredTimes() {
        var sets = version("{\"type\":\"array\",\"x-kubernetes-list-type\":\"set\",\"items\":{\"type\":\"string\"}}");
        assertThat(complaints(sets, "{\"spec\":" + listed("\"a\"", 1000) + "}")).hasSize(100);
    }

    /// Of 130,000 texts with one hash, each would be compared with all.
    @Test
    @Timeout(20)
    void textsOfOneHashAreToldApartFast() {
        var items = new StringBuilder();
        for (int i = 0; i < 1 << 17; i++) {
            items.append(items.isEmpty() ? "[\"" : ",\"");
            for (int bit = 0; bit < 17; bit++) {
                items.append((i >> bit & 1) == 0 ? "Aa" : "BB");
            }
            items.append('"');
        }
        var sets = version("{\"type\":\"array\",\"x-kubernetes-list-type\":\"set\",\"items\":{\"type\":\"string\"}}");
        assertThat(complaints(sets, "{\"spec\":" + items.append(']') + "}")).isEmpty();
    }

    /// Copied for each item that would be 20 GB.
    @Test
    @Timeout(20)
    void theNamesAroundWhatIsRightAreNotCopied() {
        var name = "n".repeat(40_000);
        var version = version("{\"type\":\"object\",\"properties\":{\"" + name + "\":{\"type\":\"array\",\"x-kubernetes-list-type\":\"set\",\"items\":{\"type\":\"integer\"}}}}");
        var items = IntStream.range(0, 500_000).mapToObj(Integer::toString).collect(Collectors.joining(",", "[", "]"));
        var object = Json.readObject("{\"spec\":{\"" + name + "\":" + items + "}}");
        assertThat(version.prune(object)).isEmpty();
        assertThat(version.validate(object, null, _ -> {})).isEmpty();
    }
}
