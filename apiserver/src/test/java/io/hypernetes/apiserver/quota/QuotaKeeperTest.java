package io.hypernetes.apiserver.quota;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.store.Change;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.nio.file.Path;
import java.util.List;
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
}
