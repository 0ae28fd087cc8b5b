package io.hypernetes.hyperd.container;

import io.hypernetes.guest.ContainerExit;
import io.hypernetes.guest.Errno;
import io.hypernetes.guest.Guest;
import io.hypernetes.guest.GuestException;
import io.hypernetes.guest.GuestInventory;
import io.hypernetes.guest.SignalTarget;
import io.hypernetes.guest.StartedContainer;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.event.ContainerEvent;
import io.hypernetes.hyperd.event.Events;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.journal.Journal;
import java.io.OutputStream;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One container: its state, its log, its exit. What it knows of the guest it learns from sessions that the sandbox hands to it.
///
/// States go `MAKING → CREATED → RUNNING → EXITED → REMOVING`, never back. Each is in the journal before anybody can see it.
/// A container is told to have exited when its output is in the log.
///
/// Safe for use by many threads.
public final class Container implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Container.class);
    private static final Duration ANSWER = Duration.ofSeconds(30);
    private static final Duration AFTER_KILL = Duration.ofSeconds(20);
    /// How long an exit waits for the rest of the output, all in all.
    private static final long LOG_MILLIS = 5_000;
    /// For the ends of all containers of a machine, however many there are.
    private static final Duration AFTER_LOSS = Duration.ofSeconds(10);
    private static final long NANOS = 1_000_000_000L;

    /// What every container needs.
    public record Surroundings(Journal journal, Events events, Clock clock) {}

    private final Surroundings surroundings;
    private final Consumer<Container> ending;
    private final ContainerOutputs outputs;
    private final SharedInput input;
    private final CountDownLatch exited = new CountDownLatch(1);
    // Held while it is being started: a process that ends at once is told to have ended after it was told to have started.
    private final ReentrantLock starting = new ReentrantLock();
    private volatile Runnable heard = () -> {};

    // Replaced under this.
    private volatile ContainerRecord record;
    private boolean exitSeen;
    private boolean retired;

    /// @param record as journalled
    /// @param ending called once when the first process has ended and the output is in the log, before others are told
    /// @throws HyperdException when its log cannot be opened
    public Container(ContainerRecord record, Surroundings surroundings, Consumer<Container> ending) {
        this.record = record;
        this.surroundings = surroundings;
        this.ending = ending;
        this.outputs = new ContainerOutputs(
                record, surroundings.clock(), position -> update(current -> current.withLog(position)), () -> heard.run());
        this.input = new SharedInput(record.id());
        if (record.state() == ContainerRecord.State.EXITED) {
            // The end of its output may still be in the guest.
            exitSeen = true;
            exited.countDown();
            outputs.complete();
        }
    }

    public String id() {
        return record.id();
    }

    public ContainerRecord record() {
        return record;
    }

    /// It is prepared in the guest: from now on others may see it.
    public void created(Guest guest) {
        update(current -> current.withState(ContainerRecord.State.CREATED));
        outputs.follow(guest);
        tell(ContainerEvent.Kind.CREATED);
    }

    /// Takes up a container in a new session, by what the guest says of it.
    public void resume(Guest guest, GuestInventory.Container seen) {
        outputs.follow(guest, seen);
        if (seen.state() == GuestInventory.State.PREPARED) {
            return;
        }
        ContainerRecord.User user = new ContainerRecord.User(seen.uid(), seen.gid(), seen.groups());
        if (record.state() == ContainerRecord.State.CREATED && seen.startedNanos() != 0) {
            // We died between the start and the journal.
            update(current -> current.started(seen.startedNanos(), user));
        }
        if (seen.state() == GuestInventory.State.EXITED) {
            exited(new ContainerExit(
                    id(), seen.exitCode(), seen.signal(), seen.oomKilled(), seen.exitedNanos(), seen.error()));
        }
    }

    /// Calls `action` at the first byte of output from now on; it may be called once more.
    public void whenHeard(Runnable action) {
        heard = action;
    }

    /// Starts the first process.
    ///
    /// @param deadline for the guest's answer
    public void start(Guest guest, Duration deadline) {
        ContainerRecord before = record;
        if (before.state() != ContainerRecord.State.CREATED) {
            throw new HyperdException(
                    HyperdException.Kind.WRONG_STATE,
                    "Container " + id() + " cannot be started: it is " + before.state() + ", and a container is started once.");
        }
        starting.lock();
        try {
            startHolding(guest, deadline);
        } finally {
            starting.unlock();
        }
    }

    private void startHolding(Guest guest, Duration deadline) {
        // Of a start that fails the guest tells the end itself, in EXITED.
        StartedContainer started = guest.start(id(), deadline);
        ContainerRecord.User user = new ContainerRecord.User(started.uid(), started.gid(), started.groups());
        update(current -> current.state() == ContainerRecord.State.CREATED
                ? current.started(started.startedNanos(), user)
                : current);
        tell(ContainerEvent.Kind.STARTED);
    }

    /// The first process has ended, or could not be started.
    public void exited(ContainerExit exit) {
        if (!exit.error().isEmpty()) {
            finish(exit.atNanos(), exit.code(), "StartError", exit.error());
            return;
        }
        String reason = exit.oomKilled() ? "OOMKilled" : exit.code() == 0 ? "Completed" : "Error";
        String message = exit.oomKilled() ? "The container used more memory than its limit." : "";
        finish(exit.atNanos(), exit.code(), reason, message);
    }

    /// The machine has ended with these containers in it. Returns when all of them are known to have ended, or when that takes too long.
    public static void lost(Collection<Container> containers, String why) {
        List<Container> ending = new ArrayList<>();
        for (Container container : containers) {
            if (container.lose(why)) {
                ending.add(container);
            }
        }
        try {
            if (!awaitExits(ending, AFTER_LOSS)) {
                ending.removeIf(container -> container.exited.getCount() == 0);
                LOG.warn("event=container-end-late containers={}", ending.stream().map(Container::id).toList());
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// @return whether its end is to be told now
    private boolean lose(String why) {
        ContainerRecord.State state = record.state();
        outputs.finish();
        if (state == ContainerRecord.State.EXITED || state == ContainerRecord.State.REMOVING) {
            return false;
        }
        finish(now(), 137, "MachineEnded", why);
        return true;
    }

    /// Ends it: the stop signal, a time of grace, then SIGKILL. Does nothing when it does not run.
    public void stop(Guest guest, Duration grace) {
        if (record.state() != ContainerRecord.State.RUNNING) {
            return;
        }
        try {
            if (!grace.isZero()) {
                int signal = Signals.number(record.stopSignal()).orElse(Signals.TERM);
                signal(guest, signal, SignalTarget.FIRST_PROCESS);
                if (exited.await(grace.toMillis(), TimeUnit.MILLISECONDS)) {
                    return;
                }
            }
            signal(guest, Signals.KILL, SignalTarget.ALL_PROCESSES);
            if (!exited.await(AFTER_KILL.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new HyperdException(
                        HyperdException.Kind.TIMEOUT,
                        "Container " + id() + " did not end within " + AFTER_KILL.toSeconds()
                                + " s of SIGKILL. Try again, or stop its pod: that ends the machine.");
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new HyperdException(
                    HyperdException.Kind.UNAVAILABLE, "Container " + id() + ": interrupted while waiting for its end.", interrupted);
        }
    }

    /// Waits for its end.
    public boolean awaitExit(Duration timeout) throws InterruptedException {
        return exited.await(timeout.toMillis(), TimeUnit.MILLISECONDS);
    }

    /// Waits for the ends of all of them, `timeout` for them together.
    ///
    /// @return whether all have ended
    public static boolean awaitExits(Collection<Container> containers, Duration timeout) throws InterruptedException {
        long until = System.nanoTime() + timeout.toNanos();
        for (Container container : containers) {
            if (!container.exited.await(until - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                return false;
            }
        }
        return true;
    }

    /// Marks it as being removed; from then on nobody sees it.
    public void removing() {
        update(current -> current.withState(ContainerRecord.State.REMOVING));
        outputs.stop();
    }

    /// Forgets it, when the guest has.
    public void removed() {
        close();
        surroundings.journal().removeContainer(id());
        tell(ContainerEvent.Kind.DELETED);
    }

    /// Goes on in a new log file.
    public void reopenLog() {
        outputs.reopenLog();
    }

    /// Changes its limits; those that are 0 in `asked` stay as they are, those below 0 are no limits any more.
    public void updateResources(Guest guest, ContainerRecord.Resources asked) {
        ContainerRecord.Resources merged = record.resources().with(asked);
        guest.update(id(), GuestResources.of(merged), ANSWER);
        update(current -> current.withResources(merged));
    }

    /// A number that is another when something was written to its log since.
    public long logged() {
        return outputs.logged();
    }

    /// Waits until something is written to its log after `seen` was asked for, or [#wakeReaders]; false when it has ended and all is written.
    public boolean awaitLogged(long seen) throws InterruptedException {
        return outputs.awaitLogged(seen);
    }

    /// Lets those who wait for more of its log look after what else they wait for.
    public void wakeReaders() {
        outputs.wakeReaders();
    }

    /// Its record for a checkpoint: what is in its log now counts as written, and a new log goes on behind it.
    public ContainerRecord frozen() {
        return record.withLog(outputs.written());
    }

    /// Returns when the log does not grow any more. To be called when the session has ended.
    public void settleLog() {
        outputs.settle();
    }

    /// Attaches to the output from now on.
    public AttachedClient attach() {
        return outputs.attach();
    }

    /// A way into its standard input for one who is attached; others have theirs. Who closes it ends the input for everybody. A write waits while
    /// the process does not read, also while its pod is paused; the thread that waits may be interrupted.
    ///
    /// @param guest the present session; waits while the pod is paused
    public OutputStream input(Supplier<Guest> guest) {
        return input.through(guest);
    }

    public void detach(AttachedClient client) {
        outputs.detach(client);
    }

    /// Its machine has gone and another container takes its place: until then it is seen as it was, and nothing more is written of it.
    /// Who was attached to it is not attached to the other.
    public void retire() {
        synchronized (this) {
            retired = true;
        }
        close();
        outputs.detachAll();
    }

    /// Stops following and takes no more input; the container goes on.
    @Override
    public void close() {
        input.end();
        outputs.complete();
        outputs.close();
    }

    private void finish(long atNanos, int code, String reason, String message) {
        synchronized (this) {
            if (exitSeen || record.state() == ContainerRecord.State.REMOVING) {
                return;
            }
            exitSeen = true;
        }
        // Not on the session's thread: the rest of the output comes over the same session.
        Thread.ofVirtual().name("exit-" + id()).start(() -> {
            awaitOutput();
            try {
                ending.accept(this);
            } catch (RuntimeException failure) {
                LOG.warn("event=container-ending-failed container={} error=\"{}\"", id(), failure.getMessage());
            }
            long end = atNanos == 0 ? now() : atNanos;
            starting.lock();
            try {
                update(current -> current.state() == ContainerRecord.State.REMOVING
                        ? current
                        : current.exited(end, code, reason, message));
            } finally {
                starting.unlock();
                exited.countDown();
                outputs.complete();
            }
            LOG.info("event=container-exited sandbox={} container={} name={} code={} reason={}",
                    record.sandboxId(), id(), record.identity().name(), code, reason);
            tell(ContainerEvent.Kind.STOPPED);
        });
    }

    private void awaitOutput() {
        try {
            if (!outputs.awaitEnd(LOG_MILLIS)) {
                LOG.warn("event=exit-before-output container={} effect=\"the log's end may come later\"", id());
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void signal(Guest guest, int signal, SignalTarget target) {
        try {
            guest.signal(id(), signal, target, ANSWER);
        } catch (GuestException failure) {
            // It has ended by itself: its exit is on its way.
            if (failure.kind() != GuestException.Kind.REFUSED || failure.errno() != Errno.ESRCH) {
                throw failure;
            }
        }
    }

    private synchronized void update(UnaryOperator<ContainerRecord> change) {
        ContainerRecord next = change.apply(record);
        if (!retired && !next.equals(record)) {
            surroundings.journal().write(next);
            record = next;
        }
    }

    private void tell(ContainerEvent.Kind kind) {
        surroundings.events().publish(new ContainerEvent(record.sandboxId(), id(), kind, now()));
    }

    private long now() {
        Instant instant = Instant.now(surroundings.clock());
        return instant.getEpochSecond() * NANOS + instant.getNano();
    }
}
