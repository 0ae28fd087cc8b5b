package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.Guest;
import io.hypernetes.guest.GuestException;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.container.ContainerRequest;
import io.hypernetes.hyperd.event.ContainerEvent;
import io.hypernetes.hyperd.event.Events;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hypervisor.Checkpointing;
import io.hypernetes.hypervisor.Machine;
import io.hypernetes.hypervisor.MachineRecord;
import io.hypernetes.hypervisor.MachineUsage;
import io.hypernetes.hypervisor.Template;
import io.hypernetes.network.Attachment;
import io.hypernetes.telemetry.Timeline;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One pod and its machine.
///
/// **Phases** go `MAKING → READY → STOPPED → REMOVING`, never back; each is in the journal before the steps that belong to it are
/// taken, and every step can be taken again, so that a restart at any point finishes what was begun.
///
/// **Locks**: `lifecycle` is held by what makes, ends or removes (of the sandbox or its containers): one at a time a sandbox, and
/// everything that is asked of a guest under it has a deadline. The record has its own monitor. Reading takes no lock.
///
/// Safe for use by many threads.
public final class Sandbox implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Sandbox.class);
    private static final Duration SESSION = Duration.ofSeconds(10);
    private static final Duration CLEAN = Duration.ofSeconds(10);
    // What a volume takes from an image is copied before the first program runs.
    private static final Duration FIRST_CONTENT = Duration.ofMinutes(10);
    private static final long PATIENCE_SECONDS = 5;

    private final House house;
    private final ReentrantLock lifecycle = new ReentrantLock();
    private final SandboxLedger ledger;
    private final SandboxContainers containers = new SandboxContainers();
    private final SandboxVolumes volumes;
    private final Tether tether;
    private final Standstill standstill;
    private final SandboxEnd end;
    private final Events events;
    private final Timeline timeline;

    // Not in the journal: of interest while the start is.
    private volatile String coldReason = "";
    // Not in the journal: no template survives the engine.
    private volatile @Nullable Template origin;

    Sandbox(SandboxRecord record, House house) {
        this.house = house;
        this.ledger = new SandboxLedger(record, house.journal());
        this.timeline = house.timeline();
        this.volumes = new SandboxVolumes(record.id(), house.folders());
        this.tether = new Tether(record.id(), house.door(), new GuestNews(this));
        this.standstill = new Standstill(house, ledger, tether);
        // What belongs to the Docker face is no news to those who follow CRI.
        this.events = record.identity().isDocker() ? new Events() : house.events();
        this.end = new SandboxEnd(house, ledger, tether, standstill, volumes, containers, this::tell);
    }

    public String id() {
        return record().id();
    }

    public SandboxRecord record() {
        return ledger.record();
    }

    public boolean isReady() {
        return record().phase() == SandboxRecord.Phase.READY;
    }

    /// What was done for it, step by step.
    public Timeline timeline() {
        return timeline;
    }

    /// Its containers that may be seen, oldest first.
    public List<Container> containers() {
        return containers.visible();
    }

    /// A session with the guest.
    ///
    /// @throws HyperdException when the sandbox is not ready or its guest does not answer
    public Guest guest() {
        if (!isReady()) {
            throw new HyperdException(
                    HyperdException.Kind.WRONG_STATE,
                    "Sandbox " + id() + " is not ready" + (record().message().isEmpty() ? "." : ": " + record().message()));
        }
        if (standstill.isKnownToBe()) {
            throw new HyperdException(
                    HyperdException.Kind.WRONG_STATE, "Sandbox " + id() + " is paused. Resume it first: `hypernetes pod resume`.");
        }
        return tether.session(SESSION);
    }

    /// As [#guest], after waiting for as long as it is paused. The thread that waits may be interrupted.
    public Guest guestWhenResumed() {
        try {
            standstill.awaitEnd();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new HyperdException(HyperdException.Kind.UNAVAILABLE, "Sandbox " + id() + ": interrupted while waiting for it to be resumed.");
        }
        return guest();
    }

    /// Stops time for all its processes; memory, connections and disks stay as they are. Idempotent. Survives a restart of hyperd.
    public void pause() {
        holding(() -> {
            standstill.pause();
            return id();
        });
    }

    /// Lets time go on, and sets the guest's clock right. Idempotent.
    public void resume() {
        holding(() -> {
            standstill.resume();
            return id();
        });
    }

    /// Whether it is known to be paused: after a restart of hyperd a hypervisor may not have said it yet.
    public boolean isPaused() {
        return standstill.isKnownToBe();
    }

    /// Whether it is paused; its hypervisor is asked when that is not known.
    ///
    /// @throws HyperdException when it does not say it, or there is no machine
    public boolean isSurelyPaused() {
        return standstill.isSurely();
    }

    /// Why its machine was booted and is no copy, in a few words; empty when it is a copy, or was started by an earlier process.
    public String coldReason() {
        return coldReason;
    }

    /// What the machine costs the host; empty when there is none.
    public Optional<MachineUsage> usage() {
        return tether.usage();
    }

    /// As whom its machine is known to the host; empty when there is none.
    public Optional<MachineRecord> machineRecord() {
        return Optional.ofNullable(record().machine());
    }

    /// Starts a prepared container.
    public void start(Container container) {
        house.activity().begin();
        try (Timeline.Running step = timeline.begin("StartContainer", container.record().identity().name())) {
            Timeline.Running output = step.begin("first output", container.record().identity().name());
            container.whenHeard(output::close);
            step.step("start", () -> container.start(guest(), record().hasDisks() ? FIRST_CONTENT : House.ANSWER));
        } finally {
            house.activity().end();
        }
    }

    /// Changes a running container's limits; those that are 0 in `asked` stay as they are, those below 0 are no limits any more.
    ///
    /// @throws HyperdException when the machine is smaller than that
    public void updateResources(Container container, ContainerRecord.Resources asked) {
        MachineSizes.checkWithin(record().size(), asked);
        container.updateResources(guest(), asked);
    }

    /// Makes one of its disks larger while it runs.
    ///
    /// @param volume the pod's name of it
    /// @param bytes at least so large
    /// @throws HyperdException when it does not run, has no such disk, or its guest was started by a version that cannot do this
    public void growDisk(String volume, long bytes) {
        holding(() -> {
            Guest guest = guest();
            new LargerDisk(house, record(), tether.requireMachine(), guest).make(volume, bytes);
            return id();
        });
    }

    /// Stops a container as [Container#stop] does.
    public void stop(Container container, Duration grace) {
        if (container.record().state() == ContainerRecord.State.RUNNING && isReady()) {
            if (isPaused()) {
                resume();
            }
            container.stop(guest(), grace);
        }
    }

    /// Prepares a container.
    Container create(ContainerRequest request, Particulars particulars) {
        house.activity().begin();
        try (Timeline.Running step = timeline.begin("CreateContainer", request.identity().name())) {
            return holding(() -> new ContainerMaking(house, this, volumes, step).make(request, particulars));
        } finally {
            house.activity().end();
        }
    }

    /// Kills a container if it runs, and forgets it.
    void remove(Container container) {
        holding(() -> {
            if (containers.find(container.id()).orElse(null) != container) {
                return container;
            }
            if (isReady()) {
                Guest guest = guest();
                container.stop(guest, Duration.ZERO);
                container.removing();
                guest.remove(container.id(), House.ANSWER);
            } else {
                container.removing();
            }
            containers.forget(container);
            container.removed();
            return container;
        });
    }

    /// Ends the machine and gives back what it used. Idempotent.
    void stop(String why) {
        lockToEnd(why);
        try {
            if (record().hasDisks()) {
                unmount(Duration.ZERO);
            }
            end.stop(why);
        } finally {
            lifecycle.unlock();
        }
    }

    /// Ends the machine so that its disks are clean, which an abrupt end does not promise. Idempotent.
    void shutDown(String why, Duration grace) {
        holding(() -> {
            unmount(grace);
            end.stop(why);
            return why;
        });
    }

    private void unmount(Duration grace) {
        if (isReady()) {
            try {
                guest().shutdown(grace, grace.plus(CLEAN));
            } catch (GuestException | HyperdException failure) {
                LOG.warn("event=shutdown-not-clean sandbox={} error=\"{}\"", id(), failure.getMessage());
            }
        }
    }

    /// Ends and forgets it, with its containers. Idempotent.
    void remove() {
        stop("The pod is being removed.");
        holding(() -> {
            end.forget("The pod is being removed.");
            return end;
        });
    }

    /// Leaves it running.
    @Override
    public void close() {
        tether.letGo();
        volumes.close();
        standstill.close();
        containers.close();
    }

    // ---- what SandboxBoot, ContainerMaking, Recovery and Reunion do with it ----

    void placed(Attachment attachment) {
        ledger.note(current -> current.withAttachment(attachment));
    }

    void started(Machine running) {
        tether.hold(running);
        ledger.note(current -> current.withMachine(running.record()));
    }

    Guest firstSession(Duration deadline) {
        GuestLine line = tether.requireLine();
        line.open(Guest.Freshness.JUST_BOOTED, deadline);
        return line.session(Duration.ZERO);
    }

    void startedCold(String why) {
        coldReason = why;
    }

    /// Its machine is a copy.
    void copiedFrom(Template template) {
        origin = template;
    }

    void giveUpMachine(UUID next) {
        origin = null;
        tether.destroy();
        update(current -> current.withMachine(null).withMachineId(next));
    }

    void ready(Map<String, Long> phases) {
        ledger.becomeReady(current -> current.withPhases(phases).withPhase(SandboxRecord.Phase.READY, ""), timeline.steps());
        Template template = origin;
        tether.watch((which, why) -> {
            // Whatever becomes of the sandbox meanwhile.
            if (template != null && which.crashed()) {
                house.templates().crashed(template, SandboxBoot.tenant(record()));
            }
            machineEnded(which, why);
        });
        tell(id(), ContainerEvent.Kind.STARTED);
    }

    /// Takes over a machine that runs on since an earlier process of ours.
    void adopted(Machine running) {
        tether.hold(running);
        standstill.meet(running);
        tether.watch(this::machineEnded);
        tether.requireLine().openInBackground();
    }

    /// Waits for the first session with an adopted machine.
    void awaitGuest(Duration timeout) {
        tether.session(timeout);
    }

    /// Takes up a container of the journal; one whose log cannot be opened goes on without.
    void restore(ContainerRecord known) {
        containers.restore(known, surroundings(), this::copyTerminationMessage);
    }

    Container.Surroundings surroundings() {
        return house.forContainers(events);
    }

    void add(Container container) {
        containers.add(container);
    }

    void forget(Container container) {
        containers.forget(container);
    }

    /// All containers, also those that nobody may see.
    List<Container> everyContainer() {
        return containers.all();
    }

    /// Watches the folders of the sandbox's volumes.
    void followVolumes() {
        volumes.followAll(record().volumes(), tether.requireLine());
    }

    /// Appends layers to the disk: the journal first, so that a restart appends no other.
    void grow(LayerDisk disk) {
        Machine running = tether.requireMachine();
        update(current -> current.withLayers(disk.layers()));
        running.appendLayers(LayerDisk.files(disk.layers()));
    }

    void update(UnaryOperator<SandboxRecord> change) {
        ledger.update(change);
    }

    void copyTerminationMessage(Container container) {
        TerminationMessage.copy(container.record(), this::guest);
    }

    // ---- what GuestNews tells it ----

    /// Its guest is met, for the first time or again: what changed while nobody watched is learnt and told.
    void met(Guest guest) {
        standstill.guestAnswered();
        Reunion.of(this, guest);
        volumes.catchUp(record().volumes(), tether.requireLine());
    }

    // ---- what Checkpoints and Rebirth do with it, under its lock ----

    /// Stops its time for as long as it is being saved.
    Machine standStill() {
        return standstill.beginSaving();
    }

    /// Ends the session; returns when all that it brought is in the logs.
    void settleLogs() {
        // What changes while nobody can be told comes with the next session.
        tether.cutLine();
        volumes.close();
        containers.all().forEach(Container::settleLog);
    }

    /// Ends [#standStill].
    ///
    /// @param wasPaused whether its time stood still before
    void goOn(boolean wasPaused) {
        standstill.endSaving(wasPaused);
    }

    /// Tells the guest the time, of which it has missed some. One that does not answer goes on with the wrong time.
    void setClock() {
        standstill.setClock();
    }

    /// After a crash of the engine that was saving it.
    void goOnAfterCrash(Checkpointing driver) {
        standstill.endAfterCrash(driver);
    }

    /// Ends as it stands: nobody asks the guest for its last output.
    void endWithoutLastWords(String why) {
        tether.letGo();
        end.stop(why);
    }

    /// Ends the machine; the sandbox and its containers stay what they are to whoever looks, until [#exchangeContainers].
    void dropMachine() {
        end.dropMachine();
    }

    /// Has the machine of a checkpoint made, which takes long.
    Machine loaded(Supplier<Machine> load) {
        return end.loaded(load);
    }

    /// Has the containers of a checkpoint in the place of its own. There is no instant without any: a kubelet would start them anew.
    void exchangeContainers(List<ContainerRecord> saved) {
        containers.all().forEach(Container::retire);
        house.journal().exchangeContainers(containers.ids(), saved);
        containers.exchange(saved, surroundings(), this::copyTerminationMessage);
    }

    // ---- endings ----

    private void machineEnded(Machine which, String why) {
        holding(() -> {
            end.machineEnded(which, why);
            return why;
        });
    }

    /// Does something while nobody else makes, ends or removes.
    <T, E extends Exception> T holding(Action<T, E> action) throws E {
        lifecycle.lock();
        try {
            return action.run();
        } finally {
            lifecycle.unlock();
        }
    }

    /// What is done in [#holding].
    interface Action<T, E extends Exception> {
        T run() throws E;
    }

    /// Takes the lock for who ends the machine. Whoever holds it may be waiting for a guest that does not answer, or for all of its memory to be written or read,
    /// and so may the next one: without a line, or a machine, each is done.
    private void lockToEnd(String why) {
        boolean interrupted = false;
        while (true) {
            try {
                if (lifecycle.tryLock(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                    break;
                }
            } catch (InterruptedException impatient) {
                interrupted = true;
            }
            end.hasten(why);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void tell(String containerId, ContainerEvent.Kind kind) {
        events.publish(new ContainerEvent(id(), containerId, kind, house.now()));
    }
}
