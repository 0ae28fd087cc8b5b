package io.hypernetes.controllers.garbage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.hypernetes.client.Client;
import io.hypernetes.client.Informers;
import io.hypernetes.client.Transport;
import io.hypernetes.controllers.garbage.Graph.Item;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/// What the graph holds of objects that name as many owners as fit them, compared with what they are in the store.
class GraphMemoryTest {
    private static final int OBJECTS = 20;
    private static final int OWNERS = 10_000;

    private static final Map<Boolean, String> TEXTS = Map.of(false, text(false), true, text(true));

    private static long used() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    /// Ends with the client.
    private static final class Waiting extends InputStream {
        private final CountDownLatch closed = new CountDownLatch(1);

        @Override
        public int read() {
            try {
                closed.await();
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
            return -1;
        }

        @Override
        public void close() {
            closed.countDown();
        }
    }

    private static long length(boolean finalizers) {
        return TEXTS.get(finalizers).length();
    }

    private static String text(boolean finalizers) {
        StringBuilder list = new StringBuilder("{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[");
        for (int i = 0; i < OBJECTS; i++) {
            list.append(i == 0 ? "" : ",").append("{\"metadata\":{\"namespace\":\"default\",\"resourceVersion\":\"7\",\"uid\":\"u").append(i).append("\",\"name\":\"m").append(i)
                    .append("\",\"annotations\":{\"hypernetes.io/tenant\":\"red\"},\"").append(finalizers ? "finalizers" : "ownerReferences").append("\":[");
            for (int j = 0; j < OWNERS; j++) {
                int number = i * OWNERS + j;
                list.append(j == 0 ? "" : ",");
                if (finalizers) {
                    list.append("\"a/").append(number).append("\"");
                } else {
                    list.append("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"").append(number).append("\",\"uid\":\"").append(number).append("\"}");
                }
            }
            list.append("]}}");
        }
        return list.append("]}").toString();
    }

    private static Transport listing(String configMaps) {
        return new Transport() {
            @Override
            public Answer send(Request request) {
                if (request.path().contains("watch=true")) {
                    return new Answer(200, new Waiting());
                }
                return new Answer(200, new ByteArrayInputStream((request.path().contains("/configmaps?") ? configMaps : "{\"items\":[],\"metadata\":{\"resourceVersion\":\"7\"}}")
                        .getBytes(StandardCharsets.UTF_8)));
            }

            @Override
            public void close() {}
        };
    }

    private static final class Deaf implements Graph.Handler {
        @Override
        public void changed(Item item, HasMetadata now) {}

        @Override
        public void was(Item item, HasMetadata before) {}

        @Override
        public void gone(Item item, HasMetadata last) {}

        @Override
        public void unfollowed(CustomResourceDefinition definition, int most) {}
    }

    private static void judge(boolean finalizers) throws Exception {
        try (Client client = Client.over(listing(TEXTS.get(finalizers)), URI.create("http://127.0.0.1:1"), "test");
                Graph graph = new Graph(client, new Informers(client))) {
            graph.watch(new Deaf());
            long before = used();
            graph.start();
            assertThat(graph.awaitSynced(Duration.ofMinutes(1))).isTrue();
            // Until whoever read the list has let go of it.
            await().atMost(Duration.ofSeconds(20)).pollInterval(Duration.ofMillis(300)).untilAsserted(() -> assertThat(used() - before).isLessThan(2 * length(finalizers)));
            if (!finalizers) {
                assertThat(graph.dependents("red", "5")).hasSize(1);
            }
        }
    }

    @Test
    void ownersTakeNoMoreThanTwiceWhatTheyAreInTheStore() throws Exception {
        judge(false);
    }

    @Test
    void finalizersTakeNoMoreThanTwiceWhatTheyAreInTheStore() throws Exception {
        judge(true);
    }

    /// Each of them that goes asks it, on the thread that hears of all tenants' objects.
    @Test
    void whoIsNotBlockedIsNotLookedForAmongAllThatHeOwns() throws Exception {
        int many = 20_000;
        StringBuilder list = new StringBuilder("{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[");
        for (int i = 0; i < many; i++) {
            list.append(i == 0 ? "" : ",").append("{\"metadata\":{\"namespace\":\"default\",\"resourceVersion\":\"7\",\"uid\":\"u").append(i).append("\",\"name\":\"m").append(i)
                    .append("\",\"annotations\":{\"hypernetes.io/tenant\":\"red\"},\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"a\",\"uid\":\"a\"},"
                            + "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"b\",\"uid\":\"b\",\"blockOwnerDeletion\":true},"
                            + "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"b\",\"uid\":\"b\"}]}}");
        }
        try (Client client = Client.over(listing(list.append("]}").toString()), URI.create("http://127.0.0.1:1"), "test");
                Graph graph = new Graph(client, new Informers(client))) {
            graph.watch(new Deaf());
            graph.start();
            assertThat(graph.awaitSynced(Duration.ofMinutes(1))).isTrue();
            assertThat(graph.dependents("red", "a")).hasSize(many);
            assertThat(graph.dependents("red", "b")).hasSize(many).doesNotHaveDuplicates();
            assertThat(graph.isBlocked("red", "b")).isTrue();
            assertThat(graph.isBlocked("blue", "b")).isFalse();
            assertTimeoutPreemptively(Duration.ofSeconds(10), () -> {
                for (int i = 0; i < many; i++) {
                    assertThat(graph.isBlocked("red", "a")).isFalse();
                }
            });
        }
    }
}
