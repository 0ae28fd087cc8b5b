package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.hypernetes.apiserver.ApiServer;
import io.hypernetes.apiserver.ApiServerSettings;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.identity.Authorities;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What controllers and scheduler do with the API server in their own process.
class LocalTransportTest {
    @TempDir
    Path folder;

    private EmbeddedStore store;
    private ApiServer server;
    private Client controllers;

    @BeforeEach
    void start() throws Exception {
        store = EmbeddedStore.open(folder.resolve("store"), EmbeddedSettings.defaults());
        server = ApiServer.start(
                ApiServerSettings.at(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)),
                store,
                Authorities.open(folder.resolve("pki"), Clock.systemUTC(), new SecureRandom()),
                Clock.systemUTC());
        controllers = client("system:kube-controller-manager");
    }

    @AfterEach
    void stop() {
        controllers.close();
        server.close();
        store.close();
    }

    private Client client(String user) {
        return Client.over(new LocalTransport(server.calls(user)), URI.create("https://localhost"), "test");
    }

    private static ConfigMap map(String name) {
        return new ConfigMapBuilder()
                .withNewMetadata().withName(name).withNamespace("default").endMetadata()
                .withData(Map.of("key", name))
                .build();
    }

    @Test
    void anInformerFollowsWhatIsWritten() throws Exception {
        var maps = controllers.of(Kind.CONFIG_MAP);
        maps.create("root", map("before"));
        try (var informer = new Informer<>(controllers, Kind.CONFIG_MAP, Scope.tenant("root"), Selection.everything()).start()) {
            assertThat(informer.awaitSynced(Duration.ofSeconds(20))).isTrue();
            ObjectKey before = new ObjectKey("root", "default", "before");
            ObjectKey after = new ObjectKey("root", "default", "after");
            assertThat(informer.get(before)).isPresent();
            maps.create("root", map("after"));
            await().until(() -> informer.get(after).isPresent());
            assertThat(maps.change(after, null, found -> {
                found.setData(Map.of("key", "changed"));
                return found;
            })).isPresent();
            await().until(() -> informer.get(after).orElseThrow().getData().get("key").equals("changed"));
            assertThat(maps.delete(after, Deletion.ordinary())).isTrue();
            await().until(() -> informer.get(after).isEmpty());
            assertThat(maps.find(after)).isEmpty();
        }
    }

    @Test
    void eachIsWhoItIsAndMayDoWhatThatOneMay() {
        controllers.of(Kind.CONFIG_MAP).create("root", map("made"));
        try (var scheduler = client("system:kube-scheduler")) {
            assertThatThrownBy(() -> scheduler.of(Kind.CONFIG_MAP).create("root", map("other")))
                    .isInstanceOf(ApiException.class)
                    .hasMessageContaining("system:kube-scheduler");
        }
        try (var nobody = client("system:somebody-else")) {
            assertThatThrownBy(() -> nobody.of(Kind.CONFIG_MAP).get(new ObjectKey("root", "default", "made")))
                    .isInstanceOf(ApiException.class)
                    .hasMessageContaining("system:somebody-else");
        }
    }
}
