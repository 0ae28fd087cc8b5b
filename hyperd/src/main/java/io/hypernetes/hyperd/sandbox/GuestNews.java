package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.ContainerExit;
import io.hypernetes.guest.Guest;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.journal.SandboxRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Hears the guest of a sandbox, and takes none for it that is another's.
final class GuestNews implements GuestLine.Follower {
    private static final Logger LOG = LoggerFactory.getLogger(GuestNews.class);

    private final Sandbox sandbox;

    GuestNews(Sandbox sandbox) {
        this.sandbox = sandbox;
    }

    @Override
    public void attached(Guest guest) {
        SandboxRecord record = sandbox.record();
        if (record.phase() == SandboxRecord.Phase.MAKING) {
            return;
        }
        if (!House.isInstance(guest, record.machineId())) {
            throw new HyperdException(
                    HyperdException.Kind.UNAVAILABLE, "Sandbox " + sandbox.id() + ": the guest that answers is another one's.");
        }
        sandbox.met(guest);
    }

    @Override
    public void exited(ContainerExit exit) {
        sandbox.everyContainer().stream()
                .filter(container -> container.id().equals(exit.container()))
                .forEach(container -> container.exited(exit));
    }

    @Override
    public void outOfMemory(String containerId, long kills) {
        // The guest may say so as often as it likes.
        LOG.debug("event=out-of-memory sandbox={} container={} kills={}", sandbox.id(), containerId, kills);
    }
}
