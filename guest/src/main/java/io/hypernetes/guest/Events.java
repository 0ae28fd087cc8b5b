package io.hypernetes.guest;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Events on their way from the reading thread, which must not wait, to a listener, which may.
final class Events {
    private static final Logger LOG = LoggerFactory.getLogger(Events.class);
    private static final int BOUND = 1_024;

    private final Deque<Consumer<GuestListener>> queue = new ArrayDeque<>();
    private @Nullable GuestException ended;

    /// @throws GuestException when the guest tells more than the listener takes
    synchronized void add(Consumer<GuestListener> event) {
        if (queue.size() == BOUND) {
            throw GuestException.protocol("more than " + BOUND + " events that nobody has taken yet");
        }
        queue.add(event);
        notifyAll();
    }

    synchronized void end(GuestException why) {
        ended = why;
        notifyAll();
    }

    /// Tells a listener everything up to the end of the session.
    void deliverAll(String machine, GuestListener listener) {
        try {
            for (Consumer<GuestListener> event = next(); event != null; event = next()) {
                deliver(machine, listener, event);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        GuestException why = ended;
        if (why != null) {
            deliver(machine, listener, it -> it.disconnected(why));
        }
    }

    private synchronized @Nullable Consumer<GuestListener> next() throws InterruptedException {
        while (queue.isEmpty() && ended == null) {
            wait();
        }
        return queue.poll();
    }

    private static void deliver(String machine, GuestListener listener, Consumer<GuestListener> event) {
        try {
            event.accept(listener);
        } catch (RuntimeException failure) {
            LOG.error("event=listener-failed machine={}", machine, failure);
        }
    }
}
