package io.hypernetes.apiserver.node;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.store.Change;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodePlacesTest {
    private static final String KEY = "/root/core/nodes//n1";

    @TempDir
    private Path folder;

    private static byte[] node(String address) {
        return ("{\"status\":{\"addresses\":[{\"type\":\"Hostname\",\"address\":\"n1\"},{\"type\":\"InternalIP\",\"address\":\"" + address + "\"}]}}").getBytes(UTF_8);
    }

    private static Change change(String address, boolean deleted) {
        return new Change(new Entry(KEY, node(address), 1, 2), null, deleted);
    }

    @Test
    void nodesAreWhereTheirStatusSaysAsLongAsItDoes() {
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults())) {
            store.commit(List.of(Operation.create(KEY, node("192.0.2.1"))));
            var places = new NodePlaces(store);
            assertThat(places.has(InetAddress.ofLiteral("192.0.2.1"))).isTrue();
            places.changed(change("192.0.2.2", false));
            assertThat(places.has(InetAddress.ofLiteral("192.0.2.1"))).isFalse();
            assertThat(places.has(InetAddress.ofLiteral("192.0.2.2"))).isTrue();
            places.changed(change("192.0.2.2", true));
            assertThat(places.has(InetAddress.ofLiteral("192.0.2.2"))).isFalse();
        }
    }
}
