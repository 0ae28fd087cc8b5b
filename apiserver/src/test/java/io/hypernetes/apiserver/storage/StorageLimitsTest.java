package io.hypernetes.apiserver.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.apiserver.rbac.BaseRoles;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import io.hypernetes.store.keys.KeyRing;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

class StorageLimitsTest {
    private static final long OF_TENANT = 200_000;
    private static final StorageBounds BOUNDS = new StorageBounds(500_000, OF_TENANT);

    @TempDir
    Path folder;

    private LayeredStore open() {
        var keys = KeyRing.open(folder.resolve("keys"), folder.resolve("keys/master.key"), new SecureRandom());
        return new LayeredStore(EmbeddedStore.open(folder.resolve("store"), EmbeddedSettings.defaults().withKeys(keys)), BaseRoles.layer(), BOUNDS);
    }

    private static String key(String tenant, String name) {
        return new ObjectKey(tenant, "", "configmaps", "default", name).text();
    }

    private static ObjectNode object(String name, int bytes) {
        var object = Json.object();
        object.put("apiVersion", "v1").put("kind", "ConfigMap").putObject("metadata").put("name", name);
        object.putObject("data").put("k", "x".repeat(bytes));
        return object;
    }

    private static void make(Store store, String tenant, String name, int bytes) {
        store.commit(List.of(new Operation.Put(key(tenant, name), Operation.ABSENT, StoredForm.encoder(object(name, bytes)))));
    }

    private static void write(Store store, String tenant, String name, int bytes) {
        store.commit(List.of(new Operation.Put(key(tenant, name), Operation.ANY, StoredForm.encoder(object(name, bytes)))));
    }

    private static void refused(int code, String why, Runnable write) {
        assertThatThrownBy(write::run).isInstanceOfSatisfying(ApiException.class, e -> {
            assertThat(e.status().code()).isEqualTo(code);
            assertThat(e.status().message()).contains(why);
        });
    }

    @Test
    void aTenantThatIsFullMayHaveNothingMoreButWhatTellsOfWhatIsThere() {
        try (var store = open()) {
            make(store, "red", "first", 150_000);
            refused(403, "configmaps \"second\" is forbidden: exceeded quota of the tenant for what it has stored, requested: 60", () -> make(store, "red", "second", 60_000));
            refused(403, "limited: 200000; delete what is not needed", () -> write(store, "red", "first", 220_000));
            make(store, "red", "second", 49_000);
            refused(403, "exceeded quota", () -> make(store, "red", "third", 1_000));
            for (int bytes : new int[] {55_000, 65_000, 70_000}) {
                write(store, "red", "second", bytes);
            }
            refused(403, "exceeded quota", () -> write(store, "red", "second", 80_000));
            assertThat(store.bytes("/red/")).isLessThan(OF_TENANT + OF_TENANT / 8);
            // What is marked for its end, however large, what shrinks, and what goes.
            store.commit(List.of(new Operation.Put(key("red", "second"), Operation.ANY, StoredForm.ending(object("second", 90_000)))));
            write(store, "red", "second", 89_000);
            make(store, "blue", "other", 190_000);
            store.commit(List.of(Operation.delete(key("red", "first"))));
            make(store, "red", "third", 100_000);
        }
    }

    @Test
    void itIsKnownAfterARestartToo() {
        try (var store = open()) {
            make(store, "red", "first", 190_000);
        }
        try (var store = open()) {
            refused(403, "exceeded quota", () -> make(store, "red", "second", 15_000));
            make(store, "red", "second", 5_000);
        }
    }

    @Test
    void aTenantMaySayOtherwise() {
        try (var store = open()) {
            for (var amount : List.of("300Ki", "10Ki", "nonsense")) {
                var tenant = Json.object();
                tenant.put("apiVersion", "hypernetes.io/v1").put("kind", "Tenant").putObject("metadata").put("name", "red");
                tenant.putObject("spec").put("storedBytes", amount);
                store.commit(List.of(new Operation.Put(new ObjectKey("root", "hypernetes.io", "tenants", "", "red").text(), Operation.ANY, StoredForm.encoder(tenant))));
                switch (amount) {
                    case "300Ki" -> make(store, "red", "large", 250_000);
                    case "10Ki" -> refused(403, "limited: 10240", () -> make(store, "red", "small", 10));
                    default -> refused(403, "limited: 200000", () -> make(store, "red", "small", 10));
                }
            }
        }
    }

    @Test
    void whenAllIsFullTheOperatorGoesOn() {
        try (var store = open()) {
            make(store, "red", "one", 160_000);
            make(store, "blue", "one", 160_000);
            make(store, "green", "one", 160_000);
            refused(507, "the server has no room for more of what tenants store", () -> make(store, "yellow", "one", 30_000));
            write(store, "red", "one", 165_000);
            make(store, "yellow", "small", 5_000);
            make(store, "root", "one", 500_000);
            refused(507, "no room", () -> write(store, "red", "one", 170_000));
            refused(507, "no room", () -> make(store, "white", "small", 100));
            write(store, "red", "one", 1_000);
            store.commit(List.of(Operation.delete(key("root", "one"))));
            make(store, "yellow", "one", 30_000);
        }
    }

    @Test
    void noMoreIsStoredHoweverManyWriteAtOnce() throws Exception {
        try (var store = open(); var writers = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Boolean>> running = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                int number = i;
                running.add(writers.submit(() -> {
                    try {
                        make(store, "red", "o" + number, 15_000);
                        return true;
                    } catch (ApiException e) {
                        assertThat(e.status().code()).isEqualTo(403);
                        return false;
                    }
                }));
            }
            int made = 0;
            for (var one : running) {
                made += one.get() ? 1 : 0;
            }
            assertThat(made).isPositive();
            assertThat(store.list("/red/", "", 0).entries()).hasSize(made);
            assertThat(store.bytes("/red/")).isLessThanOrEqualTo(OF_TENANT);
            // Nothing is held that nobody writes any more.
            for (int i = 0; made + i < 13; i++) {
                make(store, "red", "more" + i, 15_000);
            }
            refused(403, "exceeded quota", () -> make(store, "red", "last", 15_000));
        }
    }
}
