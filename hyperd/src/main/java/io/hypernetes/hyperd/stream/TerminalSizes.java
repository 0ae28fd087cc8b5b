package io.hypernetes.hyperd.stream;

import io.hypernetes.guest.Guest;
import io.hypernetes.guest.GuestException;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.streams.RemoteCommandSession;
import io.hypernetes.streams.TerminalSize;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Gives a terminal in a guest the size of its client's, whenever that changes. One that changes while the pod is paused is given when it goes on, and one
/// that could not be given keeps none of the later ones from it.
final class TerminalSizes implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TerminalSizes.class);
    private static final Duration ANSWER = Duration.ofSeconds(30);

    /// A terminal in the guest.
    interface Terminal {
        void resize(Guest guest, int rows, int columns, Duration deadline);
    }

    private final Thread thread;

    private TerminalSizes(Thread thread) {
        this.thread = thread;
    }

    /// Starts it.
    ///
    /// @param name of the thread
    /// @param guest the present session; waits while the pod is paused, unless it is interrupted
    static TerminalSizes follow(String name, RemoteCommandSession session, Supplier<Guest> guest, Terminal terminal) {
        return new TerminalSizes(Thread.ofVirtual().name(name).start(() -> {
            try {
                for (Optional<TerminalSize> size = session.nextTerminalSize(); size.isPresent(); size = session.nextTerminalSize()) {
                    give(size.get(), guest, terminal);
                }
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        }));
    }

    private static void give(TerminalSize size, Supplier<Guest> guest, Terminal terminal) {
        if (size.rows() > 0 && size.columns() > 0) {
            try {
                terminal.resize(guest.get(), size.rows(), size.columns(), ANSWER);
            } catch (GuestException | HyperdException failure) {
                LOG.debug("event=terminal-not-resized rows={} columns={} error=\"{}\"", size.rows(), size.columns(), failure.getMessage());
            }
        }
    }

    /// Follows no longer.
    @Override
    public void close() {
        thread.interrupt();
    }
}
