package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.Guest;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hypervisor.Machine;
import io.hypernetes.hypervisor.MachineUsage;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A sandbox's hold on its running machine: the machine, the line to its guest, and who waits for its end. Whoever changes it holds the
/// sandbox's lifecycle lock; reading and cutting the line are safe for many threads.
final class Tether {
    private static final Logger LOG = LoggerFactory.getLogger(Tether.class);

    private final String sandboxId;
    private final GuestDoor door;
    private final GuestLine.Follower follower;

    private volatile @Nullable Machine machine;
    private volatile @Nullable GuestLine line;
    private volatile @Nullable Thread watcher;

    Tether(String sandboxId, GuestDoor door, GuestLine.Follower follower) {
        this.sandboxId = sandboxId;
        this.door = door;
        this.follower = follower;
    }

    void hold(Machine running) {
        cutLine();
        machine = running;
        line = new GuestLine(sandboxId, running, door, follower);
    }

    Optional<Machine> machine() {
        return Optional.ofNullable(machine);
    }

    /// @throws HyperdException when there is no machine
    Machine requireMachine() {
        return machine().orElseThrow(() ->
                new HyperdException(HyperdException.Kind.WRONG_STATE, "Sandbox " + sandboxId + " has no machine."));
    }

    /// @throws HyperdException when there is no machine, or its guest cannot be reached within `timeout`
    Guest session(Duration timeout) {
        return requireLine().session(timeout);
    }

    @Nullable Guest sessionNow() {
        GuestLine open = line;
        return open == null ? null : open.sessionNow();
    }

    GuestLine requireLine() {
        requireMachine();
        GuestLine open = line;
        if (open == null) {
            throw new IllegalStateException("sandbox " + sandboxId + " has a machine and no line");
        }
        return open;
    }

    Optional<MachineUsage> usage() {
        return machine().map(Machine::usage);
    }

    /// Calls `ended` with the machine and the reason when it ends.
    void watch(BiConsumer<Machine, String> ended) {
        Machine running = requireMachine();
        watcher = Thread.ofVirtual().name("machine-" + sandboxId).start(() -> {
            try {
                Optional<String> why = Optional.empty();
                while (why.isEmpty()) {
                    why = running.awaitExit(Duration.ofHours(1));
                }
                ended.accept(running, why.get());
            } catch (InterruptedException left) {
                LOG.debug("event=machine-left sandbox={}", sandboxId);
            }
        });
    }

    /// Ends the sessions; whoever waits for the guest learns it.
    void cutLine() {
        GuestLine open = line;
        if (open != null) {
            open.close();
        }
    }

    /// Opens the line again when it was cut.
    void lineAgain(Machine running) {
        GuestLine open = line;
        if (open == null || open.isClosed()) {
            GuestLine next = new GuestLine(sandboxId, running, door, follower);
            line = next;
            next.openInBackground();
        }
    }

    /// Leaves the machine running.
    void letGo() {
        Thread watching = watcher;
        if (watching != null) {
            watching.interrupt();
        }
        cutLine();
    }

    /// Ends the machine, if there is one.
    void destroy() {
        cutLine();
        Machine running = machine;
        if (running != null) {
            running.destroy();
            machine = null;
        }
    }
}
