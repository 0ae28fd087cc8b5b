package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.ContainerExit;
import io.hypernetes.guest.Guest;
import io.hypernetes.guest.GuestException;
import io.hypernetes.guest.GuestListener;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.hypervisor.Machine;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The line to one guest: a session that is opened again whenever it is lost, for as long as the machine lives. Safe for use by
/// many threads.
final class GuestLine implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GuestLine.class);
    private static final Duration ATTACH = Duration.ofSeconds(10);
    private static final long FIRST_PAUSE_MILLIS = 100;
    private static final long LONGEST_PAUSE_MILLIS = 10_000;
    /// A session that lasted so long was a good one: what follows it begins with the shortest pause.
    private static final long GOOD_SESSION_NANOS = 30_000_000_000L;

    /// Who hears what the guest tells by itself.
    interface Follower {
        /// A new session; the former one's streams are gone. Called before anybody else gets the session.
        void attached(Guest guest);

        void exited(ContainerExit exit);

        void outOfMemory(String container, long kills);
    }

    private final String sandboxId;
    private final Machine machine;
    private final GuestDoor door;
    private final Follower follower;

    // Guarded by this.
    private @Nullable Guest current;
    private boolean closed;
    private String why = "not attached yet";
    private long attachedAt;
    private long pauseMillis;

    GuestLine(String sandboxId, Machine machine, GuestDoor door, Follower follower) {
        this.sandboxId = sandboxId;
        this.machine = machine;
        this.door = door;
        this.follower = follower;
    }

    /// Opens the first session and waits for it.
    ///
    /// @throws GuestException when the guest does not answer in time
    void open(Guest.Freshness freshness, Duration deadline) {
        attach(freshness, deadline);
    }

    /// Opens the first session in the background, and again until it is there.
    void openInBackground() {
        Thread.ofVirtual().name("guest-line-" + sandboxId).start(this::reattach);
    }

    /// The session, waiting for a new one when it has just been lost.
    Guest session(Duration timeout) {
        long until = System.nanoTime() + timeout.toNanos();
        synchronized (this) {
            while (true) {
                if (current != null && current.isOpen()) {
                    return current;
                }
                long left = until - System.nanoTime();
                if (closed || left <= 0) {
                    throw new HyperdException(
                            HyperdException.Kind.UNAVAILABLE,
                            "Sandbox " + sandboxId + ": its guest cannot be reached: " + why + ".");
                }
                pause(Math.max(1, left / 1_000_000));
            }
        }
    }

    /// The session if there is one now.
    synchronized @Nullable Guest sessionNow() {
        return current != null && current.isOpen() ? current : null;
    }

    synchronized boolean isClosed() {
        return closed;
    }

    @Override
    public void close() {
        Guest open;
        synchronized (this) {
            closed = true;
            why = "its machine has ended or hyperd is stopping";
            open = current;
            current = null;
            notifyAll();
        }
        if (open != null) {
            open.close();
        }
    }

    private void attach(Guest.Freshness freshness, Duration deadline) {
        Listener listener = new Listener();
        Guest guest = door.attach(machine, sandboxId, freshness, listener, deadline);
        try {
            follower.attached(guest);
        } catch (RuntimeException failure) {
            guest.close();
            throw failure;
        }
        synchronized (this) {
            if (!closed && !listener.over) {
                current = guest;
                attachedAt = System.nanoTime();
                listener.published = true;
                notifyAll();
                return;
            }
        }
        guest.close();
        throw new HyperdException(
                HyperdException.Kind.UNAVAILABLE, "Sandbox " + sandboxId + ": the session was lost as soon as it was there: " + why);
    }

    // A guest that breaks the protocol again and again costs a session now and then, no more.
    private void reattach() {
        while (true) {
            synchronized (this) {
                if (pauseMillis > 0 && !closed) {
                    pause(pauseMillis);
                }
                if (closed) {
                    return;
                }
                pauseMillis = Math.clamp(pauseMillis * 2, FIRST_PAUSE_MILLIS, LONGEST_PAUSE_MILLIS);
            }
            try {
                attach(Guest.Freshness.USED_BEFORE, ATTACH);
                LOG.info("event=guest-attached sandbox={}", sandboxId);
                return;
            } catch (GuestException | HypervisorException | HyperdException failure) {
                LOG.warn("event=guest-not-attached sandbox={} error=\"{}\"", sandboxId, failure.getMessage());
                synchronized (this) {
                    why = String.valueOf(failure.getMessage());
                }
            }
        }
    }

    private void pause(long millis) {
        try {
            wait(millis);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new HyperdException(
                    HyperdException.Kind.UNAVAILABLE, "Sandbox " + sandboxId + ": interrupted while waiting for its guest.");
        }
    }

    private final class Listener implements GuestListener {
        // Guarded by the line.
        private boolean over;
        private boolean published;

        @Override
        public void exited(ContainerExit exit) {
            follower.exited(exit);
        }

        @Override
        public void outOfMemory(String container, long kills) {
            follower.outOfMemory(container, kills);
        }

        @Override
        public void disconnected(GuestException reason) {
            boolean mine;
            synchronized (GuestLine.this) {
                over = true;
                why = String.valueOf(reason.getMessage());
                mine = published && !closed;
                if (published) {
                    current = null;
                    if (System.nanoTime() - attachedAt > GOOD_SESSION_NANOS) {
                        pauseMillis = 0;
                    }
                }
            }
            if (mine) {
                LOG.info("event=guest-lost sandbox={} error=\"{}\"", sandboxId, reason.getMessage());
                openInBackground();
            }
        }
    }
}
