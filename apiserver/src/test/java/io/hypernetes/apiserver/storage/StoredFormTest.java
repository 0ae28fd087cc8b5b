package io.hypernetes.apiserver.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.PartialObjectMetadata;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StoredFormTest {

    @ParameterizedTest
    @ValueSource(strings = {
        "{}",
        "{\"kind\":\"A\",\"apiVersion\":\"v1\",\"metadata\":{}}",
        "{\"metadata\":{\"name\":\"n\",\"resourceVersion\":\"1\"},\"data\":{\"metadata\":\"{\\\"resourceVersion\\\":\\\"\"}}",
        "{\"metadata\":{\"name\":\"n\",\"annotations\":{\"a\":\"b\"}},\"spec\":{\"x\":[1]}}",
        "{\"metadata\":{\"annotations\":{}}}",
        "{\"metadata\":{\"name\":\"}\\\"{\\\\\",\"labels\":{\"{\":\"}}\"},\"ownerReferences\":[{\"name\":\"]\"}]},\"spec\":{\"a\":\"}\"}}"
    })
    void revisionAndTenantArePutInWithoutTouchingTheRest(String text) {
        var object = Json.readObject(text);
        var stored = StoredForm.encoder(object).apply(1795473730141827L);
        var read = Json.readObject(stored);
        assertThat(Json.string(read, "metadata", "resourceVersion")).isEqualTo("1795473730141827");
        assertThat(StoredForm.withRevision(stored, 7)).isEqualTo(StoredForm.encoder(object).apply(7));
        var shown = Json.readObject(StoredForm.withTenant(stored, "blue"));
        assertThat(Json.string(shown, "metadata", "annotations", "hypernetes.io/tenant")).isEqualTo("blue");
        var annotations = Json.child(Json.child(shown, "metadata"), "annotations");
        annotations.remove("hypernetes.io/tenant");
        if (annotations.isEmpty()) {
            Json.child(shown, "metadata").remove("annotations");
        }
        assertThat(shown).isEqualTo(read);
        assertThat(Json.readObject(StoredForm.partial(stored, "v1"))).isEqualTo(PartialObjectMetadata.of(read, "v1"));
    }

    /// Whatever wrote it: who reads across tenants believes the annotation.
    @Test
    void nobodyStoresToWhichTenantAnObjectBelongs() {
        var object = Json.readObject(
                "{\"metadata\":{\"name\":\"n\",\"annotations\":{\"a\":\"b\",\"hypernetes.io/tenant\":\"prey\"}},\"data\":{\"hypernetes.io/tenant\":\"text\"}}");
        var before = object.deepCopy();
        var stored = new String(StoredForm.encoder(object).apply(7), StandardCharsets.UTF_8);
        assertThat(stored).contains("\"annotations\":{\"a\":\"b\"}").contains("\"data\":{\"hypernetes.io/tenant\":\"text\"}").doesNotContain("prey");
        assertThat(object).isEqualTo(before);
        Json.child(Json.child(object, "metadata"), "annotations").remove("a");
        assertThat(new String(StoredForm.encoder(object).apply(7), StandardCharsets.UTF_8)).doesNotContain("annotations");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{\"apiVersion\":\"v1\",\"kind\":\"A\",\"metadata\":{\"resourceVersion\":\"7\",\"annotations\":{\"a\":\"}\",\"hypernetes.io/tenant\":\"prey\"},\"name\":\"n\"}}",
        "{\"apiVersion\":\"v1\",\"kind\":\"A\",\"metadata\":{\"resourceVersion\":\"7\",\"annotations\":{\"hypernetes.io/tenant\":\"prey\"},\"name\":\"n\"},\"data\":{\"a\":\"b\"}}"
    })
    void whatWasStoredOfThatOnceIsNotShown(String stored) {
        var shown = StoredForm.withTenant(stored.getBytes(StandardCharsets.UTF_8), "blue");
        assertThat(new String(shown, StandardCharsets.UTF_8)).doesNotContain("prey");
        var read = Json.readObject(shown);
        assertThat(Json.string(read, "metadata", "annotations", "hypernetes.io/tenant")).isEqualTo("blue");
        assertThat(Json.string(read, "metadata", "resourceVersion")).isEqualTo("7");
        assertThat(Json.string(read, "metadata", "name")).isEqualTo("n");
    }

    @Test
    void whatIsShownMayBeLongerThanWhatIsStored() {
        var object = Json.object();
        object.putObject("status").put("text", "x".repeat(StoredForm.MAX_BYTES));
        assertThat(StoredForm.unstored(object).length).isGreaterThan(StoredForm.MAX_BYTES);
        assertThatThrownBy(() -> StoredForm.encoder(object)).isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.status().code()).isEqualTo(413));
    }

    @Test
    void whatNobodyCouldReadIsNotStored() {
        var object = Json.readObject("{\"apiVersion\":\"example.com/v1\",\"kind\":\"Wheel\",\"metadata\":{\"name\":\"w\"}}");
        object.putObject("spec").put("size", new java.math.BigInteger("1".repeat(500)));
        assertThatThrownBy(() -> StoredForm.encoder(object)).isInstanceOfSatisfying(ApiException.class, e -> {
            assertThat(e.status().code()).isEqualTo(422);
            assertThat(e.status().message()).isEqualTo("Wheel.example.com \"w\" is invalid: spec.size: Invalid value: it could not be read again once it is stored:"
                    + " a number has more than 400 characters");
        });
        object.putObject("spec").put("x".repeat(60_000), 1);
        assertThatCode(() -> StoredForm.encoder(object)).as("a name has any length").doesNotThrowAnyException();
        // What was added to what came may be somewhat deeper than that may be.
        int deepest = Json.MAX_DEPTH + 100;
        object.set("spec", Json.readObject("{\"a\":".repeat(deepest) + "1" + "}".repeat(deepest)));
        assertThatThrownBy(() -> StoredForm.encoder(object)).isInstanceOf(ApiException.class);
    }

    @Test
    void aKeyIsReadBack() {
        var pod = new ObjectKey("root", "", "pods", "default", "web");
        assertThat(pod.text()).isEqualTo("/root/core/pods/default/web");
        assertThat(ObjectKey.parse(pod.text())).isEqualTo(pod);
        var tenant = new ObjectKey("root", "hypernetes.io", "tenants", "", "blue");
        assertThat(tenant.text()).isEqualTo("/root/hypernetes.io/tenants/_/blue");
        assertThat(ObjectKey.parse(tenant.text())).isEqualTo(tenant);
        assertThat(ObjectKey.tenantOf(pod.text())).isEqualTo("root");
    }

    @Test
    void annotationsStandWhereTheyCanBeAddedTo() {
        var stored = StoredForm.encoder(Json.readObject("{\"kind\":\"K\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"n\",\"annotations\":{\"a\":\"b\"}}}"))
                .apply(5);
        assertThat(new String(stored, StandardCharsets.UTF_8))
                .isEqualTo("{\"apiVersion\":\"v1\",\"kind\":\"K\",\"metadata\":{\"resourceVersion\":\"5\",\"annotations\":{\"a\":\"b\"},\"name\":\"n\"}}");
    }
}
