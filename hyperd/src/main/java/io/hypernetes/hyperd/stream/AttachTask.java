package io.hypernetes.hyperd.stream;

import io.hypernetes.guest.GuestException;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.container.AttachedClient;
import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.container.InputThread;
import io.hypernetes.hyperd.log.LogStream;
import io.hypernetes.hyperd.sandbox.Sandbox;
import io.hypernetes.streams.CommandStatus;
import io.hypernetes.streams.RemoteCommandSession;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Joins one client to a running container's first process.
final class AttachTask {
    private static final Logger LOG = LoggerFactory.getLogger(AttachTask.class);
    private static final long LONG_MILLIS = 60_000;

    private final Sandbox sandbox;
    private final Container container;

    AttachTask(Sandbox sandbox, Container container) {
        this.sandbox = sandbox;
        this.container = container;
    }

    void run(RemoteCommandSession session) throws InterruptedException {
        AttachedClient client = container.attach();
        InputThread input = null;
        try (session; TerminalSizes _ = container.record().terminal().tty() ? sizes(session) : null) {
            session.awaitReady();
            if (session.streams().stdin() && container.record().terminal().stdin()) {
                input = InputThread.start("attach-stdin-" + container.id(), () -> input(session));
            }
            Thread.ofVirtual().name("attach-gone-" + container.id()).start(() -> closeWhenGone(session, client));
            output(session, client);
        } catch (IOException | GuestException | HyperdException gone) {
            LOG.debug("event=attach-ended container={} error={}", container.id(), gone.toString());
        } finally {
            container.detach(client);
            if (input != null) {
                input.close();
            }
        }
    }

    private void output(RemoteCommandSession session, AttachedClient client) throws IOException, InterruptedException {
        int open = client.streams();
        while (open > 0 && session.isConnected() && client.isOpen()) {
            Optional<AttachedClient.Chunk> chunk = client.next(LONG_MILLIS);
            if (chunk.isEmpty()) {
                continue;
            }
            LogStream stream = chunk.get().stream();
            if (stream == null) {
                open--;
                continue;
            }
            OutputStream to = stream == LogStream.STDOUT ? session.stdout() : session.stderr();
            to.write(chunk.get().data());
            to.flush();
        }
        if (open == 0) {
            session.exit(CommandStatus.success());
        }
    }

    private void input(RemoteCommandSession session) {
        try {
            OutputStream input = container.input(sandbox::guestWhenResumed);
            try {
                Pump.run(session.stdin(), input);
            } finally {
                if (container.record().terminal().stdinOnce()) {
                    Pump.close(input);
                }
            }
        } catch (GuestException | HyperdException failure) {
            LOG.debug("event=attach-input-ended container={} error=\"{}\"", container.id(), failure.getMessage());
        }
    }

    private TerminalSizes sizes(RemoteCommandSession session) {
        return TerminalSizes.follow("attach-resize-" + container.id(), session, sandbox::guestWhenResumed,
                (guest, rows, columns, deadline) -> guest.resizeTty(container.id(), rows, columns, deadline));
    }

    private void closeWhenGone(RemoteCommandSession session, AttachedClient client) {
        try {
            session.awaitDisconnect();
            container.detach(client);
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
        }
    }
}
