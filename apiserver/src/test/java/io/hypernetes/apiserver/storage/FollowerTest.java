package io.hypernetes.apiserver.storage;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.store.Change;
import io.hypernetes.store.Operation;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FollowerTest {
    @TempDir
    private Path folder;

    /// Notes what it is told, and fails at what it cannot bear.
    private static final class Noting implements Follower.Listener {
        private final List<String> seen = new CopyOnWriteArrayList<>();
        private final String unbearable;

        Noting(String unbearable) {
            this.unbearable = unbearable;
        }

        @Override
        public void refresh() {
            seen.add("refresh");
            if (seen.size() == 1 && !unbearable.isEmpty()) {
                throw new IllegalStateException("not ready");
            }
        }

        @Override
        public void changed(Change change) {
            if (change.entry().key().equals(unbearable)) {
                throw new StackOverflowError("cannot bear it");
            }
            seen.add(change.entry().key());
        }
    }

    @Test
    void aListenerThatFailsIsRefreshedAndTheOthersGoOn() {
        var failing = new Noting("/a/2");
        var other = new Noting("");
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults()); var follower = new Follower(store, List.of(failing, other))) {
            assertThat(follower).isNotNull();
            await().until(() -> failing.seen.equals(List.of("refresh", "refresh")));
            assertThat(other.seen).containsExactly("refresh");
            for (int i = 1; i <= 3; i++) {
                store.commit(List.of(Operation.create("/a/" + i, "{}".getBytes(UTF_8))));
            }
            await().untilAsserted(() -> assertThat(other.seen).containsExactly("refresh", "/a/1", "/a/2", "/a/3"));
            await().untilAsserted(() -> assertThat(failing.seen).containsExactlyInAnyOrder("refresh", "refresh", "/a/1", "/a/3", "refresh"));
            assertThat(failing.seen.lastIndexOf("refresh")).isGreaterThan(failing.seen.indexOf("/a/1"));
            assertThat(other.seen).hasSize(4);
        }
    }
}
