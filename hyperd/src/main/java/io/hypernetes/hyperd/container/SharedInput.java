package io.hypernetes.hyperd.container;

import io.hypernetes.guest.ContainerInput;
import io.hypernetes.guest.Guest;
import io.hypernetes.guest.GuestException;
import io.hypernetes.hyperd.HyperdException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The standard input of a container. A guest joins it to one stream in a session, so all who are attached write to that one; it stays joined when they
/// leave. A write waits while the program does not read, and others wait for their turn behind it: whoever leaves has his thread interrupted. Safe for use
/// by many threads.
final class SharedInput {
    private static final Logger LOG = LoggerFactory.getLogger(SharedInput.class);
    private static final Duration ANSWER = Duration.ofSeconds(30);

    private final String containerId;
    // Fair: one who writes without a pause leaves a turn to the others.
    private final ReentrantLock turn = new ReentrantLock(true);
    // Written by who has the turn.
    private volatile @Nullable ContainerInput input;
    // Somebody closed it: the one whose turn it is tells the guest.
    private volatile boolean closing;
    private volatile boolean closed;
    private volatile boolean over;

    SharedInput(String containerId) {
        this.containerId = containerId;
    }

    /// A way into it for one who is attached. What he writes at once stays together; who closes it ends the input for everybody.
    ///
    /// Joined now if that can be, so that what is written when the pod is paused waits for it to go on. In one that is paused already it waits here,
    /// and who is interrupted then still waits when he closes: the program would never learn of the end of its input otherwise.
    ///
    /// @param guest the present session, waiting while the pod is paused; asked only when there is none to which the input is joined
    OutputStream through(Supplier<Guest> guest) {
        joinEarly(guest);
        return new OutputStream() {
            @Override
            public void write(int one) throws IOException {
                write(new byte[] {(byte) one}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int from, int count) throws IOException {
                try {
                    turn.lockInterruptibly();
                } catch (InterruptedException leaving) {
                    Thread.currentThread().interrupt();
                    throw new InterruptedIOException("interrupted while waiting for a turn to write standard input of container " + containerId);
                }
                try {
                    if (closing) {
                        throw new IOException("standard input of container " + containerId + " was closed");
                    }
                    OutputStream stream = join(guest).stream();
                    stream.write(bytes, from, count);
                    stream.flush();
                } finally {
                    turn.unlock();
                    closeForOthers(guest);
                }
            }

            @Override
            public void close() throws IOException {
                closing = true;
                closeIfAsked(guest);
            }
        };
    }

    /// The container is gone for those who write here: it takes no more, and a write that waits fails. Its input is left as it is.
    void end() {
        over = true;
        ContainerInput open = input;
        if (open != null) {
            open.close();
        }
    }

    private void joinEarly(Supplier<Guest> guest) {
        // Whoever has the turn is joining it himself.
        if (input == null && !closing && turn.tryLock()) {
            try {
                join(guest);
            } catch (IOException | GuestException | HyperdException later) {
                LOG.debug("event=input-not-joined container={} reason=\"{}\"", containerId, later.getMessage());
            } finally {
                turn.unlock();
            }
            closeForOthers(guest);
        }
    }

    // With the turn. With a session its streams have gone.
    private ContainerInput join(Supplier<Guest> guest) throws IOException {
        ContainerInput joined = input;
        if (joined == null || !joined.isOpen()) {
            checkNotOver();
            if (joined != null) {
                joined.close();
                input = null;
            }
            joined = guest.get().openInput(containerId, ANSWER);
            input = joined;
            if (over) {
                joined.close();
            }
        }
        checkNotOver();
        return joined;
    }

    private void checkNotOver() throws IOException {
        if (over) {
            throw new IOException("container " + containerId + " is gone; attach anew to the one in its place");
        }
    }

    // A closer does not wait for a turn that may never come: then the one before him does it, behind what he writes.
    private void closeIfAsked(Supplier<Guest> guest) throws IOException {
        while (closing && !closed && turn.tryLock()) {
            // Who was interrupted leaves, and still has this to do.
            boolean interrupted = Thread.interrupted();
            try {
                if (!closed) {
                    join(guest).stream().close();
                    closed = true;
                }
            } finally {
                turn.unlock();
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    private void closeForOthers(Supplier<Guest> guest) {
        try {
            closeIfAsked(guest);
        } catch (IOException | GuestException | HyperdException failure) {
            LOG.debug("event=input-not-closed container={} reason=\"{}\"", containerId, failure.getMessage());
        }
    }
}
