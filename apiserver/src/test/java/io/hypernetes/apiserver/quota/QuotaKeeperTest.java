package io.hypernetes.apiserver.quota;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.store.Change;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuotaKeeperTest {
    private static final String QUOTA = "/blue/core/resourcequotas/default/q";

    @TempDir
    private Path folder;

    /// Everybody waits for whoever shows the changes: it reads nothing that tenants write.
    @Test
    void whatATenantWroteIsReadByTheKeepersOwnThread() {
        var pod = Entry.later("/blue/core/pods/default/p", () -> "{\"spec\":{\"activeDeadlineSeconds\":1}}".getBytes(UTF_8), 1, 3);
        var before = new Entry("/blue/core/pods/default/p", "no object".getBytes(UTF_8), 1, 2);
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults());
                var keeper = new QuotaKeeper(store, new Quotas(store, Kinds.load()))) {
            store.commit(List.of(Operation.create(QUOTA, """
                    {"metadata":{"name":"q","namespace":"default"},"spec":{"hard":{"pods":"5"}},"status":{"hard":{"pods":"5"},"used":{"pods":"3"}}}""".getBytes(UTF_8))));
            // Reading what was before fails, which is as if it counted otherwise.
            keeper.changed(new Change(pod, before, false));
            await().untilAsserted(() -> assertThat(Json.readObject(store.get(QUOTA).orElseThrow().value()).path("status").path("used").path("pods").asString()).isEqualTo("0"));
        }
    }

    private static String quota(String spec, String counted, int used) {
        return "{\"spec\":{\"hard\":{\"pods\":\"%s\"}},\"status\":{\"hard\":{\"pods\":\"%s\"},\"used\":{\"pods\":\"%d\"}}}".formatted(spec, counted, used);
    }

    private static Entry at(String key, String value) {
        return new Entry(key, value.getBytes(UTF_8), 1, 2);
    }

    private static String used(Store store, String key) {
        return Json.string(Json.readObject(store.get(key).orElseThrow().value()), "status", "used", "pods");
    }

    /// Notes the prefixes of what is listed.
    private static Store noting(Store store, List<String> listed) {
        return (Store) Proxy.newProxyInstance(Store.class.getClassLoader(), new Class<?>[] {Store.class}, (_, method, arguments) -> {
            if (method.getName().equals("list")) {
                listed.add((String) arguments[0]);
            }
            try {
                return method.invoke(store, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        });
    }

    /// What creates charge is such a write each: a tenant with a limit was counted as a whole for each of them.
    @Test
    void nothingIsCountedForWhatIsChargedAndForAChangedQuotaThatAlone() {
        var other = "/blue/core/resourcequotas/default/other";
        var listed = new CopyOnWriteArrayList<String>();
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults());
                var keeper = new QuotaKeeper(store, new Quotas(noting(store, listed), Kinds.load()))) {
            // None of it is true, so that it shows what is counted.
            store.commit(List.of(
                    Operation.create("/root/hypernetes.io/tenants/_/blue", "{\"spec\":{\"quota\":{\"pods\":\"9\"}}}".getBytes(UTF_8)),
                    Operation.create(QUOTA, quota("5", "5", 3).getBytes(UTF_8)),
                    Operation.create(other, quota("7", "5", 3).getBytes(UTF_8))));
            keeper.changed(new Change(at(QUOTA, quota("5", "5", 3)), at(QUOTA, quota("5", "5", 2)), false));
            keeper.changed(new Change(at(other, quota("7", "5", 3)), at(other, quota("5", "5", 3)), false));
            await().untilAsserted(() -> assertThat(used(store, other)).isEqualTo("0"));
            assertThat(listed).contains("/blue/core/pods/default/").doesNotContain("/blue/core/pods/");
            assertThat(used(store, QUOTA)).isEqualTo("3");
        }
    }

    /// Somebody who saw no quota yet may write after a create that has counted it.
    @Test
    void aNewQuotaIsCountedThoughACreateHasCountedItAlready() {
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults());
                var keeper = new QuotaKeeper(store, new Quotas(store, Kinds.load()))) {
            store.commit(List.of(Operation.create(QUOTA, quota("5", "5", 3).getBytes(UTF_8))));
            keeper.changed(new Change(at(QUOTA, quota("5", "5", 3)), null, false));
            await().untilAsserted(() -> assertThat(used(store, QUOTA)).isEqualTo("0"));
        }
    }

    @Test
    void aQuotaWithAnotherScopeIsCounted() {
        var scoped = quota("5", "5", 3).replace("\"spec\":{", "\"spec\":{\"scopeSelector\":{\"matchExpressions\":[{\"scopeName\":\"BestEffort\",\"operator\":\"Exists\"}]},");
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults());
                var keeper = new QuotaKeeper(store, new Quotas(store, Kinds.load()))) {
            store.commit(List.of(Operation.create(QUOTA, scoped.getBytes(UTF_8))));
            keeper.changed(new Change(at(QUOTA, scoped), at(QUOTA, quota("5", "5", 3)), false));
            await().untilAsserted(() -> assertThat(used(store, QUOTA)).isEqualTo("0"));
        }
    }
}
