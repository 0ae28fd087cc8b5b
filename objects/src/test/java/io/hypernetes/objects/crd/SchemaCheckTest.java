package io.hypernetes.objects.crd;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class SchemaCheckTest {
    private static List<String> complaints(String list) {
        var schema = Json.readObject("{\"type\":\"object\",\"properties\":{\"list\":" + list + "}}");
        return SchemaCheck.check(schema, "schema").stream().map(FieldError::text).toList();
    }

    @Test
    void itemsOfASetAreSingleValues() {
        var set = "{\"type\":\"array\",\"x-kubernetes-list-type\":\"set\",\"items\":%s}";
        for (var single : List.of(
                "{\"type\":\"string\"}",
                "{\"x-kubernetes-int-or-string\":true}",
                "{\"type\":\"object\",\"x-kubernetes-map-type\":\"atomic\"}",
                "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}",
                "{\"type\":\"array\",\"x-kubernetes-list-type\":\"atomic\",\"items\":{\"type\":\"string\"}}")) {
            assertThat(complaints(set.formatted(single))).as(single).isEmpty();
        }
        assertThat(complaints(set.formatted("{\"type\":\"object\"}")))
                .containsExactly(
                        "schema.properties[list].items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set");
        assertThat(complaints(set.formatted("{\"type\":\"array\",\"x-kubernetes-list-type\":\"set\",\"items\":{\"type\":\"string\"}}")))
                .containsExactly(
                        "schema.properties[list].items.x-kubernetes-list-type: Invalid value: \"set\": must be atomic as item of a list with x-kubernetes-list-type=set");
        assertThat(complaints(set.formatted("{\"type\":\"string\",\"nullable\":true}")))
                .containsExactly("schema.properties[list].items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is set");
    }

    @Test
    void keysOfAListAreScalarsThatEveryItemHas() {
        var map =
                """
                {"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":%s,"items":{"type":"object","required":["name"],
                 "properties":{"name":{"type":"string"},"port":{"type":"integer","default":1},"maybe":{"type":"string"},
                  "null":{"type":"string","nullable":true,"default":""},"deep":{"type":"object","default":{}}}}}""";
        assertThat(complaints(map.formatted("[\"name\",\"port\"]"))).isEmpty();
        assertThat(complaints(map.formatted("[\"maybe\"]")))
                .containsExactly(
                        "schema.properties[list].items.properties[maybe].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property");
        assertThat(complaints(map.formatted("[\"null\"]")))
                .containsExactly(
                        "schema.properties[list].items.properties[null].nullable: Forbidden: this property is in x-kubernetes-list-map-keys, so it cannot be nullable");
        assertThat(complaints(map.formatted("[\"deep\"]")))
                .containsExactly(
                        "schema.properties[list].items.properties[deep].type: Invalid value: \"object\": must be a scalar type if parent array's x-kubernetes-list-type is map");
        assertThat(complaints(map.formatted("[\"name\",\"name\"]")))
                .containsExactly(
                        "schema.properties[list].x-kubernetes-list-map-keys: Invalid value: [\"name\",\"name\"]: must not contain duplicate entries");
        assertThat(complaints(map.formatted("[\"name\",\"other\"]")))
                .containsExactly(
                        "schema.properties[list].x-kubernetes-list-map-keys: Invalid value: [\"name\",\"other\"]: entries must all be names of item properties");
        assertThat(complaints(map.formatted("[\"one\",\"other\",\"one\",\"maybe\",\"maybe\"]"))).as("each said once").hasSize(3);
        assertThat(complaints(map.formatted("[]")))
                .containsExactly(
                        "schema.properties[list].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map");
    }

    @Test
    void typesOfListsAndMapsAreSaidOfListsAndMaps() {
        assertThat(complaints("{\"type\":\"string\",\"x-kubernetes-list-type\":\"set\"}"))
                .containsExactly("schema.properties[list].type: Invalid value: \"string\": must be array if x-kubernetes-list-type is specified");
        assertThat(complaints("{\"type\":\"array\",\"x-kubernetes-map-type\":\"atomic\",\"items\":{\"type\":\"string\"}}"))
                .containsExactly("schema.properties[list].type: Invalid value: \"array\": must be object if x-kubernetes-map-type is specified");
        assertThat(complaints("{\"type\":\"array\",\"x-kubernetes-list-map-keys\":[\"a\"],\"items\":{\"type\":\"string\"}}"))
                .containsExactly(
                        "schema.properties[list].x-kubernetes-list-type: Required value: must be map if x-kubernetes-list-map-keys is non-empty");
        assertThat(complaints("{\"type\":\"array\",\"x-kubernetes-list-type\":\"heap\",\"items\":{\"type\":\"string\"}}"))
                .containsExactly(
                        "schema.properties[list].x-kubernetes-list-type: Unsupported value: \"heap\": supported values: \"atomic\", \"map\", \"set\"");
        assertThat(complaints("{\"x-kubernetes-preserve-unknown-fields\":false,\"type\":\"object\"}"))
                .containsExactly(
                        "schema.properties[list].x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined");
    }

    /// validateNestedValueValidation and validateStructuralInvariants in apiextensions-apiserver's schema/validation.go.
    @Test
    void choicesSayNothingOfWhatAValueIs() {
        assertThat(complaints("{\"type\":\"string\",\"anyOf\":[{\"type\":\"string\",\"title\":\"\",\"nullable\":false},{\"default\":\"a\",\"nullable\":true,\"description\":\"d\",\"x-kubernetes-validations\":[{\"rule\":\"true\"}]}]}"))
                .containsExactlyInAnyOrder(
                        "schema.properties[list].anyOf[0].type: Forbidden: must be empty to be structural",
                        "schema.properties[list].anyOf[1].default: Forbidden: must be undefined to be structural",
                        "schema.properties[list].anyOf[1].nullable: Forbidden: must be false to be structural",
                        "schema.properties[list].anyOf[1].description: Forbidden: must be empty to be structural",
                        "schema.properties[list].anyOf[1].x-kubernetes-validations: Forbidden: must be empty to be structural");
        assertThat(complaints("{\"x-kubernetes-int-or-string\":true,\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"string\"}],\"allOf\":[{\"pattern\":\"a\"},{\"pattern\":\"b\"}]}")).isEmpty();
        assertThat(complaints("{\"x-kubernetes-int-or-string\":true,\"x-kubernetes-preserve-unknown-fields\":true}"))
                .containsExactly("schema.properties[list].x-kubernetes-preserve-unknown-fields: Invalid value: true: must be false if x-kubernetes-int-or-string is true");
    }

    @Test
    void membersAreNamedOrAnyAndAreBothWhereNothingIsSaidOfTheOthers() {
        assertThat(complaints("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}},\"additionalProperties\":true}")).isEmpty();
        assertThat(complaints("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}},\"additionalProperties\":{\"type\":\"string\"}}"))
                .containsExactly("schema.properties[list].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive");
        assertThat(SchemaCheck.check(Json.readObject("{\"type\":\"object\",\"additionalProperties\":true}"), "schema")).extracting(FieldError::text)
                .containsExactly("schema.additionalProperties: Forbidden: must not be used at the root");
    }

    /// Compiled as it is, such a pattern takes more memory than there is.
    @Test
    void aPatternThatBecomesTooLargeIsNone() {
        assertThat(complaints("{\"type\":\"string\",\"pattern\":\"((x{1000}){1000}){1000}\"}"))
                .containsExactly("schema.properties[list].pattern: Invalid value: \"((x{1000}){1000}){1000}\": must be a valid regular expression, but isn't: "
                        + "error parsing regexp: invalid repeat count: `{1000}`");
    }

    private static String manyOf(String member, int many) {
        return IntStream.range(0, many).mapToObj(i -> "\"p" + i + "\":" + member).collect(Collectors.joining(",", "{", "}"));
    }

    @Test
    @Timeout(60)
    void thePatternsOfADefinitionAreBoundedTogether() {
        var many = manyOf("{\"type\":\"string\",\"pattern\":\"^x{1000}$\"}", 50_000);
        assertThat(complaints("{\"type\":\"object\",\"properties\":" + many + "}"))
                .singleElement()
                .asString()
                .endsWith(".pattern: Invalid value: the patterns of the definition are too many, or too large, to be compiled");
    }

    /// What one default may take would be taken by each.
    @Test
    @Timeout(30)
    void theDefaultsOfADefinitionAreBoundedTogether() {
        var pattern = "{\"pattern\":\"^(x{0,60}[a-z]{0,60})+$\"}";
        var dear = "{\"type\":\"string\",\"default\":\"" + "x".repeat(4000) + "\",\"allOf\":[" + (pattern + ",").repeat(59) + pattern + "]}";
        assertThat(complaints("{\"type\":\"object\",\"properties\":" + manyOf(dear, 10) + "}")).isNotEmpty().allMatch(each -> each.contains("texts are too long"));
    }

    /// Each object that is read has them.
    @Test
    void theDefaultsOfAVersionAreNotLong() {
        var tooLong = List.of("schema: Invalid value: its defaults are too long: together, those that complete others counted each time, they may have 65536 characters");
        assertThat(complaints("{\"type\":\"string\",\"default\":\"" + "x".repeat(60_000) + "\"}")).isEmpty();
        assertThat(complaints("{\"type\":\"string\",\"default\":\"" + "x".repeat(70_000) + "\"}")).isEqualTo(tooLong);
        assertThat(complaints("{\"type\":\"object\",\"properties\":" + manyOf("{\"type\":\"string\",\"default\":\"" + "x".repeat(1000) + "\"}", 70) + "}"))
                .as("many").isEqualTo(tooLong);
        var items = "\"items\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"default\":\"" + "x".repeat(1000) + "\"}}}}";
        assertThat(complaints("{\"type\":\"array\"," + items)).isEmpty();
        assertThat(complaints("{\"type\":\"array\",\"default\":[" + "{},".repeat(99) + "{}]," + items)).as("one in each item of another").isEqualTo(tooLong);
    }
}
