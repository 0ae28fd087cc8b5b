package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.GuestException;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hypervisor.Checkpointing;
import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.hypervisor.Machine;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Time that stands still in a sandbox's machine, and whether it does. Not in the journal: a hypervisor that is met again says it.
///
/// One that does not say it, as on a busy host, is neither: to take such a machine for a running one would keep a pod that somebody has paused from
/// being resumed, and a checkpoint would let it go on. So it is asked again until it says it, or its guest answers, which none does that stands still,
/// or somebody has it pause or go on. Safe for use by many threads.
final class Standstill implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Standstill.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(500), LONGEST_PAUSE = Duration.ofSeconds(30);

    private static final Duration AFTER_PAUSE = Duration.ofSeconds(60);

    private final House house;
    private final SandboxLedger ledger;
    private final Tether tether;
    private final AtomicReference<State> state = new AtomicReference<>(State.RUNS);
    private final AtomicReference<Saving> saving = new AtomicReference<>(Saving.NONE);
    private volatile @Nullable Thread asking;

    private enum State {
        RUNS,
        STANDS,
        UNKNOWN
    }

    private enum Saving {
        NONE,
        UNDER_WAY,
        GIVEN_UP
    }

    Standstill(House house, SandboxLedger ledger, Tether tether) {
        this.house = house;
        this.ledger = ledger;
        this.tether = tether;
    }

    private String id() {
        return ledger.record().id();
    }

    private Machine runningMachine() {
        if (ledger.record().phase() != SandboxRecord.Phase.READY) {
            throw new HyperdException(
                    HyperdException.Kind.WRONG_STATE, "Sandbox " + id() + " has no machine that runs, so it cannot be paused or resumed.");
        }
        if (saving.get() == Saving.GIVEN_UP) {
            throw new HyperdException(HyperdException.Kind.WRONG_STATE, "Sandbox " + id() + " is being ended, so it cannot be paused or resumed.");
        }
        return tether.requireMachine();
    }

    /// Whether it is known to stand still.
    boolean isKnownToBe() {
        return state.get() == State.STANDS;
    }

    /// Returns when it is not known to stand still, or its machine is no more.
    synchronized void awaitEnd() throws InterruptedException {
        while (isKnownToBe()) {
            wait();
        }
    }

    private void become(State next) {
        state.set(next);
        synchronized (this) {
            notifyAll();
        }
    }

    /// Whether it stands still; the hypervisor is asked when that is not known.
    ///
    /// @throws HyperdException when the hypervisor does not say it, or there is no machine
    boolean isSurely() {
        Machine machine = runningMachine();
        if (state.get() == State.UNKNOWN) {
            try {
                learned(machine.isPaused());
            } catch (HypervisorException silent) {
                throw new HyperdException(
                        HyperdException.Kind.UNAVAILABLE,
                        "Sandbox " + id() + ": its hypervisor does not say whether it is paused: " + silent.getMessage() + ". Try again, or have it resumed first.",
                        silent);
            }
        }
        return isKnownToBe();
    }

    /// A machine of an earlier process is met.
    void meet(Machine machine) {
        become(State.UNKNOWN);
        try {
            learned(machine.isPaused());
        } catch (HypervisorException silent) {
            LOG.warn("event=state-unknown sandbox={} error=\"{}\" next=\"asked again\"", id(), silent.getMessage());
            asking = Thread.ofVirtual().name("standstill-" + id()).start(() -> askOn(machine));
        }
    }

    private void askOn(Machine machine) {
        Duration pause = FIRST_PAUSE;
        try {
            while (state.get() == State.UNKNOWN && machine.awaitExit(pause).isEmpty()) {
                try {
                    learned(machine.isPaused());
                    LOG.info("event=state-learned sandbox={} paused={}", id(), isKnownToBe());
                } catch (HypervisorException silent) {
                    LOG.debug("event=state-unknown sandbox={} error=\"{}\"", id(), silent.getMessage());
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

    /// Stops its time for as long as somebody wishes.
    void pause() {
        begin();
        LOG.info("event=sandbox-paused sandbox={}", id());
    }

    /// Ends [#pause], and sets the guest's clock right.
    void resume() {
        Machine running = runningMachine();
        end(running);
        // It is cut where somebody failed to write the machine while it was paused.
        tether.lineAgain(running);
        tether.session(AFTER_PAUSE).resume(SandboxBoot.identity(house, ledger.record()), House.ANSWER);
        LOG.info("event=sandbox-resumed sandbox={}", id());
    }

    private Machine begin() {
        Machine running = runningMachine();
        running.pause();
        become(State.STANDS);
        return running;
    }

    /// Stops its time for as long as it is being saved, which nobody has asked to last.
    Machine beginSaving() {
        Machine running = begin();
        saving.set(Saving.UNDER_WAY);
        return running;
    }

    /// Ends [#beginSaving].
    ///
    /// @param wasPaused whether its time stood still before, and goes on doing so
    void endSaving(boolean wasPaused) {
        // What was given up stays so until there is no such machine any more: nobody is to wait for it.
        boolean givenUp = saving.updateAndGet(now -> now == Saving.UNDER_WAY ? Saving.NONE : now) == Saving.GIVEN_UP;
        if (!wasPaused && !givenUp) {
            Machine running = runningMachine();
            end(running);
            tether.lineAgain(running);
            setClock();
        }
    }

    /// Ends a machine that is being saved, for whoever is to end it and would wait for minutes: what is being written of it will not be complete. Leaves
    /// one alone that is not. Needs no lock.
    void giveUpSaving() {
        if (saving.compareAndSet(Saving.UNDER_WAY, Saving.GIVEN_UP)) {
            LOG.info("event=saving-given-up sandbox={}", id());
            // Nobody is to take it for a machine that has ended by itself.
            tether.letGo();
            tether.machine().ifPresent(Machine::destroy);
        }
    }

    /// Ends [#beginSaving] of an engine that crashed meanwhile.
    void endAfterCrash(Checkpointing driver) {
        Machine running = runningMachine();
        driver.abandon(running, LayerDisk.files(ledger.record().layers()));
        end(running);
    }

    private void end(Machine running) {
        running.resume();
        become(State.RUNS);
    }

    /// Tells the guest the time, of which it has missed some. One that does not answer goes on with the wrong time.
    void setClock() {
        try {
            tether.session(AFTER_PAUSE).resume(SandboxBoot.identity(house, ledger.record()), House.ANSWER);
        } catch (GuestException | HyperdException silent) {
            LOG.warn("event=clock-not-set sandbox={} error=\"{}\"", id(), silent.getMessage());
        }
    }

    /// There is no such machine any more.
    void over() {
        saving.set(Saving.NONE);
        become(State.RUNS);
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
