package io.hypernetes.objects.crd;

import static io.hypernetes.objects.crd.Versions.complaints;
import static io.hypernetes.objects.crd.Versions.version;
import static io.hypernetes.objects.crd.Versions.versionOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What rules say of objects, and what is said of rules. The sentences are those that clients and their tests know from upstream.
class CustomVersionRulesTest {
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
}
