package io.hypernetes.apiserver.resource;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Conversion;
import io.hypernetes.objects.kind.CustomKinds;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.objects.selector.LabelSelector;
import io.hypernetes.store.Entry;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class IndexedTest {
    private static final Kind PODS = Kinds.load().get("v1", "Pod");

    private static Indexed pod(String name, String app) {
        var text = """
                {"apiVersion":"v1","kind":"Pod","metadata":{"name":"%s","namespace":"default","labels":{"app":"%s"}},
                "spec":{"nodeName":"node-of-many","restartPolicy":"Always"},"status":{"phase":"Running"}}""".formatted(name, app);
        return Indexed.of(PODS, new Entry("/root/pods/default/" + name, text.getBytes(StandardCharsets.UTF_8), 1, 1));
    }

    @Test
    void aSelectorSeesLabelsAndFields() {
        var pod = pod("one", "web");
        assertThat(selection("app=web", "spec.nodeName=node-of-many,status.phase!=Failed").matches(pod)).isTrue();
        assertThat(selection("app=web", "metadata.name=one,status.podIP=").matches(pod)).isTrue();
        assertThat(selection("app=web", "metadata.name=two").matches(pod)).isFalse();
        assertThat(selection("app=other", "metadata.name=one").matches(pod)).isFalse();
        assertThat(pod.field("no.such.field")).isEmpty();
    }

    /// The rest of a pod is not read for it.
    @Test
    void aPodIsSeenAsWhollyReadWould() {
        var text = """
                {"apiVersion":"v1","kind":"Pod","metadata":{"name":"one","namespace":"default","annotations":{"labels":"x"},"labels":{"app":"web"},
                "managedFields":[{"manager":"m","fieldsV1":{"f:spec":{}}}],"ownerReferences":[{"name":"o"}]},
                "spec":{"containers":[{"name":"c","nodeName":"x"}],"hostNetwork":true,"nodeName":"n","restartPolicy":"Never","schedulerName":"s",
                "serviceAccountName":"a","volumes":[{"name":"v"}],"affinity":{"nodeName":"x"}},
                "status":{"conditions":[{"type":"Ready"}],"phase":"Running","podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.2"}],"nominatedNodeName":"m",
                "containerStatuses":[{"name":"c"}]}}""";
        var bytes = text.getBytes(StandardCharsets.UTF_8);
        var seen = Indexed.of(PODS, new Entry("/root/pods/default/one", bytes, 1, 1));
        var fields = PODS.selectableFields(Json.readObject(bytes));
        assertThat(fields).hasSize(10).doesNotContainValue("");
        fields.forEach((name, value) -> assertThat(seen.field(name)).as(name).isEqualTo(value));
        assertThat(seen.labels()).containsExactly(Map.entry("app", "web"));
    }

    @Test
    void whatObjectsHaveInCommonIsKeptOnce() {
        var one = pod("one", "web");
        var two = pod("two", "web");
        assertThat(two.labels()).isSameAs(one.labels());
        assertThat(two.names()).isSameAs(one.names());
        assertThat(two.field("spec.nodeName")).isSameAs(one.field("spec.nodeName"));
        assertThat(pod("three", "db").labels()).isNotEqualTo(one.labels());
    }

    /// A definition that is compiled again is what it was, and what is kept of its objects does not keep what is compiled.
    @Test
    void whatIsKnownOfACustomObjectIsKnownByItsDefinition() {
        var definition = Json.readObject("""
                {"spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"wheels","singular":"wheel","kind":"Wheel","listKind":"WheelList"},
                  "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]}}""");
        var custom = new CustomKinds(Kinds.load().schema());
        var object = "{\"apiVersion\":\"example.com/v1\",\"kind\":\"Wheel\",\"metadata\":{\"name\":\"one\",\"labels\":{\"app\":\"web\"}}}";
        var entries = List.of(new Entry("/blue/example.com/wheels/default/one", object.getBytes(StandardCharsets.UTF_8), 1, 1));
        var cache = new Indexed.Cache();
        var seen = new ArrayList<Indexed>();
        for (var edition : List.of("first", "first", "second")) {
            cache.each(custom.of(definition, Conversion.RENAMING, edition).getFirst(), entries, (_, indexed) -> seen.add(indexed));
        }
        assertThat(seen.get(1)).isSameAs(seen.get(0));
        assertThat(seen.get(2)).isNotSameAs(seen.get(0));
        assertThat(seen.get(0).kind()).isNotInstanceOf(Kind.class);
    }

    private static Selection selection(String labels, String fields) {
        return new Selection(LabelSelector.parse(labels), PODS.fieldSelector(fields), "");
    }
}
