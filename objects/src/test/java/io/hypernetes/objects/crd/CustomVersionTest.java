package io.hypernetes.objects.crd;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;

/// The sentences are those that clients and their tests know from upstream.
class CustomVersionTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    private static CustomVersion version(String spec) {
        return versionOf("{\"spec\":" + spec + "}", "");
    }

    private static CustomVersion versionOf(String properties, String more) {
        return CustomVersion.of(Json.readObject(
                "{\"name\":\"v1\",\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\",\"properties\":" + properties + more + "}}}"));
    }

    private static List<String> complaints(CustomVersion version, String object) {
        return version.validate(Json.readObject(object), null, _ -> {}).stream().map(FieldError::text).toList();
    }

    private static String cell(String type, String path, String object) {
        var version = CustomVersion.of(Json.readObject(
                "{\"name\":\"v1\",\"additionalPrinterColumns\":[{\"name\":\"C\",\"type\":\"%s\",\"jsonPath\":\"%s\"}]}".formatted(type, path)));
        return Json.print(version.cells(Json.readObject(object), NOW).getFirst());
    }

    @Test
    void rulesAreCheckedBesideBoundsButNotBesideWrongTypes() {
        var version = version(
                """
                {"type":"object","required":["size"],"properties":{"size":{"type":"integer","maximum":5},"mode":{"type":"string","maxLength":4},
                 "since":{"type":"string","format":"date-time"}},
                 "x-kubernetes-validations":[{"rule":"self.size % 2 == 0","message":"must be even"}]}""");
        assertThat(complaints(version, "{\"spec\":{\"size\":7}}"))
                .containsExactly(
                        "spec.size: Invalid value: 7: spec.size in body should be less than or equal to 5",
                        "spec: Invalid value: must be even");
        var unchecked =
                "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";
        assertThat(complaints(version, "{\"spec\":{}}")).containsExactly("spec.size: Required value", unchecked);
        assertThat(complaints(version, "{\"spec\":{\"size\":7,\"mode\":\"steady\"}}"))
                .hasSize(3).contains("spec.mode: Too long: may not be more than 4 bytes", unchecked);
        assertThat(complaints(version, "{\"spec\":{\"size\":1,\"since\":\"noon\"}}"))
                .containsExactly("spec.since: Invalid value: \"noon\": spec.since in body must be of type date-time: \"noon\"", unchecked);
        assertThat(complaints(version("{\"type\":\"object\",\"required\":[\"size\"]}"), "{\"spec\":{}}"))
                .containsExactly("spec.size: Required value");
    }

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

    @Test
    void rulesSayWhereTheyFailedAndWhy() {
        var version = versionOf(
                """
                {"spec":{"type":"object","properties":{"a":{"type":"string"},"list":{"type":"array","items":{"type":"integer"}},
                   "while":{"type":"boolean"},"port":{"x-kubernetes-int-or-string":true},
                   "zero":{"type":"integer"},"map":{"type":"object","additionalProperties":{"type":"integer","x-kubernetes-validations":[{"rule":"self > 1"}]}}},
                  "x-kubernetes-validations":[{"rule":"self.a == 'x'","message":"a is x"},{"rule":"self.list[3] == 1"},{"rule":"1 / self.zero == 1"},
                   {"rule":"self.map['k'] == 1"},{"rule":"self.__while__"},{"rule":"quantity('lots').sign() == 1"},{"rule":"self.port + 1 > 1"}]}}""",
                ",\"x-kubernetes-validations\":[{\"rule\":\"self.metadata.name == 'default'\",\"message\":\"only one\"}]");
        assertThat(complaints(version, "{\"metadata\":{\"name\":\"x\"},\"spec\":{\"list\":[],\"zero\":0,\"port\":\"a\",\"while\":false,\"map\":{\"a/b\":1}}}"))
                .containsExactly(
                        "<nil>: Invalid value: only one",
                        "spec: Invalid value: \"object\": no such key: a evaluating rule: a is x",
                        "spec: Invalid value: \"object\": index out of bounds: 3 evaluating rule: self.list[3] == 1",
                        "spec: Invalid value: \"object\": division by zero evaluating rule: 1 / self.zero == 1",
                        "spec: Invalid value: \"object\": no such key: k evaluating rule: self.map['k'] == 1",
                        "spec: Invalid value: failed rule: self.__while__",
                        "spec: Invalid value: \"object\": quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$' evaluating rule: quantity('lots').sign() == 1",
                        "spec: Invalid value: \"object\": 'no such overload': call arguments did not match a supported operator, function or macro signature for rule: self.port + 1 > 1",
                        "spec.map[a/b]: Invalid value: 1: failed rule: self > 1");
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
    void aColumnShowsTheFirstOfSeveralValues() {
        var object = "{\"spec\":{\"names\":[\"a\",\"b\"],\"size\":3,\"share\":1.5},\"status\":{\"at\":\"noon\",\"old\":\"2025-12-31T23:59:00Z\"}}";
        assertThat(cell("string", ".spec.names[*]", object)).isEqualTo("\"a\"");
        assertThat(cell("string", ".spec.names", object)).isEqualTo("\"[\\\"a\\\",\\\"b\\\"]\"");
        assertThat(cell("string", ".spec.size", object)).isEqualTo("\"3\"");
        assertThat(cell("integer", ".spec.share", object)).isEqualTo("1");
        assertThat(cell("integer", ".spec.names[0]", object)).isEqualTo("null");
        assertThat(cell("number", ".spec.share", object)).isEqualTo("1.5");
        assertThat(cell("date", ".status.old", object)).isEqualTo("\"60s\"");
        assertThat(cell("date", ".status.at", object)).isEqualTo("\"<invalid>\"");
        assertThat(cell("date", ".spec.size", object)).isEqualTo("null");
        assertThat(cell("date", ".status.missing", object)).isEqualTo("null");
    }

    private static List<String> complaints(CustomVersion version, String object, String old) {
        return version.validate(Json.readObject(object), Json.readObject(old), _ -> {}).stream().map(FieldError::text).toList();
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
    void rulesThatCompareAreAskedOfWhatDidNotChangeToo() {
        var version = version(
                """
                {"type":"object","properties":{"mode":{"type":"string"},
                  "size":{"type":"integer","x-kubernetes-validations":[{"rule":"self < 5"},{"rule":"self > oldSelf","message":"must grow"}]},
                  "whole":{"type":"object","x-kubernetes-map-type":"atomic","properties":{"n":{"type":"integer","x-kubernetes-validations":[{"rule":"self < 5"}]}}},
                  "list":{"type":"array","items":{"type":"integer","x-kubernetes-validations":[{"rule":"self < 5"}]}}}}""");
        assertThat(complaints(version, "{\"spec\":{\"size\":7,\"mode\":\"b\"}}", "{\"spec\":{\"size\":7}}"))
                .containsExactly("spec.size: Invalid value: 7: must grow");
        assertThat(complaints(version, "{\"spec\":{\"size\":8}}", "{\"spec\":{\"size\":7}}"))
                .containsExactly("spec.size: Invalid value: 8: failed rule: self < 5");
        assertThat(complaints(version, "{\"spec\":{\"list\":[9],\"whole\":{\"n\":9},\"mode\":\"b\"}}", "{\"spec\":{\"list\":[9],\"whole\":{\"n\":9}}}")).isEmpty();
        assertThat(complaints(version, "{\"spec\":{\"list\":[9,1]}}", "{\"spec\":{\"list\":[9]}}"))
                .containsExactly("spec.list[0]: Invalid value: 9: failed rule: self < 5");
    }

    private static List<String> warnings(CustomVersion version, String object, String old) {
        var warnings = new ArrayList<String>();
        assertThat(version.validate(Json.readObject(object), Json.readObject(old), warnings::add)).isEmpty();
        return warnings;
    }

    /// As apiextensions-apiserver's cel/validation.go does: what fails as before is a warning, what cannot be evaluated is an error all the same.
    @Test
    void whatFailsARuleAsBeforeIsWarnedOf() {
        var version = version(
                """
                {"type":"object","properties":{"mode":{"type":"string"},
                  "size":{"type":"integer","x-kubernetes-validations":[{"rule":"self < 5","messageExpression":"'at most 4, not ' + string(self)"}]},
                  "list":{"type":"array","items":{"type":"integer","x-kubernetes-validations":[{"rule":"self < 5","reason":"FieldValueForbidden"}]}},
                  "parts":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],
                    "items":{"type":"object","required":["name"],"properties":{"name":{"type":"string"},"n":{"type":"integer","x-kubernetes-validations":[{"rule":"10 / self > 1"}]}}}}}}""");
        assertThat(warnings(version, "{\"spec\":{\"size\":7,\"mode\":\"b\"}}", "{\"spec\":{\"size\":7}}"))
                .containsExactly("spec.size: Invalid value: 7: at most 4, not 7");
        assertThat(warnings(version, "{\"spec\":{\"list\":[9],\"mode\":\"b\"}}", "{\"spec\":{\"list\":[9]}}"))
                .containsExactly("spec.list[0]: Forbidden: failed rule: self < 5");
        var parts = "{\"spec\":{\"parts\":[{\"name\":\"b\",\"n\":9},{\"name\":\"a\",\"n\":%s}]}}";
        assertThat(warnings(version, parts.formatted(3), parts.formatted(1))).containsExactly("spec.parts[0].n: Invalid value: 9: failed rule: 10 / self > 1");
        assertThat(complaints(version, "{\"spec\":{\"parts\":[{\"name\":\"b\",\"n\":0}],\"mode\":\"b\"}}", "{\"spec\":{\"parts\":[{\"name\":\"b\",\"n\":0}]}}"))
                .containsExactly("spec.parts[0].n: Invalid value: \"integer\": division by zero evaluating rule: 10 / self > 1");
    }

    /// MapIsCorrelatable in apiextensions-apiserver's cel/validation.go; CloudNativePG's Cluster has such a rule.
    @Test
    void membersOfAnAtomicMapAreComparedAndItemsOfAnAtomicListAreNot() {
        var whole = "{\"type\":\"object\",\"x-kubernetes-map-type\":\"atomic\",\"properties\":{\"n\":{\"type\":\"integer\",\"x-kubernetes-validations\":[{\"rule\":\"self == oldSelf\",\"message\":\"fixed\"}]}}}";
        assertThat(definition(whole)).isEmpty();
        assertThat(complaints(version(whole), "{\"spec\":{\"n\":2}}", "{\"spec\":{\"n\":1}}")).containsExactly("spec.n: Invalid value: 2: fixed");
        assertThat(complaints(version(whole), "{\"spec\":{\"n\":2}}", "{\"spec\":{}}")).isEmpty();
        assertThat(definition(
                        "{\"type\":\"array\",\"items\":{\"type\":\"integer\",\"x-kubernetes-validations\":[{\"rule\":\"self == oldSelf\"}]}}"))
                .containsExactly(
                        "schema.properties[spec].items.x-kubernetes-validations[0].rule: Invalid value: \"self == oldSelf\": oldSelf cannot be used on the uncorrelatable portion of the schema within schema.properties[spec]");
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

    private static List<String> definition(String spec) {
        var schema = Json.readObject("{\"type\":\"object\",\"properties\":{\"spec\":" + spec + "}}");
        return RuleCompiler.check(CustomSchema.of(schema), "schema").stream().map(FieldError::text).toList();
    }

    @Test
    void rulesAreAboutFieldsThatThereAre() {
        var schema =
                """
                {"type":"object","properties":{"a":{"type":"string"},"a.b":{"type":"string"},"list":{"type":"array","items":{"type":"string"}},
                  "map":{"type":"object","additionalProperties":{"type":"object","properties":{"c":{"type":"string"}}}}},
                 "x-kubernetes-validations":[{"rule":"false","fieldPath":"%s"}]}""";
        var at = "schema.properties[spec].x-kubernetes-validations[0].";
        for (var unknown : List.of("a", ".b", ".list[0]", ".map.x.d", ".map['x", ".a.b")) {
            assertThat(definition(schema.formatted(unknown)))
                    .containsExactly(at + "fieldPath: Invalid value: \"" + unknown + "\": fieldPath must be a valid path");
        }
        for (var known : List.of(".a", "['a.b']", ".map.x.c", ".map['x y'].c", ".list")) {
            assertThat(definition(schema.formatted(known))).as(known).isEmpty();
        }
        assertThat(complaints(version(schema.formatted(".map['x y'].c")), "{\"spec\":{}}"))
                .containsExactly("spec.map[x y].c: Invalid value: failed rule: false");
        assertThat(complaints(version(schema.formatted("['a.b']")), "{\"spec\":{}}"))
                .containsExactly("spec.a.b: Invalid value: failed rule: false");
    }

    @Test
    void rulesHaveAForm() {
        var schema = "{\"type\":\"object\",\"x-kubernetes-validations\":[%s]}";
        var at = "schema.properties[spec].x-kubernetes-validations[0].";
        assertThat(definition(schema.formatted("{\"rule\":\" \"}"))).containsExactly(at + "rule: Required value: rule is not specified");
        assertThat(definition(schema.formatted("{\"rule\":\"true\",\"message\":\" \"}")))
                .containsExactly(at + "message: Invalid value: \" \": message must be non-empty if specified");
        assertThat(definition(schema.formatted("{\"rule\":\"true ||\\n true\"}")))
                .containsExactly(at + "message: Required value: message must be specified if rule contains line breaks");
        assertThat(definition(schema.formatted("{\"rule\":\"true\",\"messageExpression\":\" \"}")))
                .containsExactly(at + "messageExpression: Required value: messageExpression must be non-empty if specified");
        assertThat(definition(schema.formatted("{\"rule\":\"true\",\"optionalOldSelf\":true}")))
                .containsExactly(at + "optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule");
        assertThat(definition(schema.formatted("{\"rule\":\"'oldSelf' == ''\"}"))).isEmpty();
        assertThat(definition(schema.formatted("{\"rule\":\"1\"}")))
                .containsExactly(at + "rule: Invalid value: {\"Rule\":\"1\",\"Message\":\"\",\"MessageExpression\":\"\",\"Reason\":null,\"FieldPath\":\"\",\"OptionalOldSelf\":null}: cel expression must evaluate to a bool");
        assertThat(definition(schema.formatted("{\"rule\":\"true\",\"messageExpression\":\"1\"}")))
                .containsExactly(at + "messageExpression: Invalid value: {\"Rule\":\"true\",\"Message\":\"\",\"MessageExpression\":\"1\",\"Reason\":null,\"FieldPath\":\"\",\"OptionalOldSelf\":null}: messageExpression must evaluate to a string");
    }

    /// apis/apiextensions/validation.go shows the whole rule, and the compiler's sentences and picture of where.
    @Test
    void rulesThatCannotBeCompiledAreShownWhole() {
        var schema = "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"},\"any\":{\"x-kubernetes-int-or-string\":true}},\"x-kubernetes-validations\":[{\"rule\":\"%s\",\"message\":\"m\"}]}";
        var shown = "schema.properties[spec].x-kubernetes-validations[0].rule: Invalid value: {\"Rule\":\"%s\",\"Message\":\"m\",\"MessageExpression\":\"\",\"Reason\":null,\"FieldPath\":\"\",\"OptionalOldSelf\":null}: ";
        assertThat(definition(schema.formatted("self.b < 1")))
                .containsExactly(shown.formatted("self.b \\u003c 1") + "compilation failed: ERROR: <input>:1:5: undefined field 'b'\n | self.b < 1\n | ....^");
        assertThat(definition(schema.formatted("self.a == 'x'")))
                .containsExactly(shown.formatted("self.a == 'x'")
                        + "compilation failed: ERROR: <input>:1:8: found no matching overload for '_==_' applied to '(int, string)'\n | self.a == 'x'\n | .......^");
        assertThat(definition(schema.formatted("selv.a == 1")))
                .containsExactly(shown.formatted("selv.a == 1")
                        + "compilation failed: ERROR: <input>:1:1: undeclared reference to 'selv' (in container '')\n | selv.a == 1\n | ^");
        assertThat(definition(schema.formatted("self.a ==")))
                .singleElement().asString().startsWith(shown.formatted("self.a ==") + "compilation failed: ERROR: <input>:1:10: Syntax error: mismatched input '<EOF>' expecting {");
        assertThat(definition(schema.formatted("self.any"))).as("a type that is told at run time")
                .containsExactly(shown.formatted("self.any") + "cel expression must evaluate to a bool");
    }

    @Test
    void rulesThatCostTooMuchEndTheCheck() {
        var version = version(
                """
                {"type":"object","properties":{"list":{"type":"array","items":{"type":"integer"},
                   "x-kubernetes-validations":[{"rule":"self.all(x, self.all(y, self.all(z, true)))"},{"rule":"false"}]}}}""");
        assertThat(complaints(version, "{\"spec\":{\"list\":[" + "1,".repeat(299) + "1]}}"))
                .containsExactly(
                        "spec.list: Invalid value: \"array\": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: self.all(x, self.all(y, self.all(z, true)))");
    }

    @Test
    void defaultsKeepTheRules() {
        var schema =
                """
                {"type":"object","default":{"n":%s},"properties":{"n":{"type":"integer","x-kubernetes-validations":[{"rule":"self < 5"}]},
                  "m":{"type":"integer","default":%s,"x-kubernetes-validations":[{"rule":"self < 5"},{"rule":"self == oldSelf"}]}}}""";
        assertThat(definition(schema.formatted("4", "4"))).isEmpty();
        assertThat(definition(schema.formatted("7", "8")))
                .containsExactly(
                        "schema.properties[spec].default.n: Invalid value: 7: failed rule: self < 5",
                        "schema.properties[spec].properties[m].default: Invalid value: 8: failed rule: self < 5");
    }

    @Test
    void nullIsNoDefault() {
        var version = version(
                "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"nullable\":true,\"default\":null},\"b\":{\"type\":\"string\",\"nullable\":true,\"default\":\"x\"},\"c\":{\"type\":\"string\",\"default\":\"y\"}}}");
        var object = Json.readObject("{\"spec\":{\"b\":null,\"c\":null}}");
        version.setDefaults(object);
        assertThat(object).isEqualTo(Json.readObject("{\"spec\":{\"b\":null,\"c\":\"y\"}}"));
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

    private static final String TOO_DEAR = "its texts are too long, or its values or what its schema says of them too many, to be checked";

    private static String listed(String item, int many) {
        return "[" + (item + ",").repeat(many - 1) + item + "]";
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
        var choices = IntStream.rangeClosed(1, 400_000).mapToObj(Integer::toString).collect(Collectors.joining(",", "[", ",0]"));
        var listed = version("{\"type\":\"array\",\"items\":{\"type\":\"integer\",\"enum\":" + choices + "}}");
        assertThat(complaints(listed, zeros)).containsExactly("<nil>: Invalid value: " + TOO_DEAR);
        var required = IntStream.range(0, 100_000).mapToObj(i -> "\"r" + i + "\"").collect(Collectors.joining(",", "[", "]"));
        var empty = version("{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{},\"anyOf\":[{\"required\":" + required + "},{}]}}");
        assertThat(complaints(empty, "{\"spec\":" + listed("{}", 500_000) + "}")).as("a hundred sentences of each").containsExactly("<nil>: Invalid value: " + TOO_DEAR);
        var any = version("{\"type\":\"array\",\"items\":{\"type\":\"integer\"},\"anyOf\":" + listed("{\"items\":{\"minimum\":0}}", 100_000) + "}");
        assertThat(complaints(any, zeros)).as("the first is enough").isEmpty();
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

    @Test
    void membersHaveNoOrderAmongThoseThatAreEqual() {
        var sets = version(
                "{\"type\":\"array\",\"x-kubernetes-list-type\":\"set\",\"items\":{\"type\":\"object\",\"x-kubernetes-map-type\":\"atomic\",\"properties\":{\"a\":{\"type\":\"integer\"},\"b\":{\"type\":\"integer\"}}}}");
        assertThat(complaints(sets, "{\"spec\":[{\"a\":1,\"b\":2},{\"a\":2,\"b\":1},{\"b\":2,\"a\":1}]}"))
                .containsExactly("spec[2]: Duplicate value: {\"b\":2,\"a\":1}");
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

    /// One that looks at too much is empty, and those beside it are not.
    @Test
    void aGreedyColumnTakesNothingFromOthers() {
        var greedy = "{\"name\":\"G\",\"type\":\"string\",\"jsonPath\":\".spec..a..a..a..none\"}";
        var modest = "{\"name\":\"M\",\"type\":\"string\",\"jsonPath\":\".status.phase\"}";
        var version = CustomVersion.of(Json.readObject("{\"name\":\"v1\",\"additionalPrinterColumns\":[" + greedy + "," + modest + "]}"));
        var object = "{\"spec\":{\"list\":" + listed("{\"a\":{\"a\":{\"a\":1}}}", 5000) + "},\"status\":{\"phase\":\"Ready\"}}";
        assertThat(version.cells(Json.readObject(object), NOW)).extracting(Json::print).containsExactly("null", "\"Ready\"");
    }

    private static CustomVersion columns(String path, int many) {
        return CustomVersion.of(Json.readObject("{\"name\":\"v1\",\"additionalPrinterColumns\":"
                + listed("{\"name\":\"C\",\"type\":\"string\",\"jsonPath\":\"" + path + "\"}", many) + "}"));
    }

    @Test
    void manyColumnsLookAtLessEach() {
        var version = columns(".spec.names[*]", 150);
        assertThat(version.cells(Json.readObject("{\"spec\":{\"names\":" + listed("\"a\"", 2000) + "}}"), NOW)).hasSize(150).noneMatch(cell -> cell.isString());
        assertThat(version.cells(Json.readObject("{\"spec\":{\"names\":[\"a\"]}}"), NOW)).allMatch(cell -> cell.isString());
    }

    @Test
    void moreColumnsThanAnybodyReadsAreLeftOut() {
        assertThat(columns(".spec.a", 5000).columns()).hasSize(200);
    }

    private static long length(List<JsonNode> cells) {
        return cells.stream().mapToLong(cell -> cell.asString("").length()).sum();
    }

    @Test
    void aRowIsNotLongerThanAnybodyReads() {
        var object = Json.readObject("{\"spec\":{\"a\":\"" + "x".repeat(1000) + "\",\"b\":\"\uD83D\uDE00\"}}");
        var cells = columns(".spec", 200).cells(object, NOW);
        assertThat(cells).hasSize(200);
        assertThat(length(cells)).isBetween(65_000L, 66_000L);
        assertThat(cells.getFirst().asString("")).startsWith("{\"a\":\"xxx").endsWith("}");
        assertThat(cells.getLast().isNull()).isTrue();
    }

    @Test
    @Timeout(60)
    void theRowsOfATableAreBoundedTogether() {
        var names = Json.readObject("{\"spec\":{\"names\":" + listed("\"" + "a".repeat(400) + "\"", 900) + "}}");
        var rows = columns(".spec.names[*]", 200).rows(NOW);
        long text = 0;
        int shown = 0;
        for (int i = 0; i < 5000; i++) {
            var cells = rows.apply(names);
            text += length(cells);
            shown += cells.stream().anyMatch(JsonNode::isString) ? 1 : 0;
        }
        assertThat(shown).as("of 5000 rows that look at 180,000 values each").isBetween(100, 120);
        var whole = columns(".spec", 200).rows(NOW);
        for (int i = 0; i < 5000; i++) {
            text += length(whole.apply(names));
        }
        assertThat(text).isLessThan(50_000_000);
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
