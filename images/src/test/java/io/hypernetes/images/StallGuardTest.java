package io.hypernetes.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class StallGuardTest {
    private static final Duration STALL = Duration.ofMillis(200);

    @Test
    void silenceEndsIt() throws Exception {
        try (PipedOutputStream silent = new PipedOutputStream();
                InputStream in = new ClosedWithItsReader(new PipedInputStream(silent));
                StallGuard guard = new StallGuard(in, STALL)) {
            silent.write(new byte[100]);
            assertThat(guard.read(new byte[200])).isEqualTo(100);
            assertThatThrownBy(() -> guard.read(new byte[200])).isInstanceOf(IOException.class).hasMessageContaining("no byte came");
        }
    }

    /// One that sends a byte again and again, before the other would take it for silent.
    @Test
    void nearlySilenceEndsItToo() throws Exception {
        long begin = System.nanoTime();
        try (StallGuard guard = new StallGuard(new Trickle(STALL.dividedBy(10)), STALL)) {
            assertThatThrownBy(() -> guard.readUpTo(1 << 20)).isInstanceOf(IOException.class).hasMessageMatching("only \\d+ bytes came in \\d+ ms");
        }
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThanOrEqualTo(STALL);
    }

    @Test
    void itMayTakeSoLongAndNoLonger() {
        long begin = System.nanoTime();
        try (StallGuard guard = new StallGuard(new Trickle(Duration.ofMillis(20)), Duration.ofMinutes(1), STALL)) {
            assertThatThrownBy(() -> guard.readUpTo(1 << 20)).isInstanceOf(IOException.class).hasMessageContaining("it took longer than");
        }
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThanOrEqualTo(STALL);
    }

    @Test
    void whoReadsMayTakeItsTime() throws Exception {
        try (StallGuard guard = new StallGuard(new ByteArrayInputStream(new byte[10]), STALL)) {
            byte[] small = new byte[5];
            assertThat(guard.read(small)).isEqualTo(5);
            long until = System.nanoTime() + 2 * STALL.toNanos();
            while (System.nanoTime() < until) {
                LockSupport.parkNanos(until - System.nanoTime());
            }
            assertThat(guard.read(small)).isEqualTo(5);
            assertThat(guard.read(small)).isEqualTo(-1);
        }
    }

    private static final class Trickle extends InputStream {
        private final long pauseNanos;

        Trickle(Duration pause) {
            this.pauseNanos = pause.toNanos();
        }

        @Override
        public int read() {
            long until = System.nanoTime() + pauseNanos;
            while (System.nanoTime() < until) {
                LockSupport.parkNanos(until - System.nanoTime());
            }
            return 'x';
        }

        @Override
        public int read(byte[] buffer, int from, int most) {
            buffer[from] = (byte) read();
            return 1;
        }
    }

    /// As the JDK's HTTP client's: its reader learns of the end. A pipe's would wait on.
    private static final class ClosedWithItsReader extends java.io.FilterInputStream {
        private final Thread reader = Thread.currentThread();

        ClosedWithItsReader(InputStream in) {
            super(in);
        }

        @Override
        public int read(byte[] buffer) throws IOException {
            return in.read(buffer, 0, buffer.length);
        }

        @Override
        public void close() throws IOException {
            super.close();
            if (Thread.currentThread() != reader) {
                reader.interrupt();
            }
        }
    }
}
