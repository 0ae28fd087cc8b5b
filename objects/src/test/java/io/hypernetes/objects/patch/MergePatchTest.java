package io.hypernetes.objects.patch;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

class MergePatchTest {
    private static JsonNode json(String text) {
        return Json.readObject(("{'v':" + text + "}").replace('\'', '"')).path("v");
    }

    /// RFC 7396, appendix A.
    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', value = {
        "{'a':'b'} ; {'a':'c'} ; {'a':'c'}",
        "{'a':'b'} ; {'b':'c'} ; {'a':'b','b':'c'}",
        "{'a':'b'} ; {'a':null} ; {}",
        "{'a':'b','b':'c'} ; {'a':null} ; {'b':'c'}",
        "{'a':['b']} ; {'a':'c'} ; {'a':'c'}",
        "{'a':'c'} ; {'a':['b']} ; {'a':['b']}",
        "{'a':{'b':'c'}} ; {'a':{'b':'d','c':null}} ; {'a':{'b':'d'}}",
        "{'a':[{'b':'c'}]} ; {'a':[1]} ; {'a':[1]}",
        "['a','b'] ; ['c','d'] ; ['c','d']",
        "{'a':'b'} ; ['c'] ; ['c']",
        "{'a':'foo'} ; null ; null",
        "{'a':'foo'} ; 'bar' ; 'bar'",
        "{'e':null} ; {'a':1} ; {'e':null,'a':1}",
        "[1,2] ; {'a':'b','c':null} ; {'a':'b'}",
        "{} ; {'a':{'bb':{'ccc':null}}} ; {'a':{'bb':{}}}",
    })
    void aPatchIsApplied(String target, String patch, String result) {
        JsonNode before = json(target);
        JsonNode changes = json(patch);
        assertThat(MergePatch.apply(before, changes)).isEqualTo(json(result));
        assertThat(before).isEqualTo(json(target));
        assertThat(changes).isEqualTo(json(patch));
    }

    /// The RFC's own words, in which each level is a new object.
    private static JsonNode asTheRfcSays(JsonNode target, JsonNode patch) {
        if (!patch.isObject()) {
            return patch;
        }
        ObjectNode result = target.isObject() ? (ObjectNode) target.deepCopy() : Json.object();
        for (Map.Entry<String, JsonNode> change : patch.properties()) {
            if (change.getValue().isNull()) {
                result.remove(change.getKey());
            } else {
                result.set(change.getKey(), asTheRfcSays(result.path(change.getKey()), change.getValue()));
            }
        }
        return result;
    }

    @Property
    void itIsWhatTheRfcSays(@ForAll("values") JsonNode target, @ForAll("values") JsonNode patch) {
        JsonNode before = target.deepCopy();
        JsonNode result = MergePatch.apply(target, patch);
        assertThat(result).isEqualTo(asTheRfcSays(before, patch));
        assertThat(target).as("the target is left alone").isEqualTo(before);
        if (result instanceof ObjectNode object) {
            JsonNode changes = patch.deepCopy();
            object.properties().forEach(member -> {
                if (member.getValue() instanceof ObjectNode within) {
                    within.put("changed", true);
                }
            });
            assertThat(patch).as("nothing of the patch is in the result").isEqualTo(changes);
        }
    }

    @Provide
    Arbitrary<JsonNode> values() {
        return values(4);
    }

    private static Arbitrary<JsonNode> values(int depth) {
        Arbitrary<JsonNode> leaves = Arbitraries.of("1", "null", "'x'", "[1,{'a':null}]", "{}").map(MergePatchTest::json);
        if (depth == 0) {
            return leaves;
        }
        Arbitrary<JsonNode> objects = Arbitraries.maps(Arbitraries.of("a", "b", "c"), values(depth - 1)).ofMaxSize(3).map(members -> {
            ObjectNode object = Json.object();
            members.forEach(object::set);
            return object;
        });
        return Arbitraries.frequencyOf(Tuple.of(1, leaves), Tuple.of(4, objects)).withoutEdgeCases();
    }

    /// A copy at each of 900 levels would be 36 million values.
    @org.junit.jupiter.api.Test
    void aDeepPatchCopiesOnce() {
        ObjectNode target = Json.object();
        ObjectNode patch = Json.object();
        ObjectNode at = target;
        ObjectNode change = patch;
        for (int i = 0; i < 900; i++) {
            at = at.putObject("a");
            change = change.putObject("a");
        }
        change.put("x", 1);
        for (int i = 0; i < 40_000; i++) {
            at.withArray("l").addObject();
        }
        var bean = (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
        long before = bean.getCurrentThreadAllocatedBytes();
        JsonNode result = MergePatch.apply(target, patch);
        assertThat(bean.getCurrentThreadAllocatedBytes() - before).isLessThan(64 << 20);
        for (int i = 0; i < 900; i++) {
            result = result.path("a");
        }
        assertThat(result.path("x").intValue()).isEqualTo(1);
        assertThat(result.path("l").size()).isEqualTo(40_000);
    }
}
