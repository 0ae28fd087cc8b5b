package io.hypernetes.objects.crd;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

class DefinitionCheckTest {
    private static List<String> complaints(String more) {
        return DefinitionCheck.check(Json.readObject(
                        """
                        {"spec":{"group":"a.example.com","versions":[{"name":"v1","schema":{"openAPIV3Schema":{"type":"object","properties":{
                         "spec":{"type":"object","properties":{"size":{"type":"integer"},"parts":{"type":"array","items":{"type":"string"}},
                          "labels":{"type":"object","additionalProperties":{"type":"string"}}}},
                         "metadata":{"type":"object","properties":{"name":{"type":"string"}}}}}},%s}]}}"""
                                .formatted(more)))
                .stream()
                .map(FieldError::text)
                .toList();
    }

    @Test
    void whatSelectsIsAPlainFieldOfTheSchema() {
        assertThat(complaints("\"selectableFields\":[{\"jsonPath\":\".spec.size\"},{\"jsonPath\":\".spec.labels.a\"}]")).isEmpty();
        assertThat(complaints(
                        "\"selectableFields\":[{\"jsonPath\":\".spec.parts\"},{\"jsonPath\":\".spec.nothing\"},{\"jsonPath\":\".metadata.name\"},{\"jsonPath\":\".spec['size']\"}]"))
                .containsExactly(
                        "spec.selectableFields[0].jsonPath: Invalid value: \".spec.parts\": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.",
                        "spec.selectableFields[1].jsonPath: Invalid value: \".spec.nothing\": is an invalid path: does not refer to a valid field",
                        "spec.selectableFields[2].jsonPath: Invalid value: \".metadata.name\": must not point to fields in metadata",
                        "spec.selectableFields[3].jsonPath: Invalid value: \".spec['size']\": is an invalid path: array notation is not allowed");
        var nine = IntStream.range(0, 9).mapToObj(i -> "{\"jsonPath\":\".spec.labels.a" + i + "\"}").collect(Collectors.joining(","));
        assertThat(complaints("\"selectableFields\":[" + nine + "]"))
                .containsExactly("spec.selectableFields: Too many: 9: must have at most 8 items");
        assertThat(complaints("\"selectableFields\":[{\"jsonPath\":\".spec.size\"},{\"jsonPath\":\".spec.size\"}]"))
                .containsExactly("spec.selectableFields[1].jsonPath: Duplicate value: \".spec.size\"");
    }

    private static ObjectNode withSchemas(String name, String... schemas) {
        var versions = IntStream.range(0, schemas.length)
                .mapToObj(i -> "{\"name\":\"v" + i + "\",\"schema\":{\"openAPIV3Schema\":" + schemas[i] + "}}")
                .collect(Collectors.joining(","));
        return Json.readObject("{\"metadata\":{\"name\":\"" + name + "\"},\"spec\":{\"group\":\"a.example.com\",\"versions\":[" + versions + "]}}");
    }

    private static String choices(int count) {
        return "{\"type\":\"object\",\"allOf\":[{}" + ",{}".repeat(count - 1) + "]}";
    }

    private static String strings(int count) {
        return "{\"type\":\"object\",\"properties\":{"
                + IntStream.range(0, count).mapToObj(i -> "\"p" + i + "\":{\"type\":\"string\",\"description\":\"d\"}").collect(Collectors.joining(",")) + "}}";
    }

    @Test
    void schemasAreNoMoreThanCanBeHeld() {
        var tooLarge = List.of("spec.versions: Invalid value: the schemas of all versions together may have at most 50000 objects and lists, 250000 values in all and 2000 rules,"
                + " and the definition may take at most 28 MiB of memory, in which an object or list counts 400 bytes, a value 80, a character 2 and a rule 8192:"
                + " leave out versions that nobody uses, or describe less and set x-kubernetes-preserve-unknown-fields");
        assertThat(DefinitionCheck.check(withSchemas("a", strings(20_000), strings(19_000)))).as("more than any that is in use").isEmpty();
        assertThat(DefinitionCheck.check(withSchemas("a", choices(500_000)))).extracting(FieldError::text).isEqualTo(tooLarge);
        assertThat(DefinitionCheck.check(withSchemas("a", choices(30_000), choices(30_000)))).extracting(FieldError::text).isEqualTo(tooLarge);
        assertThat(DefinitionCheck.check(withSchemas("a", strings(25_000), strings(24_000)))).as("all are few enough, and too many together")
                .extracting(FieldError::text).isEqualTo(tooLarge);
        var enumeration = "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\",\"enum\":[1" + ",1".repeat(260_000) + "]}}}";
        assertThat(DefinitionCheck.check(withSchemas("a", enumeration))).extracting(FieldError::text).isEqualTo(tooLarge);
    }

    private static ObjectNode withNames(int served, int unserved, int shortNames, int categories, int length) {
        var versions = IntStream.range(0, served + unserved)
                .mapToObj(i -> "{\"name\":\"v%d\",\"served\":%b,\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\"}}}".formatted(i, i < served))
                .collect(Collectors.joining(","));
        return Json.readObject("{\"metadata\":{\"name\":\"a\"},\"spec\":{\"group\":\"a.example.com\",\"names\":{\"shortNames\":[%s],\"categories\":[%s]},\"versions\":[%s]}}"
                .formatted(names(shortNames, length), names(categories, length), versions));
    }

    private static String names(int count, int length) {
        return IntStream.range(0, count).mapToObj(i -> "\"" + ("a" + i + "x".repeat(length)).substring(0, length) + "\"").collect(Collectors.joining(","));
    }

    /// A quarter of a megabyte would have discovery tell hundreds.
    @Test
    void discoveryTellsNoMoreNamesThanCanBeHeld() {
        var tooMany = List.of("spec.names: Forbidden: discovery tells all shortNames and categories with each served version: counted once for each of these they may be at most 20000,"
                + " of 1048576 characters in all; leave out short names and categories that nobody uses, or serve fewer versions");
        assertThat(DefinitionCheck.check(withNames(2_000, 0, 10_000, 0, 6))).extracting(FieldError::text).isEqualTo(tooMany);
        assertThat(DefinitionCheck.check(withNames(100, 0, 100, 101, 6))).extracting(FieldError::text).isEqualTo(tooMany);
        assertThat(DefinitionCheck.check(withNames(100, 0, 100, 100, 6))).isEmpty();
        assertThat(DefinitionCheck.check(withNames(10, 500, 1_000, 1_000, 6))).as("what is not served is not told").isEmpty();
        assertThat(DefinitionCheck.check(withNames(100, 0, 170, 0, 63))).as("long ones").extracting(FieldError::text).isEqualTo(tooMany);
        assertThat(DefinitionCheck.check(withNames(100, 0, 150, 0, 63))).isEmpty();
        assertThat(DefinitionCheck.checkChange(withNames(2_000, 1, 9_000, 0, 6), withNames(2_000, 0, 10_000, 0, 6))).as("was so before").isEmpty();
        assertThat(DefinitionCheck.checkChange(withNames(2_000, 0, 10_000, 0, 6), withNames(2, 0, 10_000, 0, 6))).extracting(FieldError::text).isEqualTo(tooMany);
    }

    @Test
    void whatWasTooLargeBeforeCanBeChanged() {
        var old = withSchemas("a", choices(60_000));
        assertThat(DefinitionCheck.checkChange(withSchemas("b", choices(60_000)), old)).isEmpty();
        assertThat(DefinitionCheck.checkChange(withSchemas("b", choices(55_000)), old)).isEmpty();
        assertThat(DefinitionCheck.checkChange(old, withSchemas("b", choices(10)))).isNotEmpty();
    }

    @Test
    void replicasAreOfTheSpecAndOfTheStatus() {
        var scale = "\"subresources\":{\"scale\":{\"specReplicasPath\":\"%s\",\"statusReplicasPath\":\"%s\",\"labelSelectorPath\":\"%s\"}}";
        assertThat(complaints(scale.formatted(".spec.size", ".status.size", ".status.selector"))).isEmpty();
        assertThat(complaints(scale.formatted(".size", ".spec.size", ".selector")))
                .containsExactly(
                        "spec.subresources.scale.specReplicasPath: Invalid value: \".size\": should be a json path under .spec",
                        "spec.subresources.scale.statusReplicasPath: Invalid value: \".spec.size\": should be a json path under .status",
                        "spec.subresources.scale.labelSelectorPath: Invalid value: \".selector\": should be a json path under either .spec or .status");
    }

    @Test
    void columnsHaveAKnownTypeAndAPath() {
        assertThat(complaints(
                        """
                        "additionalPrinterColumns":[{"name":"A","type":"date","format":"date-time","jsonPath":".spec.at"},{"name":"A","type":"string","jsonPath":".a"},
                         {"name":"","type":"text","format":"hex","jsonPath":"spec.x"},{"name":"B"}]"""))
                .containsExactly(
                        "spec.additionalPrinterColumns[2].name: Required value",
                        "spec.additionalPrinterColumns[2].type: Invalid value: \"text\": must be one of boolean,date,integer,number,string",
                        "spec.additionalPrinterColumns[2].format: Invalid value: \"hex\": must be one of byte,date,date-time,double,float,int32,int64,password",
                        "spec.additionalPrinterColumns[2].JSONPath: Invalid value: \"spec.x\": must be a simple json path starting with .",
                        "spec.additionalPrinterColumns[3].type: Required value: must be one of boolean,date,integer,number,string",
                        "spec.additionalPrinterColumns[3].JSONPath: Required value");
    }

    /// Upstream moves what all versions share to where it stood before there were versions, and calls it so.
    @Test
    void whatVersionsShareIsToldOnce() {
        var schema = "\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"text\"}}}}";
        var other = "\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\"}}";
        var unknown = ": Unsupported value: \"text\": supported values: \"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\"";
        var definition = "{\"spec\":{\"group\":\"a.example.com\",\"versions\":[{\"name\":\"v1\",%s},{\"name\":\"v2\",%s}]}}";
        assertThat(DefinitionCheck.check(Json.readObject(definition.formatted(schema, schema))))
                .extracting(FieldError::text)
                .containsExactly("spec.validation.openAPIV3Schema.properties[a].type" + unknown);
        assertThat(DefinitionCheck.check(Json.readObject(definition.formatted(other, schema))))
                .extracting(FieldError::text)
                .containsExactly("spec.versions[1].schema.openAPIV3Schema.properties[a].type" + unknown);
    }

    @Test
    void aStatusOfItsOwnLeavesLittleAtTheRoot() {
        var definition =
                """
                {"spec":{"group":"a.example.com","versions":[{"name":"v1","schema":{"openAPIV3Schema":{"type":"object","description":"a","nullable":false,
                 "properties":{"status":{"type":"object"}}%s}},"subresources":{"status":{}}}]}}""";
        assertThat(DefinitionCheck.check(Json.readObject(definition.formatted(",\"required\":[\"spec\"]")))).isEmpty();
        assertThat(DefinitionCheck.check(Json.readObject(definition.formatted(",\"oneOf\":[{\"required\":[\"spec\"]}]"))))
                .hasSize(1)
                .first()
                .extracting(FieldError::text)
                .asString()
                .startsWith("spec.validation.openAPIV3Schema: Invalid value: {")
                .contains("only [Description Type Format")
                .endsWith("fields are allowed at the root of the schema if the status subresource is enabled");
    }

    @Test
    void aColumnMayShowNothing() {
        assertThat(complaints("""
                "additionalPrinterColumns":[{"name":"A","type":"string","jsonPath":".status.conditions[-1:].type"},{"name":"A","type":"date","jsonPath":".a..b"},
                 {"name":"B","type":"number","format":"double","jsonPath":".not[a:path"}]""")).isEmpty();
    }

    @Test
    void aRuleOfSeveralLinesSaysItsMessage() {
        var rule = "{\"spec\":{\"group\":\"a.example.com\",\"versions\":[{\"name\":\"v1\",\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\","
                + "\"x-kubernetes-validations\":[{\"rule\":\"true\\n|| false\"%s}]}}}]}}";
        assertThat(DefinitionCheck.check(Json.readObject(rule.formatted(",\"message\":\"so\"")))).isEmpty();
        assertThat(DefinitionCheck.check(Json.readObject(rule.formatted("")))).extracting(FieldError::text)
                .containsExactly("spec.validation.openAPIV3Schema.x-kubernetes-validations[0].message: Required value: message must be specified if rule contains line breaks");
    }

    private static ObjectNode definition(String members) {
        return Json.readObject(
                """
                {"spec":{"group":"a.example.com","versions":[{"name":"v1","schema":{"openAPIV3Schema":{"type":"object","properties":{
                 "spec":{"type":"object","properties":{%s}}}}}}]}}"""
                        .formatted(members));
    }

    /// What was taken before it was refused hides nothing that comes new.
    @Test
    void whatIsNewIsCheckedBehindWhatWasWrongBefore() {
        var stored = "\"a\":{\"type\":\"string\",\"anyOf\":[{\"title\":\"t\"}]},\"b\":{\"type\":\"integer\",\"x-kubernetes-validations\":[{\"rule\":\"self.none\"}]}";
        var old = definition(stored);
        assertThat(DefinitionCheck.check(old)).hasSize(1);
        assertThat(DefinitionCheck.checkChange(definition(stored + ",\"c\":{\"type\":\"string\"}"), old)).isEmpty();
        assertThat(DefinitionCheck.checkChange(definition(stored + ",\"c\":{\"type\":\"string\",\"x-kubernetes-validations\":[{\"rule\":\"self < 1\"}]}"), old))
                .singleElement()
                .satisfies(error -> assertThat(error.text()).contains("properties[c].x-kubernetes-validations[0].rule", "compilation failed"));
        assertThat(DefinitionCheck.checkChange(definition(stored + ",\"c\":{\"type\":\"string\",\"default\":1}"), old))
                .singleElement()
                .satisfies(error -> assertThat(error.text()).contains("properties[c].default: Invalid value"));
        assertThat(DefinitionCheck.checkChange(definition(stored + ",\"c\":{\"type\":\"string\",\"not\":{\"title\":\"t\"}}"), old)).hasSize(1);
    }
}
