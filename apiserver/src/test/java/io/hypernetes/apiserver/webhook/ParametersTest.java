package io.hypernetes.apiserver.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.apiserver.custom.TenantKinds;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Conversion;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ParametersTest {
    private static final String OF_CONFIG_MAPS = "{\"paramKind\":{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\"}}";
    private static final String TOO_MUCH =
            "failed to configure binding: one request looks at no more than 10000 parameters and 32 MiB of them for all bindings of policies together: "
                    + "bind fewer policies, or let paramRef name the object";

    @TempDir
    private Path folder;

    private Store store;
    private Parameters parameters;

    @BeforeEach
    void open() {
        store = EmbeddedStore.open(folder, EmbeddedSettings.defaults());
        var kinds = Kinds.load();
        var attempt = new Attempt(
                "blue", new Caller("blue", "u", List.of(), "7", Map.of()), kinds.get("v1", "Pod"), null, "CREATE", "default", "p", "", false, null, AttemptTest.NONE, _ -> {}, (_, _) -> {});
        parameters = new Parameters(store, new TenantKinds(kinds, store, (_, _) -> Conversion.RENAMING), attempt);
    }

    @AfterEach
    void close() {
        store.close();
    }

    private static Operation configMap(String name, String text) {
        return Operation.create(new ObjectKey("blue", "", "configmaps", "default", name).text(), """
                {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"%s","namespace":"default","labels":{"odd":"%s"}},"data":{"k":"%s"}}"""
                .formatted(name, name.endsWith("1"), text).getBytes(UTF_8));
    }

    private Parameters.Each each(String policy, String reference) {
        return parameters.of(Json.readObject(policy), Json.readObject("{\"paramRef\":" + reference + "}"));
    }

    private static List<String> names(Parameters.Each each) {
        var names = new ArrayList<String>();
        while (each.next()) {
            names.add(each.value() == null ? "none" : Json.string(each.value(), "metadata", "name"));
        }
        return names;
    }

    @Test
    void thoseThatABindingMeansComeOneAfterTheOther() {
        store.commit(List.of(configMap("a1", "x"), configMap("a2", "x"), configMap("b1", "x")));
        var selected = each(OF_CONFIG_MAPS, "{\"selector\":{\"matchLabels\":{\"odd\":\"true\"}}}");
        assertThat(names(selected)).containsExactly("a1", "b1");
        assertThat(selected.fault()).isNull();
        assertThat(names(each("{}", "{\"name\":\"a1\"}"))).as("of a policy that takes none").containsExactly("none");
        assertThat(names(parameters.none())).isEmpty();
        var missing = each(OF_CONFIG_MAPS, "{\"name\":\"c\"}");
        assertThat(names(missing)).isEmpty();
        assertThat(missing.fault()).isEqualTo("failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction");
        var allowed = each(OF_CONFIG_MAPS, "{\"name\":\"c\",\"parameterNotFoundAction\":\"Allow\"}");
        assertThat(names(allowed)).isEmpty();
        assertThat(allowed.fault()).isNull();
        var unknown = each("{\"paramKind\":{\"apiVersion\":\"example.com/v1\",\"kind\":\"Limit\"}}", "{\"name\":\"c\"}");
        assertThat(names(unknown)).isEmpty();
        assertThat(unknown.fault()).isEqualTo("failed to configure binding: failed to find resource referenced by paramKind: 'example.com/v1, Kind=Limit'");
    }

    @Test
    void whatSeveralBindingsNameIsReadOnce() {
        store.commit(List.of(configMap("a1", "x".repeat(1 << 20))));
        var first = each(OF_CONFIG_MAPS, "{\"name\":\"a1\"}");
        assertThat(first.next()).isTrue();
        for (int i = 0; i < 100; i++) {
            var next = each(OF_CONFIG_MAPS, "{\"name\":\"a1\"}");
            assertThat(next.next()).as("100 MiB, if each were read").isTrue();
            assertThat(next.value()).isSameAs(first.value());
        }
    }

    @Test
    void soMuchIsReadAndNoMore() {
        for (int i = 0; i < 33; i++) {
            store.commit(List.of(configMap("n" + i, "x".repeat(1 << 20))));
        }
        var all = each(OF_CONFIG_MAPS, "{\"selector\":{}}");
        assertThat(names(all)).hasSize(31);
        assertThat(all.fault()).isEqualTo(TOO_MUCH);
        var another = each(OF_CONFIG_MAPS, "{\"name\":\"n9\"}");
        assertThat(names(another)).isEmpty();
        assertThat(another.fault()).isEqualTo(TOO_MUCH);
    }

    @Test
    void soManyAreLookedAtAndNoMore() {
        for (int i = 0; i < 11; i++) {
            int thousand = i;
            store.commit(IntStream.range(0, 1000).mapToObj(k -> configMap("n" + (thousand * 1000 + k), "x")).toList());
        }
        var none = each(OF_CONFIG_MAPS, "{\"selector\":{\"matchLabels\":{\"odd\":\"neither\"}}}");
        assertThat(names(none)).isEmpty();
        assertThat(none.fault()).isEqualTo(TOO_MUCH);
        assertThat(names(each("{}", "{}"))).as("without any").containsExactly("none");
    }
}
