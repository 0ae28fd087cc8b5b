package io.hypernetes.apiserver.custom;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.kind.Conversion;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TenantKindsTest {
    @TempDir
    private Path folder;

    private static void define(Store store, String plural, String established) {
        store.commit(List.of(Operation.create(TenantKinds.key("blue", plural + ".example.com"), """
                {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"%1$s.example.com","uid":"u"},
                 "spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"%1$s","singular":"one","kind":"One","listKind":"OneList"},"conversion":{"strategy":"None"},
                  "versions":[{"name":"v1beta1","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object"}}},
                   {"name":"v1","served":true,"storage":true,"subresources":{"status":{},"scale":{"specReplicasPath":".spec.n","statusReplicasPath":".status.n"}},
                    "selectableFields":[{"jsonPath":".spec.n"}],"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"n":{"type":"integer"}}}}}}},
                   {"name":"v0","served":false,"storage":false,"schema":{"openAPIV3Schema":{"type":"object"}}}]},
                 "status":{"storedVersions":["v1"],"acceptedNames":{"plural":"%1$s","singular":"one","kind":"One","listKind":"OneList","shortNames":["o"],"categories":["all"]},
                  "conditions":[{"type":"Established","status":"%2$s"}]}}""".formatted(plural, established).getBytes(UTF_8))));
    }

    @Test
    void whereKindsLiveIsKnownWithoutWhatIsCompiledOfThem() {
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults())) {
            var kinds = new TenantKinds(Kinds.load(), store, (_, _) -> Conversion.RENAMING);
            define(store, "wheels", "True");
            define(store, "axles", "True");
            define(store, "later", "False");
            assertThat(kinds.own("blue")).hasSize(4);
            assertThat(kinds.types("blue")).isEqualTo(kinds.all("blue").stream().map(Kind::type).toList());
            assertThat(kinds.types("red")).isEqualTo(kinds.all("red").stream().map(Kind::type).toList());
            assertThat(kinds.types("*")).isEqualTo(kinds.all("*").stream().map(Kind::type).toList());
        }
    }
}
