package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Informers;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Selection;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TokenSecretsTest {
    private static final String NAME = "kubernetes.io/service-account.name";
    private static final String UID = "kubernetes.io/service-account.uid";
    private static final String TOKENS = "kubernetes.io/service-account-token";

    private final FakeApi api = new FakeApi();
    private final Client client = api.client();
    private final Informers informers = new Informers(client);
    private final Caches caches = Caches.of(informers);
    private final TokenSecrets controller = new TokenSecrets(client);
    private final List<ObjectKey> woken = new CopyOnWriteArrayList<>();

    @BeforeEach
    void start() throws InterruptedException {
        Caches view = caches.view();
        controller.watch(view, woken::add);
        informers.start();
        assertThat(view.awaitSynced(Duration.ofSeconds(20))).isTrue();
    }

    @AfterEach
    void stop() {
        informers.close();
        client.close();
        api.close();
    }

    @Test
    void aTokenOfNobodyIsDeletedAndAnythingElseIsNot() {
        secret("plain", "Opaque", Map.of(NAME, "nobody"));
        // What is told of it comes behind all that could be told of the other.
        secret("orphan", TOKENS, Map.of(NAME, "nobody"));
        reconcile(key("orphan"));
        controller.reconcile(key("plain"));
        assertThat(client.of(Kind.SECRET).find(key("orphan"))).isEmpty();
        assertThat(caches.of(Kind.SECRET, Selection.fields("type=" + TOKENS)).get(key("plain"))).isEmpty();
        assertThat(woken).doesNotContain(key("plain"));
        assertThat(client.of(Kind.SECRET).find(key("plain"))).isPresent();
    }

    @Test
    void aTokenGoesWithItsAccountAndWithOneOfTheSameName() {
        String uid = account("mine");
        secret("kept", TOKENS, Map.of(NAME, "mine", UID, uid));
        secret("other", TOKENS, Map.of(NAME, "mine", UID, "another"));
        reconcile(key("other"));
        reconcile(key("kept"));
        assertThat(client.of(Kind.SECRET).find(key("other"))).isEmpty();
        assertThat(client.of(Kind.SECRET).find(key("kept"))).isPresent();
        client.of(Kind.SERVICE_ACCOUNT).delete(key("mine"), Deletion.ordinary());
        await().untilAsserted(() -> assertThat(caches.of(Kind.SERVICE_ACCOUNT).get(key("mine"))).isEmpty());
        reconcile(key("kept"));
        assertThat(client.of(Kind.SECRET).find(key("kept"))).isEmpty();
    }

    @Test
    void oneWhoseAccountCameLaterIsWrittenAgainSoThatItIsFilled() {
        String uid = account("late");
        secret("early", TOKENS, Map.of(NAME, "late"));
        reconcile(key("early"));
        assertThat(client.of(Kind.SECRET).get(key("early")).getMetadata().getAnnotations()).containsEntry(UID, uid);
    }

    @Test
    void whatBecomesOfAnAccountWakesItsTokensAndNoOthers() {
        secret("other", TOKENS, Map.of(NAME, "somebody"));
        secret("token", TOKENS, Map.of(NAME, "late"));
        wokenOf("token", 1);
        account("late");
        wokenOf("token", 2);
        client.of(Kind.SERVICE_ACCOUNT).delete(key("late"), Deletion.ordinary());
        wokenOf("token", 3);
        wokenOf("other", 1);
    }

    private void wokenOf(String secret, int times) {
        await().untilAsserted(() -> assertThat(woken).filteredOn(key(secret)::equals).hasSize(times));
    }

    private void reconcile(ObjectKey secret) {
        await().until(() -> caches.of(Kind.SECRET, Selection.fields("type=" + TOKENS)).get(secret).isPresent());
        controller.reconcile(secret);
    }

    private String account(String name) {
        return client.of(Kind.SERVICE_ACCOUNT)
                .create("red", new ServiceAccountBuilder().withNewMetadata().withName(name).withNamespace("default").endMetadata().build())
                .getMetadata().getUid();
    }

    private void secret(String name, String type, Map<String, String> annotations) {
        client.of(Kind.SECRET).create("red", new SecretBuilder()
                .withNewMetadata().withName(name).withNamespace("default").withAnnotations(annotations).endMetadata().withType(type).build());
    }

    private static ObjectKey key(String name) {
        return new ObjectKey("red", "default", name);
    }
}
