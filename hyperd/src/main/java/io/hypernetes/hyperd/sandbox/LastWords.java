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
        if (guest == null) {
            return;
        }
        List<Container> running = containers.stream()
                .filter(container -> container.record().state() == ContainerRecord.State.RUNNING)
                .toList();
        try {
            for (Container container : running) {
                guest.signal(container.id(), Signals.KILL, SignalTarget.ALL_PROCESSES, PATIENCE);
            }
            for (Container container : running) {
                container.awaitExit(PATIENCE);
            }
        } catch (GuestException silent) {
            LOG.debug("event=no-last-words error=\"{}\"", silent.getMessage());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
