package io.hypernetes.objects.patch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.objects.Json;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

class JsonPatchesTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"foo\":\"bar\"}|[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\"}]|{\"foo\":\"bar\",\"baz\":\"qux\"}",
                "{\"foo\":[1,2]}|[{\"op\":\"add\",\"path\":\"/foo/1\",\"value\":9}]|{\"foo\":[1,9,2]}",
                "{\"foo\":[1]}|[{\"op\":\"add\",\"path\":\"/foo/-\",\"value\":[2]}]|{\"foo\":[1,[2]]}",
                "{\"a\":1,\"b\":2}|[{\"op\":\"remove\",\"path\":\"/a\"}]|{\"b\":2}",
                "{\"a\":[1,2,3]}|[{\"op\":\"remove\",\"path\":\"/a/1\"}]|{\"a\":[1,3]}",
                "{\"a\":1}|[{\"op\":\"replace\",\"path\":\"/a\",\"value\":{\"b\":1}}]|{\"a\":{\"b\":1}}",
                "{\"a\":{\"b\":1},\"c\":{}}|[{\"op\":\"move\",\"from\":\"/a/b\",\"path\":\"/c/d\"}]|{\"a\":{},\"c\":{\"d\":1}}",
                "{\"a\":{\"b\":1}}|[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/c\"}]|{\"a\":{\"b\":1},\"c\":{\"b\":1}}",
                "{\"a/b\":1,\"m~n\":2}|[{\"op\":\"test\",\"path\":\"/a~1b\",\"value\":1},{\"op\":\"test\",\"path\":\"/m~0n\",\"value\":2.0}]|{\"a/b\":1,\"m~n\":2}",
                "{\"a\":1}|[{\"op\":\"replace\",\"path\":\"\",\"value\":[1]}]|[1]",
                "{\"a\":1}|[{\"op\":\"replace\",\"path\":\"/b\",\"value\":2}]|{\"a\":1,\"b\":2}",
                "{\"a\":null}|[{\"op\":\"test\",\"path\":\"/a\",\"value\":null},{\"op\":\"add\",\"path\":\"/a\",\"value\":null}]|{\"a\":null}"
            })
    void operations(String target, String patch, String expected) {
        JsonNode before = Json.read(target.getBytes(UTF_8)).root();
        assertThat(JsonPatch.parse(Json.read(patch.getBytes(UTF_8)).root()).apply(before))
                .isEqualTo(Json.read(expected.getBytes(UTF_8)).root());
        assertThat(before).isEqualTo(Json.read(target.getBytes(UTF_8)).root());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[{\"op\":\"remove\",\"path\":\"/x\"}]|422", "[{\"op\":\"replace\",\"path\":\"/x/y\",\"value\":1}]|422", "[{\"op\":\"replace\",\"path\":\"/l/-\",\"value\":1}]|422",
                "[{\"op\":\"add\",\"path\":\"/x/y\",\"value\":1}]|422", "[{\"op\":\"add\",\"path\":\"/l/9\",\"value\":1}]|422",
                "[{\"op\":\"add\",\"path\":\"/l/01\",\"value\":1}]|422", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":2}]|422",
                "[{\"op\":\"move\",\"from\":\"/o\",\"path\":\"/o/p\"}]|422", "[{\"op\":\"remove\",\"path\":\"\"}]|422",
                "[{\"op\":\"spin\",\"path\":\"/a\"}]|400", "[{\"op\":\"add\",\"path\":\"a\",\"value\":1}]|400", "{}|400",
                "[{\"op\":\"add\",\"value\":1}]|400", "[{\"op\":\"add\",\"path\":\"/a\"}]|400"
            })
    void refusals(String patch, int code) {
        JsonNode target = Json.readObject("{\"a\":1,\"l\":[1],\"o\":{\"p\":1}}");
        assertThatThrownBy(() -> JsonPatch.parse(Json.read(patch.getBytes(UTF_8)).root()).apply(target))
                .isInstanceOfSatisfying(PatchException.class, e -> assertThat(e.status().code()).isEqualTo(code));
    }

    @Test
    void sizesAreLimited() {
        ArrayNode many = Json.array();
        for (int i = 0; i <= 10_000; i++) {
            many.addObject().put("op", "test").put("path", "/a").put("value", 1);
        }
        assertThatThrownBy(() -> JsonPatch.parse(many))
                .isInstanceOfSatisfying(PatchException.class, e -> assertThat(e.status().code()).isEqualTo(413));
        // Doubling by copies: a small patch must not make a huge object.
        ArrayNode bomb = Json.array();
        for (int i = 0; i < 60; i++) {
            bomb.addObject().put("op", "copy").put("from", "").put("path", "/x" + i);
        }
        ObjectNode target = Json.readObject("{\"a\":\"0123456789\"}");
        assertThatThrownBy(() -> JsonPatch.parse(bomb).apply(target))
                .isInstanceOfSatisfying(PatchException.class, e -> assertThat(e.status().code()).isEqualTo(413));
    }

    @Property
    void anAddedMemberCanBeRemoved(@ForAll("objects") ObjectNode target, @ForAll("values") JsonNode value) {
        ArrayNode patch = Json.array();
        patch.addObject().put("op", "add").put("path", "/new~1~0").set("value", value);
        patch.addObject().put("op", "test").put("path", "/new~1~0").set("value", value);
        patch.addObject().put("op", "remove").put("path", "/new~1~0");
        assertThat(JsonPatch.parse(patch).apply(target)).isEqualTo(target);
    }

    @Property
    void aMergePatchMadeFromTwoTreesLeadsFromOneToTheOther(@ForAll("objects") ObjectNode from, @ForAll("objects") ObjectNode to) {
        ObjectNode patch = difference(from, to);
        assertThat(MergePatch.apply(from, patch)).isEqualTo(to);
        assertThat(MergePatch.apply(to, patch)).isEqualTo(to);
    }

    @Property
    void aMergePatchIsIdempotent(@ForAll("objects") ObjectNode target, @ForAll("objects") ObjectNode patch) {
        JsonNode once = MergePatch.apply(target, patch);
        assertThat(MergePatch.apply(once, patch)).isEqualTo(once);
    }

    private static ObjectNode difference(ObjectNode from, ObjectNode to) {
        ObjectNode patch = Json.object();
        from.propertyNames().forEach(name -> {
            if (!to.has(name)) {
                patch.putNull(name);
            }
        });
        for (Map.Entry<String, JsonNode> member : to.properties()) {
            JsonNode before = from.get(member.getKey());
            if (before instanceof ObjectNode a && member.getValue() instanceof ObjectNode b) {
                patch.set(member.getKey(), difference(a, b));
            } else if (!member.getValue().equals(before)) {
                patch.set(member.getKey(), member.getValue());
            }
        }
        return patch;
    }

    @Provide
    Arbitrary<ObjectNode> objects() {
        return object(2);
    }

    @Provide
    Arbitrary<JsonNode> values() {
        return value(2);
    }

    private static Arbitrary<ObjectNode> object(int depth) {
        return Arbitraries.maps(Arbitraries.of("a", "b", "c", "d/e", "~"), value(depth)).ofMaxSize(4).map(map -> {
            ObjectNode object = Json.object();
            map.forEach(object::set);
            return object;
        });
    }

    private static Arbitrary<JsonNode> value(int depth) {
        Arbitrary<JsonNode> leaf = Arbitraries.oneOf(
                Arbitraries.integers().between(0, 3).map(i -> Json.integer(i)), Arbitraries.of("x", "y", "").map(Json::text));
        if (depth == 0) {
            return leaf;
        }
        Arbitrary<JsonNode> array = value(depth - 1).list().ofMaxSize(3).map(items -> {
            ArrayNode node = Json.array();
            items.forEach(node::add);
            return node;
        });
        return Arbitraries.oneOf(leaf, object(depth - 1).map(JsonNode.class::cast), array);
    }

    /// What is deeper than what is read could be stored, and nobody could read it again.
    @ParameterizedTest
    @ValueSource(strings = {
        "[{'op':'copy','from':'/a','path':'/b'},{'op':'copy','from':'/b','path':'DEEP/c'}]",
        "[{'op':'move','from':'/b','path':'DEEP/c'}]",
        "[{'op':'add','path':'DEEP/c','value':VALUE}]",
        "[{'op':'replace','path':'DEEP','value':VALUE}]"
    })
    void nothingIsMadeDeeperThanWhatIsRead(String operations) {
        String value = "{\"x\":".repeat(600) + "1" + "}".repeat(600);
        String patch = operations.replace('\'', '"').replace("DEEP", "/a" + "/x".repeat(500)).replace("VALUE", value);
        JsonNode target = Json.readObject("{\"a\":" + value + ",\"b\":" + value + "}");
        assertThatThrownBy(() -> JsonPatch.parse(Json.read(patch.getBytes(UTF_8)).root()).apply(target))
                .isInstanceOfSatisfying(PatchException.class, e -> assertThat(e.status().code()).isEqualTo(413));
    }
}
