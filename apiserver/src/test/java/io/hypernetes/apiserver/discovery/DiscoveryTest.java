package io.hypernetes.apiserver.discovery;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.apiserver.custom.TenantKinds;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Conversion;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class DiscoveryTest {
    private static final Kinds BUILT_IN = Kinds.load();

    @TempDir
    private Path folder;

    private Store store;
    private TenantKinds kinds;

    @BeforeEach
    void open() {
        store = EmbeddedStore.open(folder, EmbeddedSettings.defaults());
        kinds = new TenantKinds(BUILT_IN, store, (_, _) -> Conversion.RENAMING);
    }

    @AfterEach
    void close() {
        store.close();
    }

    /// Stores a definition as an earlier server took it.
    private void define(String tenant, String plural, int versions, int shortNames) {
        var names = "\"plural\":\"%1$s\",\"singular\":\"%1$s\",\"kind\":\"K%1$s\",\"listKind\":\"L%1$s\",\"categories\":[\"all\"],\"shortNames\":[%2$s]"
                .formatted(plural, IntStream.range(0, shortNames).mapToObj(i -> "\"" + plural + i + "\"").collect(Collectors.joining(",")));
        var served = IntStream.range(0, versions)
                .mapToObj(i -> "{\"name\":\"v%d\",\"served\":true,\"storage\":%b,\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\"}}}".formatted(i + 1, i == 0))
                .collect(Collectors.joining(","));
        store.commit(List.of(Operation.put(new ObjectKey(tenant, "apiextensions.k8s.io", "customresourcedefinitions", "", plural + ".example.com").text(), """
                {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"%1$s.example.com","uid":"u"},
                 "spec":{"group":"example.com","scope":"Namespaced","names":{%2$s},"conversion":{"strategy":"None"},"versions":[%3$s]},
                 "status":{"storedVersions":["v1"],"acceptedNames":{%2$s},
                  "conditions":[{"type":"NamesAccepted","status":"True"},{"type":"Established","status":"True"}]}}""".formatted(plural, names, served).getBytes(UTF_8))));
    }

    private static JsonNode read(Discovery.Document document) {
        return Json.readObject(document.bytes());
    }

    private static long aliases(JsonNode resources) {
        long count = 0;
        for (var each : resources) {
            count += each.path("shortNames").size() + each.path("categories").size();
        }
        return count;
    }

    private static List<String> texts(JsonNode of, String field) {
        return of.valueStream().map(each -> each.path(field).asString("")).toList();
    }

    @Test
    void aDocumentTellsAllKindsAndVersionsAndSoManyShortNames() {
        define("blue", "wheels", 50, 2_999);
        define("blue", "axles", 1, 2);
        var groups = read(new Discovery(kinds, 100 << 20).document("blue", "/apis", "v2")).path("items");
        var own = groups.valueStream().filter(each -> each.path("metadata").path("name").asString("").equals("example.com")).findFirst().orElseThrow().path("versions");
        assertThat(own.size()).isEqualTo(50);
        own.forEach(each -> assertThat(texts(each.path("resources"), "resource")).contains("wheels"));
        long all = groups.valueStream().flatMap(group -> group.path("versions").valueStream()).mapToLong(version -> aliases(version.path("resources"))).sum();
        assertThat(all).isBetween((long) Aliases.MOST - 3_000, (long) Aliases.MOST);
        var first = own.valueStream().filter(each -> each.path("version").asString("").equals("v1")).findFirst().orElseThrow().path("resources");
        assertThat(first.valueStream().filter(each -> each.path("resource").asString("").equals("axles")).findFirst().orElseThrow().path("shortNames").size())
                .as("there is room for few").isEqualTo(2);
    }

    @Test
    void theOldFormTellsSoManyShortNamesAsWell() {
        for (int i = 0; i < 35; i++) {
            define("blue", "wheels" + (char) ('a' + i % 26) + i, 1, 2_999);
        }
        var resources = read(new Discovery(kinds, 100 << 20).document("blue", "/apis/example.com/v1", "")).path("resources");
        assertThat(resources.size()).isEqualTo(35);
        assertThat(aliases(resources)).isEqualTo(33 * 3_000L);
    }

    /// A version is a few dozen bytes of its definition and kilobytes where the document is made.
    @Test
    void aDocumentOfAllTellsSoManyKindsAndVersions() {
        define("blue", "wheels", 12_000, 1);
        define("blue", "axles", 12_000, 1);
        var discovery = new Discovery(kinds, 100 << 20);
        long told = read(discovery.document("blue", "/apis", "v2")).path("items").valueStream()
                .flatMap(group -> group.path("versions").valueStream()).mapToLong(version -> version.path("resources").size()).sum();
        assertThat(told).isBetween(Discovery.MOST_KINDS - 200L, (long) Discovery.MOST_KINDS);
        var groups = read(discovery.document("blue", "/apis", "")).path("groups");
        assertThat(texts(groups, "name")).contains("apps", "example.com");
        assertThat(texts(read(discovery.document("blue", "/apis/example.com/v1", "")).path("resources"), "name")).as("served all the same").containsExactly("axles", "wheels");
    }

    @Test
    void documentsAreKeptAsLongAsThereIsRoomAndUntilDefinitionsChange() {
        var discovery = new Discovery(kinds, 100 << 20);
        var common = discovery.document("blue", "/apis", "v2");
        assertThat(discovery.document("red", "/apis", "v2")).as("of all who have defined nothing").isSameAs(common);
        define("blue", "wheels", 1, 1);
        var own = discovery.document("blue", "/apis", "v2");
        assertThat(new String(own.bytes(), UTF_8)).contains("wheels");
        assertThat(discovery.document("blue", "/apis", "v2")).isSameAs(own);
        assertThat(discovery.document("red", "/apis", "v2")).isSameAs(common);
        define("blue", "axles", 1, 1);
        assertThat(new String(discovery.document("blue", "/apis", "v2").bytes(), UTF_8)).contains("wheels", "axles");
        var small = new Discovery(kinds, 4);
        assertThat(small.document("blue", "/apis", "v2")).isNotSameAs(small.document("blue", "/apis", "v2"));
    }
}
