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
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MatchingTest {
    @TempDir
    private Path folder;

    private static void define(Store store, int generation, String description) {
        var version = "{\"name\":\"%s\",\"served\":true,\"storage\":%s,\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\",\"description\":\"%s\"}}}";
        store.commit(List.of(Operation.put(new ObjectKey("blue", "apiextensions.k8s.io", "customresourcedefinitions", "", "wheels.example.com").text(), """
                {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"wheels.example.com","uid":"u","generation":%d},
                 "spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"wheels","singular":"wheel","kind":"Wheel","listKind":"WheelList"},
                  "conversion":{"strategy":"None"},"versions":[%s,%s,%s]},
                 "status":{"storedVersions":["v1"],"conditions":[{"type":"NamesAccepted","status":"True"},{"type":"Established","status":"True"}]}}"""
                .formatted(generation, version.formatted("v1beta1", false, description), version.formatted("v1", true, description), version.formatted("v2", false, description))
                .getBytes(UTF_8))));
    }

    /// What a request holds while it waits for a webhook is the form of the definition that it began with, and no other for each change that comes meanwhile.
    @Test
    void anEquivalentVersionIsOfTheDefinitionThatTheRequestUses() {
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults())) {
            var kinds = new TenantKinds(Kinds.load(), store, (_, _) -> Conversion.RENAMING);
            define(store, 1, "first");
            var kind = Objects.requireNonNull(kinds.find("blue", "example.com", "v1", "wheels"));
            var attempt = new Attempt(
                    "blue", new Caller("blue", "u", List.of(), "7", Map.of()), kind, null, "CREATE", "default", "p", "", false, null, AttemptTest.NONE, _ -> {}, (_, _) -> {});
            define(store, 2, "second");
            var rule = Json.readObject("{\"operations\":[\"CREATE\"],\"apiGroups\":[\"example.com\"],\"apiVersions\":[\"v1beta1\",\"v2\"],\"resources\":[\"wheels\"]}");
            var matching = new Matching(kinds, store);
            var as = Objects.requireNonNull(matching.byRules(List.of(rule), "Equivalent", attempt));
            assertThat(kind.versions()).contains(as);
            assertThat(as.type().version()).as("the best of them").isEqualTo("v2");
            assertThat(matching.byRules(List.of(rule), "Exact", attempt)).isNull();
        }
    }

    /// A tenant may have defined thousands, and each webhook is asked.
    @Test
    void anEquivalentOfABuiltInKindIsLookedForAmongThose() {
        try (var store = (Store) Proxy.newProxyInstance(Store.class.getClassLoader(), new Class<?>[] {Store.class}, (_, method, _) -> {
            if (method.getName().equals("close")) {
                return null;
            }
            throw new AssertionError("the store is asked: " + method.getName());
        })) {
            var kinds = new TenantKinds(Kinds.load(), store, (_, _) -> Conversion.RENAMING);
            var matching = new Matching(kinds, store);
            var kind = Objects.requireNonNull(kinds.find("blue", "events.k8s.io", "v1", "events"));
            var attempt = new Attempt(
                    "blue", new Caller("blue", "u", List.of(), "7", Map.of()), kind, null, "CREATE", "default", "p", "", false, null, AttemptTest.NONE, _ -> {}, (_, _) -> {});
            var core = Json.readObject("{\"operations\":[\"CREATE\"],\"apiGroups\":[\"\"],\"apiVersions\":[\"v1\"],\"resources\":[\"events\"]}");
            assertThat(matching.byRules(List.of(core), "Equivalent", attempt)).isSameAs(kinds.find("blue", "", "v1", "events"));
            assertThat(matching.byRules(List.of(core), "Exact", attempt)).isNull();
            var wheels = Json.readObject("{\"operations\":[\"CREATE\"],\"apiGroups\":[\"example.com\"],\"apiVersions\":[\"*\"],\"resources\":[\"*\"]}");
            assertThat(matching.byRules(List.of(wheels), "Equivalent", attempt)).isNull();
        }
    }
}
