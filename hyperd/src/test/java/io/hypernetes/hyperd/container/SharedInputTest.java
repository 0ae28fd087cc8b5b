package io.hypernetes.hyperd.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.hypernetes.guest.ContainerInput;
import io.hypernetes.guest.Guest;
import java.io.ByteArrayOutputStream;
import io.hypernetes.hyperd.HyperdException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class SharedInputTest {
    private final SharedInput shared = new SharedInput("web");
    private final Session session = new Session();

    /// A session with a guest that joins an input once, as each does.
    private static final class Session {
        final ByteArrayOutputStream read = new ByteArrayOutputStream();
        /// Taken for each byte that the program reads.
        final Semaphore reading = new Semaphore(1000);
        volatile boolean joined;
        volatile boolean ended;
        volatile boolean lost;
        final Guest guest = (Guest) Proxy.newProxyInstance(Guest.class.getClassLoader(), new Class<?>[] {Guest.class}, (proxy, method, arguments) -> {
            assertThat(method.getName() + " " + arguments[0]).isEqualTo("openInput web");
            assertThat(joined).as("a second OPEN in a session is EBUSY").isFalse();
            joined = true;
            return input();
        });

        private ContainerInput input() {
            return new ContainerInput() {
                @Override
                public OutputStream stream() {
                    return new OutputStream() {
                        @Override
                        public void write(int one) throws IOException {
                            try {
                                while (isOpen() && !reading.tryAcquire(10, TimeUnit.MILLISECONDS)) {
                                    // The program does not read.
                                }
                            } catch (InterruptedException interrupted) {
                                Thread.currentThread().interrupt();
                                throw new InterruptedIOException("interrupted");
                            }
                            if (!isOpen()) {
                                throw new IOException("not open");
                            }
                            read.write(one);
                        }

                        @Override
                        public void close() {
                            ended = true;
                        }
                    };
                }

                @Override
                public boolean isOpen() {
                    return joined && !ended && !lost;
                }

                @Override
                public void close() {
                    joined = false;
                }
            };
        }

        String text() {
            return read.toString(StandardCharsets.UTF_8);
        }
    }

    private static void say(OutputStream input, String text) throws IOException {
        input.write(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void allWriteToTheOneStreamThatThereIs() throws IOException {
        OutputStream one = shared.through(() -> session.guest);
        OutputStream other = shared.through(() -> session.guest);
        say(one, "a");
        say(other, "b");
        say(one, "c");
        assertThat(session.text()).isEqualTo("abc");
    }

    @Test
    void whoClosesItEndsItForAll() throws IOException {
        OutputStream other = shared.through(() -> session.guest);
        // Also when nothing was written.
        shared.through(() -> session.guest).close();
        assertThat(session.ended).isTrue();
        assertThatThrownBy(() -> say(other, "late")).isInstanceOf(IOException.class);
    }

    @Test
    void itIsJoinedAnewInANewSession() throws IOException {
        Session first = new Session();
        Session second = new Session();
        AtomicReference<Guest> present = new AtomicReference<>(first.guest);
        OutputStream input = shared.through(present::get);
        say(input, "before");
        first.lost = true;
        present.set(second.guest);
        say(input, "behind");
        assertThat(first.text()).isEqualTo("before");
        assertThat(second.text()).isEqualTo("behind");
    }

    /// A client on its own thread.
    private static final class Client {
        final CompletableFuture<String> outcome = new CompletableFuture<>();
        final Thread thread;

        Client(OutputStream input, String says, boolean closesBehind) {
            thread = Thread.ofVirtual().start(() -> {
                try {
                    try {
                        say(input, says);
                    } finally {
                        if (closesBehind) {
                            input.close();
                        }
                    }
                    outcome.complete("written");
                } catch (IOException failure) {
                    outcome.complete(failure.getClass().getSimpleName());
                }
            });
        }

        Client waits() {
            await().atMost(Duration.ofSeconds(60)).until(() -> EnumSet.of(Thread.State.WAITING, Thread.State.TIMED_WAITING).contains(thread.getState()));
            return this;
        }

        String leaves() throws Exception {
            thread.interrupt();
            return outcome();
        }

        String outcome() throws Exception {
            return outcome.get(60, TimeUnit.SECONDS);
        }
    }

    private OutputStream input() {
        return shared.through(() -> session.guest);
    }

    @Test
    void whoLeavesWaitsNoLongerAndTheOthersGoOn() throws Exception {
        session.reading.drainPermits();
        Client first = new Client(input(), "a", false).waits();
        Client second = new Client(input(), "b", false).waits();
        Client third = new Client(input(), "c", false).waits();
        assertThat(second.leaves()).isEqualTo("InterruptedIOException");
        assertThat(first.leaves()).isEqualTo("InterruptedIOException");
        session.reading.release(1000);
        assertThat(third.outcome()).isEqualTo("written");
        assertThat(session.text()).isEqualTo("c");
    }

    @Test
    void aPodThatIsPausedIsNotAskedForASession() throws IOException {
        AtomicReference<Boolean> paused = new AtomicReference<>(false);
        OutputStream input = shared.through(() -> {
            if (paused.get()) {
                throw new HyperdException(HyperdException.Kind.WRONG_STATE, "It is paused.");
            }
            return session.guest;
        });
        paused.set(true);
        say(input, "before it goes on");
        input.close();
        assertThat(session.text()).isEqualTo("before it goes on");
        assertThat(session.ended).isTrue();
    }

    @Test
    void whoClosesItWaitsForNobodyAndItEndsBehindWhatIsBeingWritten() throws Exception {
        session.reading.drainPermits();
        Client writer = new Client(input(), "all of it", false).waits();
        input().close();
        assertThat(session.ended).isFalse();
        session.reading.release(1000);
        assertThat(writer.outcome()).isEqualTo("written");
        assertThat(session.text()).isEqualTo("all of it");
        await().atMost(Duration.ofSeconds(60)).until(() -> session.ended);
    }

    @Test
    void whoIsInterruptedClosesItAllTheSame() throws Exception {
        session.reading.drainPermits();
        assertThat(new Client(input(), "never read", true).waits().leaves()).isEqualTo("InterruptedIOException");
        assertThat(session.ended).isTrue();
    }

    @Test
    void whenTheContainerIsGoneNothingIsWrittenAnyMore() throws Exception {
        session.reading.drainPermits();
        OutputStream later = input();
        Client writer = new Client(input(), "never read", false).waits();
        shared.end();
        assertThat(writer.outcome()).isEqualTo("IOException");
        assertThatThrownBy(() -> say(later, "late")).isInstanceOf(IOException.class).hasMessageContaining("container web is gone");
        assertThat(session.joined).isFalse();
        assertThat(session.ended).as("the end of the program's input").isFalse();
    }
}
