package io.hypernetes.hyperd.sandbox;

import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.hypervisor.Machine;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Whether time stands still in a machine. Not in the journal: a hypervisor that is met again says it.
///
/// One that does not say it, as on a busy host, is neither: to take such a machine for a running one would keep a pod that somebody has paused from
/// being resumed, and a checkpoint would let it go on. So it is asked again until it says it, or its guest answers, which none does that stands still,
/// or somebody has it pause or go on. Safe for use by many threads.
final class Standstill implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Standstill.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(500), LONGEST_PAUSE = Duration.ofSeconds(30);

    private final String sandboxId;
    private final AtomicReference<State> state = new AtomicReference<>(State.RUNS);
    private volatile @Nullable Thread asking;

    private enum State {
        RUNS,
        STANDS,
        UNKNOWN
    }

    Standstill(String sandboxId) {
        this.sandboxId = sandboxId;
    }

    /// Whether it is known to stand still.
    boolean isKnownToBe() {
        return state.get() == State.STANDS;
    }

    /// Whether it stands still; the hypervisor is asked when that is not known.
    ///
    /// @throws HyperdException when the hypervisor does not say it
    boolean is(Machine machine) {
        if (state.get() == State.UNKNOWN) {
            try {
                learned(machine.isPaused());
            } catch (HypervisorException silent) {
                throw new HyperdException(
                        HyperdException.Kind.UNAVAILABLE,
                        "Sandbox " + sandboxId + ": its hypervisor does not say whether it is paused: " + silent.getMessage() + ". Try again, or have it resumed first.",
                        silent);
            }
        }
        return isKnownToBe();
    }

    /// A machine of an earlier process is met.
    void meet(Machine machine) {
        state.set(State.UNKNOWN);
        try {
            learned(machine.isPaused());
        } catch (HypervisorException silent) {
            LOG.warn("event=state-unknown sandbox={} error=\"{}\" next=\"asked again\"", sandboxId, silent.getMessage());
            asking = Thread.ofVirtual().name("standstill-" + sandboxId).start(() -> askOn(machine));
        }
    }

    private void askOn(Machine machine) {
        Duration pause = FIRST_PAUSE;
        try {
            while (state.get() == State.UNKNOWN && machine.awaitExit(pause).isEmpty()) {
                try {
                    learned(machine.isPaused());
                    LOG.info("event=state-learned sandbox={} paused={}", sandboxId, isKnownToBe());
                } catch (HypervisorException silent) {
                    LOG.debug("event=state-unknown sandbox={} error=\"{}\"", sandboxId, silent.getMessage());
                }
                pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
            }
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    // Who had it pause or go on meanwhile knows better.
    private void learned(boolean stands) {
        state.compareAndSet(State.UNKNOWN, stands ? State.STANDS : State.RUNS);
    }

    /// The guest has answered just now.
    void guestAnswered() {
        learned(false);
    }

    /// Stops its time.
    void begin(Machine machine) {
        machine.pause();
        state.set(State.STANDS);
    }

    /// Lets its time go on.
    void end(Machine machine) {
        machine.resume();
        state.set(State.RUNS);
    }

    /// There is no such machine any more.
    void over() {
        state.set(State.RUNS);
    }

    /// Asks no more.
    @Override
    public void close() {
        Thread open = asking;
        if (open != null) {
            open.interrupt();
        }
    }
}
