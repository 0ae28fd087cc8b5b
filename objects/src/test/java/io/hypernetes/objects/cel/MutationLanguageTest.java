package io.hypernetes.objects.cel;

import static io.hypernetes.objects.cel.MutationLanguage.Kind.APPLY_CONFIGURATION;
import static io.hypernetes.objects.cel.MutationLanguage.Kind.JSON_PATCH;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.objects.Json;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MutationLanguageTest {
    private static final String OBJECT =
            """
            {"metadata":{"name":"web","labels":{"a":"1"}},"spec":{"replicas":2,"containers":[{"name":"c"},{"name":"d"}]}}""";

    private static Object evaluate(MutationLanguage.Kind kind, String text) {
        var variables = new HashMap<String, Object>();
        variables.put("object", Values.of(Json.readObject(OBJECT)));
        variables.put("variables", Map.of());
        return MutationLanguage.compile(kind, text).evaluate(variables, new Budget(Budget.REQUEST));
    }

    private static String configuration(String text) {
        return Json.print(MutationLanguage.configuration(evaluate(APPLY_CONFIGURATION, text)));
    }

    private static String operations(String text) {
        return Json.print(MutationLanguage.operations(evaluate(JSON_PATCH, text)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "Object{}|{}",
                "Object{spec: Object.spec{replicas: object.spec.replicas % 2 == 0 ? object.spec.replicas + 1 : object.spec.replicas}}|{\"spec\":{\"replicas\":3}}",
                "Object{metadata: Object.metadata{labels: {\"x/y\": \"v\"}}}|{\"metadata\":{\"labels\":{\"x/y\":\"v\"}}}",
                "Object{spec: Object.spec{containers: object.spec.containers.map(c, Object.spec.containers{name: c.name, tty: true})}}|{\"spec\":{\"containers\":[{\"name\":\"c\",\"tty\":true},{\"name\":\"d\",\"tty\":true}]}}",
                "Object{?spec: optional.ofNonZeroValue(Object.spec{?replicas: optional.none()})}|{}",
                "Object{spec: has(object.spec.paused) ? Object.spec{} : Object.spec{paused: false}}|{\"spec\":{\"paused\":false}}",
                "Object{spec: Object.spec{namespace: 'a', ratio: 0.5, empty: null, list: [1, 2]}}|{\"spec\":{\"namespace\":\"a\",\"ratio\":0.5,\"empty\":null,\"list\":[1,2]}}",
            })
    void anObjectIsMade(String text, String expected) {
        assertThat(Json.readObject(configuration(text))).isEqualTo(Json.readObject(expected));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[JSONPatch{op: 'test', path: '/spec/replicas', value: 100}, JSONPatch{op: 'remove', path: '/a'}]|[{\"op\":\"test\",\"path\":\"/spec/replicas\",\"value\":100},{\"op\":\"remove\",\"path\":\"/a\"}]",
                "[JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('k8s.io/x~y'), value: 'true'}]|[{\"op\":\"add\",\"path\":\"/metadata/labels/k8s.io~1x~0y\",\"value\":\"true\"}]",
                "has(object.spec.replicas) ? [JSONPatch{op: 'move', from: '/a', path: '/b'}] : []|[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/b\"}]",
                "[]|[]",
                "[JSONPatch{op: 'add', path: '/spec', value: Object.spec{selector: Object.spec.selector{}, replicas: 10}}]|[{\"op\":\"add\",\"path\":\"/spec\",\"value\":{\"selector\":{},\"replicas\":10}}]",
                "[JSONPatch{op: 'add', path: JSONPatch{path: 'p'}.path + JSONPatch{}.from, value: [has(JSONPatch{op: 'x'}.op), has(JSONPatch{}.value), JSONPatch{} == JSONPatch{}, JSONPatch{op: 'a', value: 1} == JSONPatch{op: 'a', value: '1'}]}]|[{\"op\":\"add\",\"path\":\"p\",\"value\":[true,false,true,false]}]",
            })
    void aPatchIsMade(String text, String expected) {
        assertThat(Json.readObject("{\"p\":" + operations(text) + "}")).isEqualTo(Json.readObject("{\"p\":" + expected + "}"));
    }

    @Test
    void whatMakesSomethingElseIsRefused() {
        assertThatThrownBy(() -> MutationLanguage.compile(APPLY_CONFIGURATION, "\"I'm a teapot!\"")).hasMessage("must evaluate to Object but got string");
        assertThatThrownBy(() -> MutationLanguage.compile(APPLY_CONFIGURATION, "Object.spec.metadata{}"))
                .hasMessage("must evaluate to Object but got Object.spec.metadata");
        assertThatThrownBy(() -> MutationLanguage.compile(JSON_PATCH, "Object{}")).hasMessage("must evaluate to list(JSONPatch) but got Object");
        assertThatThrownBy(() -> MutationLanguage.compile(JSON_PATCH, "[JSONPatch{operation: 'add'}]")).hasMessageContaining("operation");
        assertThatThrownBy(() -> MutationLanguage.compile(JSON_PATCH, "[JSONPatch{op: 1}]")).isInstanceOf(ExpressionException.class);
        assertThatThrownBy(() -> MutationLanguage.compile(APPLY_CONFIGURATION, "Thing{}")).isInstanceOf(ExpressionException.class);
        // Only mutations make things.
        assertThatThrownBy(() -> AdmissionLanguage.compile("Object{}")).isInstanceOf(ExpressionException.class);
        assertThatThrownBy(() -> operations("[1, JSONPatch{}].filter(x, true)")).isInstanceOf(ExpressionException.class);
    }

    @Test
    void typesFollowThePathsOfFields() {
        assertThatThrownBy(() -> configuration("Object{spec: Object.specx{replicas: 1}}"))
                .hasMessage("type mismatch: unexpected type name \"Object.specx\", expected \"Object.spec\", which matches field name path from root Object type");
        assertThatThrownBy(() -> operations("[JSONPatch{op: 'add', path: '/c', value: Object.spec.containers{ports: [Object.spec.containers.portsZ{}]}}]"))
                .hasMessageContaining("unexpected type name \"Object.spec.containers.portsZ\", expected \"Object.spec.containers.ports\"");
    }

    /// Each doubles what it got, so that what is a few references for the language would be a million million values for whoever walks it.
    @ParameterizedTest
    @ValueSource(strings = {"[a0, a0]", "{'a': a0, 'b': a0}", "Object.spec{a: a0, b: a0}"})
    void whatHoldsOneValueManyTimesIsNoBombForWhoeverWalksIt(String doubled) {
        var text = new StringBuilder("Object{spec: ");
        for (int i = 0; i < 20; i++) {
            text.append("[").append(doubled.replace("a0", "a" + i)).append("].map(a").append(i + 1).append(", ");
        }
        var made = text.toString().replaceFirst("a0, a0", "1, 1").replace("a0", "1") + "a20" + ")[0]".repeat(20) + "}";
        assertThatThrownBy(() -> configuration(made)).isInstanceOf(ExpressionException.class).hasMessageMatching(".*(cost|larger|deeply|recursion).*");
    }

    @Test
    void aResultIsNoLargerThanABody() {
        var variables = Map.of("object", Map.of("s", "x".repeat(1 << 20)), "variables", Map.of());
        var expression = MutationLanguage.compile(APPLY_CONFIGURATION, "Object{a: object.s, b: object.s, c: object.s, d: object.s}");
        var made = expression.evaluate(variables, new Budget(Budget.REQUEST));
        assertThatThrownBy(() -> MutationLanguage.configuration(made)).hasMessageContaining("larger than");
    }

    @Test
    void comparingWhatIsLargeCostsItsSize() {
        var variables = Map.of("object", Map.of("l", java.util.stream.LongStream.range(0, 30).boxed().toList(), "s", "x".repeat(1 << 20)));
        for (var test : new String[] {"object.l.all(a, object.s == object.s + '')", "object.l.all(a, !object.s.matches('y+z'))"}) {
            assertThatThrownBy(() -> AdmissionLanguage.compile(test).evaluate(variables, new Budget(Budget.REQUEST))).as(test).hasMessageContaining("cost limit");
        }
        assertThatThrownBy(() -> AdmissionLanguage.compile("object.l == object.l").evaluate(variables, new Budget(10))).hasMessageContaining("cost budget");
    }
}
