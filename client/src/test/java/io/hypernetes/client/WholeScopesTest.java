package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PartialObjectMetadata;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What is asked of all that there is in a namespace or tenant, which may be as much as a tenant may store.
class WholeScopesTest {
    private static final Kind<PartialObjectMetadata> CONFIG_MAPS = Kind.metadata("", "v1", "configmaps", "ConfigMap", true);
    private static final Scope DEFAULT = Scope.namespace("red", "default");

    private final FakeApi api = new FakeApi();
    private final Client client = api.client();

    @AfterEach
    void stop() {
        client.close();
        api.close();
    }

    private void make(int count, String... finalizers) {
        for (int i = 0; i < count; i++) {
            client.of(Kind.CONFIG_MAP).create("red", new ConfigMapBuilder().withNewMetadata().withNamespace("default").withName("m" + i)
                    .withFinalizers(finalizers).addToLabels("a", "b").endMetadata().build());
        }
    }

    private List<String> asked(String method) {
        return api.requests().stream().filter(request -> request.startsWith(method + " ")).toList();
    }

    /// All at once would take a server longer than it is waited for, and then it would be asked again while it is still at it.
    @Test
    void allIsDeletedPageByPage() {
        make(301);
        client.of(Kind.CONFIG_MAP).deleteAll(DEFAULT, Deletion.Propagation.BACKGROUND);
        assertThat(asked("DELETE")).hasSize(4).allMatch(request -> request.contains("?limit=100"));
        assertThat(api.deletions()).allMatch(options -> options.path("propagationPolicy").asString("").equals("Background"));
        assertThat(client.of(CONFIG_MAPS).isEmpty(DEFAULT)).isTrue();
    }

    @Test
    void whatStaysIsNotInTheWayOfWhatComesBehindIt() {
        make(600, "example.com/held");
        client.of(Kind.CONFIG_MAP).deleteAll(DEFAULT, Deletion.Propagation.BACKGROUND);
        List<ObjectMeta> left = new ArrayList<>();
        client.of(CONFIG_MAPS).each(DEFAULT, left::add);
        assertThat(left).hasSize(600).allMatch(meta -> meta.getDeletionTimestamp() != null && meta.getFinalizers().equals(List.of("example.com/held")) && meta.getUid() != null);
    }

    @Test
    void oneObjectIsEnoughToKnowThatThereAreSome() {
        assertThat(client.of(CONFIG_MAPS).isEmpty(DEFAULT)).isTrue();
        make(3);
        assertThat(client.of(CONFIG_MAPS).isEmpty(DEFAULT)).isFalse();
        assertThat(asked("GET")).hasSize(2).allMatch(request -> request.endsWith("?limit=1"));
    }

    /// A tenant may store a hundred megabytes of annotations of a letter each, of which the model makes ten times as much.
    @Test
    void objectsAreHandedOverAsTheyAreReadWithoutWhatMayBeMuch() {
        StringBuilder many = new StringBuilder();
        for (int i = 0; i < 10_000; i++) {
            many.append(i == 0 ? "" : ",").append("\"a").append(i).append("\":\"\"");
        }
        byte[] item = ("{\"metadata\":{\"name\":\"m\",\"uid\":\"u\",\"labels\":{" + many + "},\"annotations\":{" + many
                + "},\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"p\",\"uid\":\"v\"}],\"finalizers\":[\"a/b\"]}},").getBytes(StandardCharsets.UTF_8);
        int items = 200;
        var read = new AtomicLong();
        Transport endless = new Transport() {
            @Override
            public Answer send(Request request) {
                return new Answer(200, new Repeated("{\"items\":[", item, items, "{}],\"metadata\":{}}", read));
            }

            @Override
            public void close() {}
        };
        try (Client own = Client.over(endless, URI.create("http://127.0.0.1:1"), "test")) {
            var seen = new AtomicLong();
            own.of(CONFIG_MAPS).each(DEFAULT, meta -> {
                if (seen.getAndIncrement() < items) {
                    assertThat(read.get()).isLessThan((seen.get() + 2) * item.length);
                    assertThat(meta.getName()).isEqualTo("m");
                    assertThat(meta.getFinalizers()).containsExactly("a/b");
                    assertThat(meta.getLabels() == null || meta.getLabels().isEmpty()).isTrue();
                    assertThat(meta.getAnnotations() == null || meta.getAnnotations().isEmpty()).isTrue();
                    assertThat(meta.getOwnerReferences() == null || meta.getOwnerReferences().isEmpty()).isTrue();
                }
            });
            // What cannot be understood is there all the same.
            assertThat(seen).hasValue(items + 1);
        }
    }

    /// A text, another one many times, and one at the end.
    private static final class Repeated extends InputStream {
        private final byte[] item;
        private final byte[] end;
        private final AtomicLong read;
        private byte[] now;
        private int at;
        private int left;

        Repeated(String begin, byte[] item, int times, String end, AtomicLong read) {
            this.now = begin.getBytes(StandardCharsets.UTF_8);
            this.item = item;
            this.left = times;
            this.end = end.getBytes(StandardCharsets.UTF_8);
            this.read = read;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int length) {
            while (at == now.length) {
                if (left < 0) {
                    return -1;
                }
                now = left-- > 0 ? item : end;
                at = 0;
            }
            int part = Math.min(length, now.length - at);
            System.arraycopy(now, at, into, offset, part);
            at += part;
            read.addAndGet(part);
            return part;
        }
    }
}
