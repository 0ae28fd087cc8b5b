package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Pod;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/// Answers that do not fit, or do not end.
class MisfitTest {
    private static final String MISFIT = "{\"metadata\":{\"name\":\"odd\",\"resourceVersion\":\"7\"},\"spec\":{\"containers\":\"none\"}}";

    private static WatchStream<Pod> events(String text) {
        return new WatchStream<>(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), Pod.class, "GET /pods", Json.MAPPER);
    }

    @Test
    void anObjectThatCannotBeDecodedIsLeftOut() {
        WatchStream<Pod> stream = events("{\"type\":\"ADDED\",\"object\":" + MISFIT + "}\n"
                + "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"good\"}}}\n");
        assertThat(stream.next()).contains(new WatchEvent.LeftOut<>("", "", "odd", "7", false));
        assertThat(stream.next()).containsInstanceOf(WatchEvent.Added.class);
        assertThat(stream.next()).isEmpty();
    }

    /// What anybody can have stored, within the page of a list that is of all tenants.
    @Test
    void anObjectAsDeepAsIsStoredHidesNoOthers() throws IOException {
        var deep = "{\"a\":".repeat(990) + "1" + "}".repeat(990);
        var page = "{\"items\":[{\"metadata\":{\"name\":\"odd\"},\"data\":" + deep + "},{\"metadata\":{\"name\":\"good\"}}]}";
        assertThat(Json.tree(new ByteArrayInputStream(page.getBytes(StandardCharsets.UTF_8))).path("items")).hasSize(2);

        WatchStream<Pod> stream = events("{\"type\":\"ADDED\",\"object\":{\"data\":" + deep + ",\"metadata\":{\"name\":\"odd\",\"resourceVersion\":\"7\"}}}\n"
                + "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"good\"}}}\n");
        assertThat(stream.next()).isPresent();
        assertThat(stream.next()).containsInstanceOf(WatchEvent.Added.class);
    }

    @Test
    void itsEndIsToldAllTheSame() {
        assertThat(events("{\"type\":\"DELETED\",\"object\":" + MISFIT + "}\n").next()).contains(new WatchEvent.LeftOut<>("", "", "odd", "7", true));
    }

    @Test
    void whatIsNoJsonIsLeftOutToo() {
        WatchStream<Pod> stream = events("{\"type\":\"MODIFIED\",\"object\":" + MISFIT.replace("\"none\"", "[,]") + "}\n"
                + "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"good\"}}}\n");
        assertThat(stream.next()).contains(new WatchEvent.LeftOut<>("", "", "odd", "7", false));
        assertThat(stream.next()).containsInstanceOf(WatchEvent.Added.class);
    }

    /// Whoever can make one such object can make many.
    @Test
    void notEachOneIsLogged() {
        AtomicLong nanos = new AtomicLong();
        LeftOut leftOut = new LeftOut(nanos::get);
        for (int i = 0; i < LeftOut.A_MINUTE; i++) {
            assertThat(leftOut.take()).isZero();
        }
        assertThat(leftOut.take()).isNegative();
        assertThat(leftOut.take()).isNegative();
        nanos.addAndGet(TimeUnit.MINUTES.toNanos(1));
        assertThat(leftOut.take()).as("two were passed over").isEqualTo(2);
        assertThat(leftOut.take()).isZero();
    }

    @Test
    void aBodyThatStandsStillIsBrokenOff() throws IOException {
        try (GuardedBody guarded = new GuardedBody(new Stalling(), Duration.ofMillis(200))) {
            assertThatThrownBy(guarded::readAllBytes).isInstanceOf(IOException.class).hasMessageContaining("nothing for 200 ms");
        }
    }

    /// Has one byte, and ends only when it is closed.
    private static final class Stalling extends InputStream {
        private final CountDownLatch closed = new CountDownLatch(1);
        private boolean begun;

        @Override
        public int read() {
            throw new UnsupportedOperationException("read in blocks");
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            if (!begun) {
                begun = true;
                into[offset] = 'a';
                return 1;
            }
            try {
                closed.await();
                return -1;
            } catch (InterruptedException stopped) {
                throw new IOException(stopped);
            }
        }

        @Override
        public void close() {
            closed.countDown();
        }
    }
}
