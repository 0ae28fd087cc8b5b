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
        assertThat(stream.next()).contains(new WatchEvent.Bookmark<>("7"));
        assertThat(stream.next()).containsInstanceOf(WatchEvent.Added.class);
        assertThat(stream.next()).isEmpty();
    }

    @Test
    void itsEndMakesTheClientListAgain() {
        WatchStream<Pod> stream = events("{\"type\":\"DELETED\",\"object\":" + MISFIT + "}\n");
        assertThatThrownBy(stream::next).isInstanceOfSatisfying(ApiException.class, gone -> assertThat(gone.isGone()).isTrue());
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
