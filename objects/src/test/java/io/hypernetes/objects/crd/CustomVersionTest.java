package io.hypernetes.objects.crd;

import static io.hypernetes.objects.crd.Versions.complaints;
import static io.hypernetes.objects.crd.Versions.version;
import static io.hypernetes.objects.crd.Versions.versionOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What a schema says of objects. The sentences are those that clients and their tests know from upstream.
class CustomVersionTest {
    @Test
    void choicesOfSchemasAreComplainedOfForTheWholeObject() {
        var one = version(
                """
                {"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"oneOf":[{"required":["a"]},{"required":["b"]}]}""");
        assertThat(complaints(one, "{\"spec\":{}}"))
                .containsExactly(
                        "<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found none valid",
                        "spec.a: Required value");
        assertThat(complaints(one, "{\"spec\":{\"a\":\"\",\"b\":\"\"}}"))
                .containsExactly("<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found 2 valid alternatives");
        var any = version(
                "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}},\"anyOf\":[{\"required\":[\"a\"]}],\"not\":{\"required\":[\"c\"]}}");
        assertThat(complaints(any, "{\"spec\":{\"c\":1}}"))
                .containsExactly(
                        "<nil>: Invalid value: \"\": \"spec\" must validate at least one schema (anyOf)",
                        "spec.a: Required value",
                        "<nil>: Invalid value: \"\": \"spec\" must not validate the schema (not)");
        var all = version("{\"type\":\"string\",\"allOf\":[{\"minLength\":2},{\"maxLength\":3}]}");
        assertThat(complaints(all, "{\"spec\":\"a\"}"))
                .containsExactly(
                        "spec: Invalid value: \"a\": spec in body should be at least 2 chars long",
                        "<nil>: Invalid value: \"\": \"spec\" must validate all the schemas (allOf)");
        var none = version("{\"type\":\"string\",\"allOf\":[{\"minLength\":2},{\"pattern\":\"x\"}]}");
        assertThat(complaints(none, "{\"spec\":\"a\"}"))
                .contains("<nil>: Invalid value: \"\": \"spec\" must validate all the schemas (allOf). None validated");
    }

    @Test
    void numbersBeyondTheirTypeAreOfAnother() {
        var version = version(
                """
                {"type":"object","properties":{"n":{"type":"integer"},"share":{"type":"number"},"any":{"x-kubernetes-int-or-string":true}},
                 "x-kubernetes-validations":[{"rule":"!has(self.n) || self.n > 0"},{"rule":"!has(self.share) || self.share > 0.0"}]}""");
        assertThat(complaints(version, "{\"spec\":{\"n\":9223372036854775807,\"share\":1}}")).isEmpty();
        assertThat(complaints(version, "{\"spec\":{\"n\":2.0,\"share\":1e30}}")).isEmpty();
        for (var large : List.of("9223372036854775808", "1e23", "1e400", "1.5")) {
            assertThat(complaints(version, "{\"spec\":{\"n\":" + large + "}}"))
                    .contains("spec.n: Invalid value: \"number\": spec.n in body must be of type integer: \"number\"");
            assertThat(complaints(version, "{\"spec\":{\"any\":" + large + "}}")).as(large).hasSize(2);
            complaints(version, "{\"spec\":{\"share\":" + large + "}}");
        }
    }

    @Test
    void anObjectInsideSaysWhatItIs() {
        var version = version("{\"type\":\"object\",\"x-kubernetes-embedded-resource\":true,\"x-kubernetes-preserve-unknown-fields\":true}");
        assertThat(complaints(version, "{\"spec\":{\"apiVersion\":\"a.example.com/v1\",\"kind\":\"PodSet\",\"any\":1}}")).isEmpty();
        assertThat(complaints(version, "{\"spec\":{}}"))
                .containsExactly("spec.apiVersion: Required value: must not be empty", "spec.kind: Required value: must not be empty");
        assertThat(complaints(version, "{\"spec\":{\"apiVersion\":\"a/b/c\",\"kind\":\"\"}}"))
                .containsExactly(
                        "spec.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c",
                        "spec.kind: Invalid value: \"\": must not be empty");
        assertThat(complaints(version, "{\"spec\":{\"apiVersion\":1,\"kind\":\"A B\"}}"))
                .hasSize(2)
                .contains("spec.apiVersion: Invalid value: 1: must be a string")
                .anyMatch(each -> each.startsWith("spec.kind: Invalid value: \"A B\": may have mixed case, but should otherwise match: a DNS-1035 label"));
    }

    @Test
    void anItemThatOccursTwiceIsShownByItsKey() {
        var version = version(
                """
                {"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],
                 "items":{"type":"object","required":["name"],"properties":{"name":{"type":"string"}}}}""");
        assertThat(complaints(version, "{\"spec\":[{\"name\":\"a\"},{\"name\":\"a\"}]}"))
                .containsExactly("spec[1]: Duplicate value: {\"name\":\"a\"}");
    }

    @Test
    void membersHaveNoOrderAmongThoseThatAreEqual() {
        var sets = version(
                "{\"type\":\"array\",\"x-kubernetes-list-type\":\"set\",\"items\":{\"type\":\"object\",\"x-kubernetes-map-type\":\"atomic\",\"properties\":{\"a\":{\"type\":\"integer\"},\"b\":{\"type\":\"integer\"}}}}");
        assertThat(complaints(sets, "{\"spec\":[{\"a\":1,\"b\":2},{\"a\":2,\"b\":1},{\"b\":2,\"a\":1}]}"))
                .containsExactly("spec[2]: Duplicate value: {\"b\":2,\"a\":1}");
    }

    @Test
    void whatWasWrongBeforeAChangeMayStay() {
        var version = versionOf(
                """
                {"spec":{"type":"object","properties":{"size":{"type":"integer","maximum":5},"mode":{"type":"string"},
                  "parts":{"type":"array","maxItems":2,"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],
                    "items":{"type":"object","required":["name","weight"],"properties":{"name":{"type":"string"},"weight":{"type":"integer","maximum":5}}}},
                  "tags":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}},
                  "list":{"type":"array","items":{"type":"string","maxLength":1}}}}}""",
                "");
        assertThat(complaints(version, "{\"spec\":{\"size\":7,\"mode\":\"b\"}}", "{\"spec\":{\"size\":7,\"mode\":\"a\"}}")).isEmpty();
        assertThat(complaints(version, "{\"spec\":{\"size\":8}}", "{\"spec\":{\"size\":7}}"))
                .containsExactly("spec.size: Invalid value: 8: spec.size in body should be less than or equal to 5");
        // Items are told by their keys, wherever they stand.
        var parts = "{\"spec\":{\"parts\":[{\"name\":\"a\",\"weight\":9},{\"name\":\"b\"}]}}";
        assertThat(complaints(version, "{\"spec\":{\"parts\":[{\"name\":\"b\"},{\"name\":\"a\",\"weight\":9}]}}", parts)).isEmpty();
        assertThat(complaints(version, "{\"spec\":{\"parts\":[{\"name\":\"b\"},{\"name\":\"c\",\"weight\":9}]}}", parts))
                .containsExactly("spec.parts[1].weight: Invalid value: 9: spec.parts[1].weight in body should be less than or equal to 5");
        // Those of another list are told by nothing.
        assertThat(complaints(version, "{\"spec\":{\"list\":[\"long\"],\"mode\":\"b\"}}", "{\"spec\":{\"list\":[\"long\"]}}")).isEmpty();
        assertThat(complaints(version, "{\"spec\":{\"list\":[\"long\",\"b\"]}}", "{\"spec\":{\"list\":[\"long\"]}}"))
                .containsExactly("spec.list[0]: Too long: may not be more than 1 bytes");
    }

    @Test
    void anObjectThatHadItemsTwiceMayHaveThemStill() {
        var version = version("{\"type\":\"array\",\"x-kubernetes-list-type\":\"set\",\"items\":{\"type\":\"string\"}}");
        assertThat(complaints(version, "{\"spec\":[\"a\",\"a\",\"b\"]}", "{\"spec\":[\"a\",\"a\"]}")).isEmpty();
        assertThat(complaints(version, "{\"spec\":[\"a\",\"a\",\"b\"]}", "{\"spec\":[\"a\",\"b\"]}"))
                .containsExactly("spec[1]: Duplicate value: \"a\"");
    }

    @Test
    void theStatusIsNotRefusedForWhatIsWrongElsewhere() {
        var version = versionOf(
                "{\"spec\":{\"type\":\"object\"},\"status\":{\"type\":\"object\",\"properties\":{\"replicas\":{\"type\":\"integer\"}}}}",
                ",\"required\":[\"spec\"]");
        assertThat(version.validateStatus(Json.readObject("{\"status\":{\"replicas\":1}}"), Json.readObject("{}"), _ -> {})).isEmpty();
        assertThat(version.validateStatus(Json.readObject("{\"status\":{\"replicas\":\"1\"}}"), Json.readObject("{}"), _ -> {}))
                .extracting(FieldError::text)
                .containsExactly("status.replicas: Invalid value: \"string\": replicas in body must be of type integer: \"string\"");
        assertThat(complaints(version, "{\"status\":{}}", "{}")).containsExactly("spec: Required value");
    }

    @Test
    void nullIsNoDefault() {
        var version = version(
                "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"nullable\":true,\"default\":null},\"b\":{\"type\":\"string\",\"nullable\":true,\"default\":\"x\"},\"c\":{\"type\":\"string\",\"default\":\"y\"}}}");
        var object = Json.readObject("{\"spec\":{\"b\":null,\"c\":null}}");
        version.setDefaults(object);
        assertThat(object).isEqualTo(Json.readObject("{\"spec\":{\"b\":null,\"c\":\"y\"}}"));
    }

    /// A backslash is a part of a name here, and escapes nothing.
    @Test
    void whatSelectsIsReadAsItWasChecked() {
        var version = CustomVersion.of(Json.readObject(
                """
                {"name":"v1","selectableFields":[{"jsonPath":".spec.a\\\\b"},{"jsonPath":".spec.size"},{"jsonPath":".spec['size']"},{"jsonPath":".spec.none"}],
                 "schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{
                  "a\\\\b":{"type":"string"},"size":{"type":"integer"},"none":{"type":"string"}}}}}}}"""));
        assertThat(version.selectableFields(Json.readObject("{\"spec\":{\"a\\\\b\":\"x\",\"ab\":\"y\",\"size\":3,\"none\":null}}")))
                .containsOnly(Map.entry("spec.a\\b", "x"), Map.entry("spec.size", "3"), Map.entry("spec['size']", ""), Map.entry("spec.none", ""));
    }
}
