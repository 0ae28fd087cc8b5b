package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class NamespaceContentTest {
    private static final String CONFIG_MAPS = " /tenants/red/api/v1/namespaces/x/configmaps";

    private final FakeApi api = new FakeApi();
    private final Client client = api.client();
    private final NamespaceContent content = new NamespaceContent(client);

    @AfterEach
    void stop() {
        client.close();
        api.close();
    }

    private void configMap(String name, String... finalizers) {
        client.of(Kind.CONFIG_MAP).create("red", new ConfigMapBuilder()
                .withNewMetadata().withNamespace("x").withName(name).withFinalizers(finalizers).endMetadata().build());
    }

    /// As objects whose conversion webhook went with the namespace.
    @Test
    void whatCannotBeListedIsDeletedAllTheSame() {
        configMap("m");
        api.failNext("GET" + CONFIG_MAPS, 500, Integer.MAX_VALUE);
        api.beforeAnswers(request -> {
            if (request.startsWith("DELETE" + CONFIG_MAPS)) {
                api.failNext("GET" + CONFIG_MAPS, 500, 0);
            }
        });
        assertThat(content.empty("red", "x").isEmpty()).isTrue();
        assertThat(client.of(Kind.CONFIG_MAP).find(new ObjectKey("red", "x", "m"))).isEmpty();
    }

    @Test
    void whatCannotBeListedEvenThenIsTold() {
        configMap("m");
        api.failNext("GET" + CONFIG_MAPS, 500, Integer.MAX_VALUE);
        NamespaceContent.Left left = content.empty("red", "x");
        assertThat(left.isEmpty()).isFalse();
        assertThat(left.complaints()).isEqualTo("Failed to delete all resource types, 1 remaining: made to fail");
        assertThatThrownBy(left::rethrow).isInstanceOf(ApiException.class);
    }

    /// The answer to a deletion is made of what was there, which may be what fails.
    @Test
    void aDeletionThatFailedSaysNothingOnceNothingIsLeft() {
        configMap("m");
        api.failNext("DELETE" + CONFIG_MAPS, 500, 1);
        api.beforeAnswers(request -> {
            // The second list.
            if (request.startsWith("GET" + CONFIG_MAPS) && api.requests().stream().anyMatch(before -> before.startsWith("DELETE" + CONFIG_MAPS))) {
                api.remove(Kind.CONFIG_MAP, new ObjectKey("red", "x", "m"));
            }
        });
        assertThat(content.empty("red", "x").isEmpty()).isTrue();
    }

    @Test
    void whatCouldNotBeDeletedIsCountedAndWhyIsTold() {
        configMap("m", "example.com/held");
        client.of(Kind.SECRET).create("red", new SecretBuilder().withNewMetadata().withNamespace("x").withName("s").endMetadata().build());
        api.failNext("DELETE" + CONFIG_MAPS, 500, Integer.MAX_VALUE);
        NamespaceContent.Left left = content.empty("red", "x");
        assertThat(left.resources()).isEqualTo(Map.of("configmaps.", 1));
        assertThat(left.finalizers()).isEqualTo(Map.of("example.com/held", 1));
        assertThat(left.complaints()).isEqualTo("Failed to delete all resource types, 1 remaining: made to fail");
        assertThat(client.of(Kind.SECRET).find(new ObjectKey("red", "x", "s"))).isEmpty();
    }

    @Test
    void whatIsToldFitsAConditionHoweverMuchAWebhookSays() {
        NamespaceContent.Left left = new NamespaceContent.Left();
        for (int i = 0; i < 1000; i++) {
            left.failures().add(new ApiException(500, "InternalError", i + " " + "no".repeat(10_000)));
        }
        assertThat(left.complaints()).hasSizeLessThan(32 << 10).startsWith("Failed to delete all resource types, 1000 remaining: 0 nono").contains("..., 1 nono");
    }

    /// As upstream's deleter asks (pkg/controller/namespace/deletion), which else had Jobs wait until their pods are let go of, though these go too.
    @Test
    void whatIsDeletedWithItsNamespaceOrphansNothing() {
        configMap("m");
        content.empty("red", "x");
        assertThat(api.deletions()).isNotEmpty().allMatch(options -> options.path("propagationPolicy").asString("").equals("Background"));
    }

    /// Each object may name thousands of which nobody has heard.
    @Test
    void whatHoldsIsToldInLittleHoweverManyFinalizersThereAre() {
        for (int i = 0; i < 30; i++) {
            String[] finalizers = new String[100];
            for (int j = 0; j < finalizers.length; j++) {
                finalizers[j] = "example.com/" + "x".repeat(40) + (i * 100 + j);
            }
            configMap("m" + i, finalizers);
        }
        NamespaceContent.Left left = content.empty("red", "x");
        assertThat(left.resources()).isEqualTo(Map.of("configmaps.", 30));
        assertThat(left.finalizers()).hasSize(101).containsEntry("(further finalizers)", 2900);
        assertThat(NamespaceContent.Left.shown(left.finalizers(), Map.Entry::getKey)).hasSizeLessThan(8 << 10);
    }

    @Test
    void noMoreKindsAreToldThanFit() {
        Map<String, Integer> counts = new java.util.TreeMap<>();
        for (int i = 0; i < 2000; i++) {
            counts.put("things.g" + i, 1);
        }
        assertThat(NamespaceContent.Left.shown(counts, Map.Entry::getKey)).hasSizeLessThan(4 << 10).endsWith(", and 1899 more");
    }
}
