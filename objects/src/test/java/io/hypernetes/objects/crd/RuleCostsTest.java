package io.hypernetes.objects.crd;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.cel.Environment;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The numbers are those that upstream's tests know.
class RuleCostsTest {
    private static long cost(String schema, String rule) {
        var root = CustomSchema.of(Json.readObject("{\"type\":\"object\",\"properties\":{\"spec\":" + schema + "}}"));
        var types = new RuleTypes(root);
        var spec = root.properties().get("spec");
        var type = types.of(spec);
        return Environment.of(Map.of("self", type, "oldSelf", type), types.structs())
                .estimate(rule, new SchemaExtents(root).of(spec))
                .cost();
    }

    private static String bounded(String schema, String bound, long most) {
        return most < 0 ? schema : schema.replaceFirst("\\{", "{\"" + bound + "\":" + most + ",");
    }

    private static String of(String type) {
        return switch (type) {
            case "int-or-string" -> "{\"x-kubernetes-int-or-string\":true}";
            case "duration", "date", "date-time", "byte" -> "{\"type\":\"string\",\"format\":\"" + type + "\"}";
            case "array" -> "{\"type\":\"array\",\"items\":{\"type\":\"number\"}}";
            case "map" -> "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"number\"}}";
            case "object" ->
                "{\"type\":\"object\",\"required\":[\"required\"],\"properties\":{\"required\":{\"type\":\"string\"},\"optional\":{\"type\":\"string\"}}}";
            default -> "{\"type\":\"" + type + "\"}";
        };
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "number        | self.all(x, true)                       | 4718591  | 10   | 32",
        "string        | self.all(x, true)                       | 3145727  | 20   | 62",
        "boolean       | self.all(x, true)                       | 1887437  | 5    | 17",
        "array         | self.all(x, true)                       | 3145727  | 100  | 302",
        "int-or-string | self.all(x, true)                       | 4718591  | 10   | 32",
        "duration      | self.all(x, true)                       | 2359295  | 5    | 17",
        "date          | self.all(x, true)                       | 725936   | 15   | 47",
        "date-time     | self.all(x, true)                       | 428963   | 25   | 77",
        "number        | self[1] == 0.0                          | 2        | 5000 | 2",
        "string        | self[1] == self[1]                      | 314577   | -1   | 314577",
        "int-or-string | self[0] == 5                            | 3        | 10   | 3",
        "array         | self[0][0] == -1.0                      | 3        | 51   | 3",
        "duration      | self[0].getHours() == 2                 | 4        | 525  | 4",
        "number        | 'self.all(x, self.all(y, true))'         | -1       | 10   | 352",
        "number        | 'self.all(x, self.all(y, self.all(z, true)))' | -1  | 10   | 3552",
        "number        | self.all(x, x == 0.0)                   | 6291454  | 6291456 | 25165826",
        "map           | self.all(x, x.y == 25.2)                | 6291452  | 12   | 74",
        "map           | self[0].x > 2.0                         | 4        | 3000 | 4",
    })
    void loopsCostAsOftenAsThereIsRoom(String items, String rule, long unbounded, long most, long bounded) {
        var list = "{\"type\":\"array\",\"items\":" + of(items) + "}";
        if (unbounded < 0) {
            assertThat(cost(list, rule)).isGreaterThan(10_000_000);
        } else {
            assertThat(cost(list, rule)).isEqualTo(unbounded);
        }
        assertThat(cost(bounded(list, "maxItems", most), rule)).isEqualTo(bounded);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "number        | self.all(x, true)                | 1348169  | 10   | 32",
        "string        | self.all(x, true)                | 1179647  | 3    | 11",
        "boolean       | self.all(x, true)                | 943718   | 100  | 302",
        "array         | self.all(x, true)                | 1179647  | 25   | 77",
        "date-time     | self.all(x, true)                | 349526   | 25   | 77",
        "number        | has(self.x)                      | 1        | 100  | 1",
        "number        | self['x'] == 0.0                 | 2        | 0    | 2",
        "number        | oldSelf.size() == self.size()    | 5        | 10   | 5",
        "date-time     | self['a'] == self['b']           | 8        | 7    | 8",
        "duration      | self['a'] == self['b']           | 8        | 7    | 8",
    })
    void mapsAreWalkedByTheirKeys(String values, String rule, long unbounded, long most, long bounded) {
        var map = "{\"type\":\"object\",\"additionalProperties\":" + of(values) + "}";
        assertThat(cost(map, rule)).isEqualTo(unbounded);
        assertThat(cost(bounded(map, "maxProperties", most), rule)).isEqualTo(bounded);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "self.contains('test')                     | 314574  | 10  | 5",
        "self.startsWith('test')                   | 2       | 15  | 2",
        "size(self + 'hello') > size('hello')      | 314578  | 4   | 7",
        "self.matches('x')                         | 314574  | 50  | 22",
        "''.matches('(((((((((())))))))))[0-9]')   | 7       | 10  | 7",
        "self.matches('')                          | 1       | 100 | 1",
        "self == 'x'                               | 2       | 0   | 1",
        "self.find('[0-9]+') == ''                 | 629147  | 10  | 11",
        "self.lowerAscii() == 'lower!'             | 314575  | 10  | 6",
    })
    void textsAreWalked(String rule, long unbounded, long most, long bounded) {
        assertThat(cost(of("string"), rule)).isEqualTo(unbounded);
        assertThat(cost(bounded(of("string"), "maxLength", most), rule)).isEqualTo(bounded);
    }

    @Test
    void functionsOfListsAndTextsHaveTheirOwnCosts() {
        var unbounded = "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}";
        var ten = "{\"type\":\"array\",\"maxItems\":10,\"items\":{\"type\":\"string\",\"maxLength\":10}}";
        assertThat(cost(unbounded, "self.join(' ') == 'aa bb'")).isEqualTo(329853068905L);
        assertThat(cost(ten, "self.join(' ') == 'aa bb'")).isEqualTo(43);
        assertThat(cost(unbounded, "self.isSorted() == true")).isEqualTo(329854432052L);
        assertThat(cost(ten, "self.isSorted() == true")).isEqualTo(52);
        var texts = "{\"type\":\"object\",\"properties\":{\"str\":{\"type\":\"string\"%s},\"before\":{\"type\":\"string\",\"maxLength\":2},\"after\":{\"type\":\"string\",\"maxLength\":4}}}";
        var replace = "self.str.replace(self.before, self.after) == 'does not matter'";
        assertThat(cost(texts.formatted(""), replace)).isEqualTo(629154);
        assertThat(cost(texts.formatted(",\"maxLength\":4"), replace)).isEqualTo(12);
        var split = "{\"type\":\"object\",\"properties\":{\"str\":{\"type\":\"string\"%1$s},\"separator\":{\"type\":\"string\"%1$s}}}";
        assertThat(cost(split.formatted(""), "self.str.split(self.separator) == []")).isEqualTo(629160);
        assertThat(cost(split.formatted(",\"maxLength\":10"), "self.str.split(self.separator) == []")).isEqualTo(22);
    }

    @Test
    void whatAListAddsUpToIsAsLargeAsAnItem() {
        var numbers = "{\"type\":\"array\",\"maxItems\":10,\"items\":{\"type\":\"integer\"}}";
        assertThat(cost(numbers, "self.sum() == oldSelf.sum()")).isEqualTo(23);
        assertThat(cost(numbers, "self.max() >= 3 && 5 in self && self.exists(x, x == 1)")).isLessThan(100);
        assertThat(cost(numbers, "optional.of(self.max()).optMap(most, self.all(x, x <= most)).orValue(true)")).isLessThan(200);
    }

    @Test
    void theRulesOfASchemaHaveSoManyPartsAndNoMore() {
        var rule = "{\"rule\":\"self in [0" + ",1".repeat(18_000) + "]\"}";
        var schema = "{\"type\":\"integer\",\"x-kubernetes-validations\":[%s]}";
        assertThat(complaints(schema.formatted(String.join(",", Collections.nCopies(5, rule))))).isEmpty();
        assertThat(complaints(schema.formatted(String.join(",", Collections.nCopies(8, rule)))))
                .singleElement(InstanceOfAssertFactories.STRING)
                .startsWith("schema: Invalid value: 108024: the expressions together must not have more than 100000 names, constants, operators and calls");
    }

    @Test
    void objectsAreAsLongAsWhatTheyMustHave() {
        var map = "{\"type\":\"object\",\"additionalProperties\":" + of("object") + "}";
        assertThat(cost(map, "self.all(x, self[x].required == 'z')")).isEqualTo(cost(map, "self.all(x, self[x].optional == 'z')"));
        assertThat(cost("{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}", "self.all(x, x.contains(self[x]))")).isEqualTo(2752507);
        assertThat(cost("{\"type\":\"string\",\"enum\":[\"A\",\"B\",\"C\",\"LongValue\"]}", "self.contains('A')")).isEqualTo(2);
        assertThat(cost("{\"type\":\"string\",\"maxLength\":1000,\"enum\":[\"A\"]}", "self.contains('A')")).isEqualTo(401);
        assertThat(cost("{\"type\":\"array\",\"items\":" + of("object") + "}", "self[0] == null")).isEqualTo(2);
    }

    private static List<String> complaints(String spec) {
        var schema = Json.readObject("{\"type\":\"object\",\"properties\":{\"spec\":" + spec + "}}");
        return RuleCompiler.check(CustomSchema.of(schema), "schema").stream().map(FieldError::text).toList();
    }

    @Test
    void dearRulesAreRefusedWithTheFactorByWhichTheyAre() {
        var hint = " (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";
        var at = "schema.properties[spec].x-kubernetes-validations[0]";
        var list = "{\"type\":\"array\",%s\"items\":{\"type\":\"string\"},\"x-kubernetes-validations\":[{\"rule\":\"self.all(x, self.exists_one(y, x == y))\"}]}";
        assertThat(complaints(list.formatted("")))
                .containsExactly(
                        at + ".rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x" + hint,
                        at + ".rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema",
                        "schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x" + hint);
        assertThat(complaints(list.formatted("\"maxItems\":8,"))).hasSize(1).first().asString().startsWith(at + ".rule: Forbidden: estimated rule cost exceeds budget by factor of 2.0x");
        assertThat(complaints("{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"}},\"x-kubernetes-validations\":[{\"rule\":\"self.n > 0\",\"messageExpression\":\"'n is ' + string(self.n)\"}]}"))
                .hasSize(3)
                .first().asString().isEqualTo(at + ".messageExpression: Forbidden: estimated messageExpression cost exceeds budget by factor of more than 100x" + hint);
    }

    @Test
    void rulesOfItemsCostAsOftenAsThereAreItems() {
        var schema = "{\"type\":\"array\",%s\"items\":{\"type\":\"string\",\"x-kubernetes-validations\":[{\"rule\":\"self.matches('^[a-z]+$')\"}]}}";
        assertThat(complaints(schema.formatted(""))).hasSize(3);
        assertThat(complaints(schema.formatted("\"maxItems\":10,"))).isEmpty();
        var maps = "{\"type\":\"object\",%s\"additionalProperties\":{\"type\":\"integer\",\"x-kubernetes-validations\":[{\"rule\":\"self > 1\"}]}}";
        assertThat(complaints(maps.formatted(""))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(quoteCharacter = '`', value = {
        "array, items, maxItems",
        "object, additionalProperties, maxProperties",
    })
    void whatHasNoBoundHasNoneInsideOfWhatHasOne(String type, String each, String bound) {
        var inner = "{\"type\":\"%1$s\",\"%2$s\":{\"type\":\"string\",\"x-kubernetes-validations\":[{\"rule\":\"self.matches('^[a-z]+$')\"}]}}".formatted(type, each);
        var outer = "{\"type\":\"%s\",%%s\"%s\":%s}".formatted(type, each, inner);
        var unbounded = complaints(outer.formatted(""));
        assertThat(unbounded).hasSize(3);
        assertThat(complaints(outer.formatted("\"" + bound + "\":10,"))).isEqualTo(unbounded);
        assertThat(complaints(outer.formatted("\"" + bound + "\":" + Long.MAX_VALUE + ","))).isEqualTo(unbounded);
    }

    /// A rule of what may never be there costs nothing, and hides no other.
    @Test
    void aBoundBelowZeroLeavesNothing() {
        var texts = "{\"type\":\"array\",%s\"items\":{\"type\":\"string\",\"x-kubernetes-validations\":[{\"rule\":\"self.matches('^[a-z]+$')\"}]}}";
        var never = texts.formatted("\"maxItems\":-1000000000,");
        var dear = texts.formatted("");
        assertThat(complaints(never)).isEmpty();
        assertThat(complaints("{\"type\":\"object\",\"properties\":{\"never\":" + never + ",\"dear\":" + dear + "}}")).hasSize(3);
    }

    @Test
    void theLongestTextIsNoLongerThanThereAreNumbers() {
        assertThat(cost(bounded(of("string"), "maxLength", 1L << 62), "self.contains('test')")).isGreaterThan(1L << 50);
    }

    /// Patterns of rules that definitions of gateways, certificates and compositions have.
    @ParameterizedTest
    @ValueSource(strings = {
        "self.all(l1, self.exists_one(l2, l1.name == l2.name))",
        "self.all(l1, self.exists_one(l2, l1.port == l2.port && l1.protocol == l2.protocol && (has(l1.hostname) && has(l2.hostname) ? l1.hostname == l2.hostname : !has(l1.hostname) && !has(l2.hostname))))",
        "self.all(l, l.protocol in ['HTTP', 'TCP', 'UDP'] ? !has(l.tls) : true)",
        "self.all(l, (l.protocol == 'HTTPS' && has(l.tls)) ? (l.tls.mode == '' || l.tls.mode == 'Terminate') : true)",
    })
    void listenersOfAGatewayMayBeCompared(String rule) {
        var listeners =
                """
                {"type":"array","maxItems":64,"minItems":1,"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],
                 "items":{"type":"object","required":["name","port","protocol"],"properties":{
                  "name":{"type":"string","maxLength":253,"minLength":1},"port":{"type":"integer","format":"int32"},
                  "protocol":{"type":"string","maxLength":255},"hostname":{"type":"string","maxLength":253},
                  "tls":{"type":"object","properties":{"mode":{"type":"string","enum":["Terminate","Passthrough"]}}}}},
                 "x-kubernetes-validations":[{"rule":"%s"}]}""";
        assertThat(complaints(listeners.formatted(rule))).isEmpty();
    }

    /// As dear as a definition that many clusters have may be: 16 rules of 64 matches.
    @Test
    void pathsOfRoutesMayBeMatched() {
        var route =
                """
                {"type":"array","maxItems":16,"items":{"type":"object","properties":{
                 "filters":{"type":"array","maxItems":16,"items":{"type":"object","required":["type"],"properties":{
                    "type":{"type":"string","enum":["RequestHeaderModifier","RequestRedirect","URLRewrite"]}}},
                   "x-kubernetes-validations":[{"rule":"!(self.exists(f, f.type == 'RequestRedirect') && self.exists(f, f.type == 'URLRewrite'))"},
                     {"rule":"self.filter(f, f.type == 'RequestRedirect').size() <= 1"}]},
                 "matches":{"type":"array","maxItems":64,"items":{"type":"object","properties":{
                   "path":{"type":"object","properties":{"type":{"type":"string","enum":["Exact","PathPrefix","RegularExpression"],"default":"PathPrefix"},
                     "value":{"type":"string","maxLength":1024,"default":"/"}},
                    "x-kubernetes-validations":[
                     {"rule":"(self.type in ['Exact','PathPrefix']) ? self.value.startsWith('/') : true"},
                     {"rule":"(self.type in ['Exact','PathPrefix']) ? !self.value.contains('//') : true"},
                     {"rule":"(self.type in ['Exact','PathPrefix']) ? self.value.matches('^(?:[-A-Za-z0-9/._~!$&()*+,;=:@ ]|[%][0-9a-fA-F]{2})+$') : true"}]}}}}}},
                 "x-kubernetes-validations":[{"rule":"(self.size() > 0 ? self[0].matches.size() : 0) + (self.size() > 1 ? self[1].matches.size() : 0) <= 128"}]}""";
        assertThat(complaints(route)).isEmpty();
        assertThat(complaints(route.replace("64", "200"))).hasSize(1).first().asString().contains("[path].x-kubernetes-validations[2].rule: Forbidden: estimated rule cost");
    }
}
