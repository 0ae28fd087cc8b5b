package io.hypernetes.apiserver.discovery;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.apiserver.custom.TenantKinds;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.kind.Conversion;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.objects.openapi.OpenApi;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OpenApiDocumentsTest {
    private static final Kinds BUILT_IN = Kinds.load();

    @TempDir
    private Path folder;

    private static void define(Store store, String tenant, String description) {
        store.commit(List.of(Operation.put(new ObjectKey(tenant, "apiextensions.k8s.io", "customresourcedefinitions", "", "wheels.example.com").text(), """
                {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"wheels.example.com","uid":"u"},
                 "spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"wheels","singular":"wheel","kind":"Wheel","listKind":"WheelList"},
                  "conversion":{"strategy":"None"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","description":"%s"}}}]},
                 "status":{"storedVersions":["v1"],"acceptedNames":{"plural":"wheels","singular":"wheel","kind":"Wheel","listKind":"WheelList"},
                  "conditions":[{"type":"NamesAccepted","status":"True"},{"type":"Established","status":"True"}]}}""".formatted(description).getBytes(UTF_8))));
    }

    private static OpenApi own(OpenApiDocuments documents, String tenant) {
        return Objects.requireNonNull(documents.own(tenant, false));
    }

    @Test
    void documentsAreKeptUntilDefinitionsChange() {
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults())) {
            var documents = new OpenApiDocuments(new TenantKinds(BUILT_IN, store, (_, _) -> Conversion.RENAMING), 100 << 20);
            assertThat(documents.own("blue", false)).isNull();
            define(store, "blue", "of blue");
            var made = own(documents, "blue");
            assertThat(made.isMade(false)).isTrue();
            assertThat(own(documents, "blue")).isSameAs(made);
            var all = Objects.requireNonNull(documents.own("blue", true));
            assertThat(all.isMade(true)).isTrue();
            assertThat(documents.own("blue", true)).isSameAs(all);
            assertThat(own(documents, "blue")).as("beside that").isSameAs(made);
            define(store, "blue", "of another edition");
            var next = own(documents, "blue");
            assertThat(next).isNotSameAs(made);
            assertThat(new String(Objects.requireNonNull(next.document("apis/example.com/v1")).json(), UTF_8)).contains("of another edition");
        }
    }

    @Test
    void noMoreIsKeptThanThereIsRoomFor() {
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults())) {
            var kinds = new TenantKinds(BUILT_IN, store, (_, _) -> Conversion.RENAMING);
            define(store, "blue", "x".repeat(100_000));
            define(store, "red", "x".repeat(100_000));
            define(store, "green", "x".repeat(100_000));
            long each = own(new OpenApiDocuments(kinds, 1), "blue").bytes();
            assertThat(each).isGreaterThan(100_000);
            var documents = new OpenApiDocuments(kinds, each * 5 / 2);
            var blue = own(documents, "blue");
            var red = own(documents, "red");
            assertThat(own(documents, "blue")).isSameAs(blue);
            assertThat(own(documents, "red")).isSameAs(red);
            var green = own(documents, "green");
            assertThat(own(documents, "green")).isSameAs(green);
            assertThat(List.of(own(documents, "blue") == blue, own(documents, "red") == red)).as("one had to go").isNotEqualTo(List.of(true, true));
        }
    }
}
