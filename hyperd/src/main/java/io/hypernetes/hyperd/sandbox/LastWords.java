package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.Guest;
import io.hypernetes.guest.GuestException;
import io.hypernetes.guest.SignalTarget;
import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.container.Signals;
import io.hypernetes.hyperd.journal.ContainerRecord;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Kills what still runs in a pod that is about to end, while the guest can still tell how it ended and hand over the last output.
final class LastWords {
    private static final Logger LOG = LoggerFactory.getLogger(LastWords.class);
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    private LastWords() {}

    /// @param guest null when it cannot be reached: then nothing happens
    static void of(Collection<Container> containers, @Nullable Guest guest) {
        of(containers, guest, PATIENCE);
    }

    /// @param patience with the guest's answers, and again with the ends of the containers: for all of them together, as a guest may let each wait
    static void of(Collection<Container> containers, @Nullable Guest guest, Duration patience) {
        if (guest == null) {
            return;
        }
        List<Container> running = containers.stream()
                .filter(container -> container.record().state() == ContainerRecord.State.RUNNING)
                .toList();
        long until = System.nanoTime() + patience.toNanos();
        try {
            for (Container container : running) {
                guest.signal(container.id(), Signals.KILL, SignalTarget.ALL_PROCESSES, Duration.ofNanos(Math.max(1, until - System.nanoTime())));
            }
            Container.awaitExits(running, patience);
        } catch (GuestException silent) {
            LOG.debug("event=no-last-words error=\"{}\"", silent.getMessage());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
