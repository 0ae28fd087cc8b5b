package io.hypernetes.hyperd.container;

import io.hypernetes.guest.ContainerInput;
import io.hypernetes.guest.Guest;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The standard input of a container. A guest joins it to one stream in a session, so all who are attached write to that one; it stays joined when they
/// leave. Safe for use by many threads.
final class SharedInput {
    private static final Duration ANSWER = Duration.ofSeconds(30);

    private final String containerId;
    // Guarded by this.
    private @Nullable Guest joinedIn;
    private @Nullable ContainerInput input;

    SharedInput(String containerId) {
        this.containerId = containerId;
    }

    /// A way into it for one who is attached. What he writes at once stays together; who closes it ends the input for everybody.
    ///
    /// @param guest the present session
    OutputStream through(Supplier<Guest> guest) {
        return new OutputStream() {
            @Override
            public void write(int one) throws IOException {
                write(new byte[] {(byte) one}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int from, int count) throws IOException {
                synchronized (SharedInput.this) {
                    OutputStream stream = join(guest.get()).stream();
                    stream.write(bytes, from, count);
                    stream.flush();
                }
            }

            @Override
            public void close() throws IOException {
                synchronized (SharedInput.this) {
                    join(guest.get()).stream().close();
                }
            }
        };
    }

    // With a session its streams have gone.
    private ContainerInput join(Guest session) {
        ContainerInput joined = input;
        if (joined == null || joinedIn != session) {
            joined = session.openInput(containerId, ANSWER);
            input = joined;
            joinedIn = session;
        }
        return joined;
    }
}
