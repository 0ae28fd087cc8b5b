package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Pod;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// What a watch makes of what a server sends.
class WatchStreamTest {
    private static final String MANAGED = "\"managedFields\":[{\"manager\":\"m\",\"fieldsV1\":{\"f:a\":{\"]\":[]}}},{\"ü\":[1,{}]}]";
    private static final String POD = "{\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"9\",\"annotations\":{\"a\":\"}\",\"hypernetes.io/tenant\":\"red\"},"
            + MANAGED + ",\"name\":\"p\",\"namespace\":\"n\",\"uid\":\"u\",\"labels\":{\"l\":\"ü\"}},\"spec\":{\"nodeName\":\"node\"}}";

    private WatchStream<Pod> stream(InputStream body) {
        return new WatchStream<>(body, Pod.class, "GET /pods", Json.MAPPER);
    }

    private WatchStream<Pod> stream(String text) {
        return stream(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static String event(String type, String object) {
        return "{\"type\":\"" + type + "\",\"object\":" + object + "}\n";
    }

    private static void assertIsPod(WatchEvent<Pod> event) {
        assertThat(event).isInstanceOfSatisfying(WatchEvent.Added.class, added -> {
            Pod pod = (Pod) added.object();
            assertThat(pod.getMetadata().getName()).isEqualTo("p");
            assertThat(pod.getMetadata().getLabels()).containsEntry("l", "ü");
            assertThat(pod.getMetadata().getManagedFields()).isEmpty();
            assertThat(pod.getSpec().getNodeName()).isEqualTo("node");
        });
    }

    @Test
    void anObjectIsReadWithoutItsManagedFieldsHoweverTheEventIsLaidOut() {
        String typeLast = "{\"odd\":{\"type\":\"DELETED\"},\"object\":" + POD + ",\"type\":\"ADDED\"}";
        String metadataLast = event("ADDED", "{\"spec\":{\"nodeName\":\"node\",\"metadata\":{\"name\":\"none\"}},\"metadata\":{\"name\":\"p\",\"labels\":{\"l\":\"ü\"},"
                + MANAGED.replace("[{", "[ {") + "}}");
        WatchStream<Pod> stream = stream(event("ADDED", POD) + event("ADDED", POD).replace(",", ",\n\t") + typeLast + metadataLast);
        for (int i = 0; i < 4; i++) {
            assertIsPod(stream.next().orElseThrow());
        }
        assertThat(stream.next()).isEmpty();
    }

    @Test
    void endBookmarkErrorAndWhatIsNotKnown() {
        WatchStream<Pod> stream = stream(event("DELETED", POD) + event("LATER", "[{}]") + event("BOOKMARK", "{\"metadata\":{\"resourceVersion\":\"12\"}}")
                + "{\"odd\":null}" + event("ERROR", "{\"kind\":\"Status\",\"metadata\":{},\"message\":\"too old\",\"reason\":\"Expired\",\"code\":410}"));
        assertThat(stream.next()).containsInstanceOf(WatchEvent.Deleted.class);
        assertThat(stream.next()).contains(new WatchEvent.Bookmark<>("12"));
        assertThatThrownBy(stream::next).isInstanceOfSatisfying(ApiException.class, gone -> {
            assertThat(gone.isGone()).isTrue();
            assertThat(gone).hasMessageContaining("too old");
        });
    }

    @Test
    void whatIsNoEventIsABrokenConnection() {
        String whole = event("ADDED", POD);
        for (String text : List.of(
                whole.substring(0, whole.length() - 2),
                whole.substring(0, whole.length() / 2),
                "<html>",
                "{\"type\":\"ADDED\"}",
                event("ADDED", "{\"metadata\":{\"name\" \"p\"}}"),
                event("ADDED", "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[}}"))) {
            assertThatThrownBy(stream(text)::next).as(text).isInstanceOfSatisfying(ApiException.class, broken -> assertThat(broken.isUnreachable()).isTrue());
        }
    }

    @Test
    void anEventWithoutAnEndMakesTheClientListAgain() {
        WatchStream<Pod> stream = stream(new InputStream() {
            @Override
            public int read() {
                return '{';
            }
        });
        assertThatThrownBy(stream::next).isInstanceOfSatisfying(ApiException.class, gone -> {
            assertThat(gone.isGone()).isTrue();
            assertThat(gone).hasMessageContaining("more than 16 MiB").hasMessageContaining("GET /pods");
        });
    }

    @Test
    void closingEndsTheReader() throws Exception {
        CountDownLatch reading = new CountDownLatch(1);
        CountDownLatch closed = new CountDownLatch(1);
        try (WatchStream<Pod> stream = stream(new InputStream() {
                    @Override
                    public int read() throws IOException {
                        reading.countDown();
                        try {
                            closed.await();
                        } catch (InterruptedException stopped) {
                            Thread.currentThread().interrupt();
                        }
                        throw new IOException("closed");
                    }

                    @Override
                    public void close() {
                        closed.countDown();
                    }
                });
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var ended = CompletableFuture.supplyAsync(stream::next, threads);
            reading.await();
            stream.close();
            assertThat(ended.get(10, TimeUnit.SECONDS)).isEmpty();
        }
    }
}
