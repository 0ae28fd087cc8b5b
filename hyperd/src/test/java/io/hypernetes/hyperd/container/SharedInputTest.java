package io.hypernetes.hyperd.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.guest.ContainerInput;
import io.hypernetes.guest.Guest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class SharedInputTest {
    private final SharedInput shared = new SharedInput("web");

    /// A session with a guest that joins an input once, as each does.
    private static final class Session {
        final ByteArrayOutputStream read = new ByteArrayOutputStream();
        boolean joined;
        boolean ended;
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
                            if (ended) {
                                throw new IOException("ended");
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
                public void close() {
                    throw new AssertionError("others may still write");
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
        Session session = new Session();
        OutputStream one = shared.through(() -> session.guest);
        OutputStream other = shared.through(() -> session.guest);
        say(one, "a");
        say(other, "b");
        say(one, "c");
        assertThat(session.text()).isEqualTo("abc");
    }

    @Test
    void whoClosesItEndsItForAll() throws IOException {
        Session session = new Session();
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
        present.set(second.guest);
        say(input, "behind");
        assertThat(first.text()).isEqualTo("before");
        assertThat(second.text()).isEqualTo("behind");
    }
}
