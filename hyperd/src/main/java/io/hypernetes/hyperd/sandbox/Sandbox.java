package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.ContainerExit;
import io.hypernetes.guest.Errno;
import io.hypernetes.guest.Guest;
import io.hypernetes.guest.GuestException;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.container.ContainerRequest;
import io.hypernetes.hyperd.event.ContainerEvent;
import io.hypernetes.hyperd.event.Events;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hyperd.volume.PodDisks;
import io.hypernetes.hypervisor.Checkpointing;
import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.hypervisor.Machine;
import io.hypernetes.hypervisor.MachineRecord;
import io.hypernetes.hypervisor.MachineUsage;
import io.hypernetes.hypervisor.Template;
import io.hypernetes.network.Attachment;
import io.hypernetes.telemetry.Timeline;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
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
    private static final Duration AFTER_PAUSE = Duration.ofSeconds(60);
    private static final Duration CLEAN = Duration.ofSeconds(10);
    // What a volume takes from an image is copied before the first program runs.
    private static final Duration FIRST_CONTENT = Duration.ofMinutes(10);
    // A file system of terabytes on a slow disk.
    private static final Duration GROWING = Duration.ofSeconds(60);
    private static final long PATIENCE_SECONDS = 5;

    private final House house;
    private final ReentrantLock lifecycle = new ReentrantLock();
    private final Map<String, Container> containers = new ConcurrentHashMap<>();
    private final SandboxVolumes volumes;
    private final Tether tether;
    private final Standstill standstill;
    private final Events events;
    private final Timeline timeline;

    // Replaced under this.
    private volatile SandboxRecord record;
    // Not in the journal: of interest while the start is.
    private volatile String coldReason = "";
    // Not in the journal: no template survives the engine.
    private volatile @Nullable Template origin;

    Sandbox(SandboxRecord record, House house) {
        this.record = record;
        this.house = house;
        this.timeline = house.timeline();
        this.volumes = new SandboxVolumes(record.id(), house.folders());
        this.tether = new Tether(record.id(), house.door(), new Follower());
        this.standstill = new Standstill(record.id());
        // What belongs to the Docker face is no news to those who follow CRI.
        this.events = record.identity().isDocker() ? new Events() : house.events();
    }

    public String id() {
        return record.id();
    }

    public SandboxRecord record() {
        return record;
    }

    public boolean isReady() {
        return record.phase() == SandboxRecord.Phase.READY;
    }

    /// What was done for it, step by step.
    public Timeline timeline() {
        return timeline;
    }

    /// Its containers that may be seen, oldest first.
    public List<Container> containers() {
        return containers.values().stream()
                .filter(container -> container.record().isVisible())
                .sorted(Comparator.comparingLong(container -> container.record().createdNanos()))
                .toList();
    }

    /// A session with the guest.
    ///
    /// @throws HyperdException when the sandbox is not ready or its guest does not answer
    public Guest guest() {
        if (!isReady()) {
            throw new HyperdException(
                    HyperdException.Kind.WRONG_STATE,
                    "Sandbox " + id() + " is not ready" + (record.message().isEmpty() ? "." : ": " + record.message()));
        }
        if (standstill.isKnownToBe()) {
            throw new HyperdException(
                    HyperdException.Kind.WRONG_STATE, "Sandbox " + id() + " is paused. Resume it first: `hypernetes pod resume`.");
        }
        return tether.session(SESSION);
    }

    /// Stops time for all its processes; memory, connections and disks stay as they are. Idempotent. Survives a restart of hyperd.
    public void pause() {
        holding(() -> {
            standstill.begin(runningMachine());
            LOG.info("event=sandbox-paused sandbox={}", id());
            return id();
        });
    }

    /// Lets time go on, and sets the guest's clock right. Idempotent.
    public void resume() {
        holding(() -> {
            standstill.end(runningMachine());
            tether.session(AFTER_PAUSE).resume(SandboxBoot.identity(house, record), House.ANSWER);
            LOG.info("event=sandbox-resumed sandbox={}", id());
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
        return standstill.is(runningMachine());
    }

    private Machine runningMachine() {
        if (!isReady()) {
            throw new HyperdException(
                    HyperdException.Kind.WRONG_STATE, "Sandbox " + id() + " has no machine that runs, so it cannot be paused or resumed.");
        }
        return tether.requireMachine();
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
        return Optional.ofNullable(record.machine());
    }

    /// Starts a prepared container.
    public void start(Container container) {
        house.activity().begin();
        try (Timeline.Running step = timeline.begin("StartContainer", container.record().identity().name())) {
            Timeline.Running output = step.begin("first output", container.record().identity().name());
            container.whenHeard(output::close);
            step.step("start", () -> container.start(guest(), record.hasDisks() ? FIRST_CONTENT : House.ANSWER));
        } finally {
            house.activity().end();
        }
    }

    /// Changes a running container's limits; those that are 0 in `asked` stay as they are.
    ///
    /// @throws HyperdException when the machine is smaller than that
    public void updateResources(Container container, ContainerRecord.Resources asked) {
        MachineSizes.checkWithin(record.size(), asked);
        container.updateResources(guest(), asked);
    }

    /// Makes one of its disks larger while it runs: the file, what the machine sees of it, and the file system, in this order. Each step can be
    /// taken again, so whoever asks again after any failure goes on where it stopped; a machine that is made anew has what the file has.
    ///
    /// @param volume the pod's name of it
    /// @param bytes at least so large
    /// @throws HyperdException when it does not run, has no such disk, or its guest was started by a version that cannot do this
    public void growDisk(String volume, long bytes) {
        holding(() -> {
            PodDisks.Disk disk = house.mounts().disks().get(record.identity().annotations(), volume);
            Guest guest = guest();
            long size = house.mounts().disks().grow(disk, bytes);
            if (!tether.requireMachine().growVolume(disk.serial(), size)) {
                throw tooOld(volume, null);
            }
            // What no container uses yet grows when it is mounted.
            if (record.volumes().containsKey(disk.serial())) {
                try {
                    guest.grow(disk.serial(), size, GROWING);
                } catch (GuestException old) {
                    if (old.kind() == GuestException.Kind.REFUSED && old.errno() == Errno.EOPNOTSUPP) {
                        throw tooOld(volume, old);
                    }
                    throw old;
                }
            }
            LOG.info("event=disk-grown sandbox={} volume={} bytes={}", id(), volume, size);
            return id();
        });
    }

    private HyperdException tooOld(String volume, @Nullable GuestException refusal) {
        String message = "Sandbox " + id() + ": its machine was started by a version that cannot grow volume " + volume
                + " while it is in use; it grows when the pod starts anew.";
        return refusal == null
                ? new HyperdException(HyperdException.Kind.UNSUPPORTED, message)
                : new HyperdException(HyperdException.Kind.UNSUPPORTED, message, refusal);
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
            if (containers.get(container.id()) != container) {
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
            containers.remove(container.id());
            container.removed();
            return container;
        });
    }

    /// Ends the machine and gives back what it used. Idempotent.
    void stop(String why) {
        if (!tryLock()) {
            // Whoever holds the lock may be waiting for a guest that does not answer: without a line he is done.
            tether.cutLine();
            lifecycle.lock();
        }
        try {
            if (record.hasDisks()) {
                unmount(Duration.ZERO);
            }
            end(why);
        } finally {
            lifecycle.unlock();
        }
    }

    /// Ends the machine so that its disks are clean, which an abrupt end does not promise. Idempotent.
    void shutDown(String why, Duration grace) {
        holding(() -> {
            unmount(grace);
            end(why);
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
            update(current -> current.withPhase(SandboxRecord.Phase.REMOVING, "The pod is being removed."));
            giveBack();
            house.images().release(id());
            List<String> known = List.copyOf(containers.keySet());
            containers.values().forEach(Container::close);
            house.journal().removeSandbox(id(), known);
            containers.clear();
            known.forEach(container -> tell(container, ContainerEvent.Kind.DELETED));
            tell(id(), ContainerEvent.Kind.DELETED);
            return known;
        });
    }

    /// Leaves it running.
    @Override
    public void close() {
        volumes.close();
        standstill.close();
        tether.letGo();
        containers.values().forEach(Container::close);
    }

    // ---- what SandboxBoot, ContainerMaking, Recovery and Reunion do with it ----

    void placed(Attachment attachment) {
        note(current -> current.withAttachment(attachment));
    }

    void started(Machine running) {
        tether.hold(running);
        note(current -> current.withMachine(running.record()));
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
        becomeReady(current -> current.withPhases(phases).withPhase(SandboxRecord.Phase.READY, ""));
        Template template = origin;
        tether.watch((which, why) -> {
            // Whatever becomes of the sandbox meanwhile.
            if (template != null && which.crashed()) {
                house.templates().crashed(template, SandboxBoot.tenant(record));
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
        Container container;
        try {
            container = new Container(known, surroundings(), this::copyTerminationMessage);
        } catch (HyperdException noLog) {
            LOG.error("event=log-lost container={} error=\"{}\" effect=\"its output goes nowhere\"", known.id(), noLog.getMessage());
            container = new Container(known.withoutLog(), surroundings(), this::copyTerminationMessage);
        }
        add(container);
    }

    Container.Surroundings surroundings() {
        return house.forContainers(events);
    }

    void add(Container container) {
        containers.put(container.id(), container);
    }

    void forget(Container container) {
        containers.remove(container.id());
    }

    /// All containers, also those that nobody may see.
    List<Container> everyContainer() {
        return List.copyOf(containers.values());
    }

    /// Watches the folders of the sandbox's volumes.
    void followVolumes() {
        volumes.followAll(record.volumes(), tether.requireLine());
    }

    /// Appends layers to the disk: the journal first, so that a restart appends no other.
    void grow(LayerDisk disk) {
        Machine running = tether.requireMachine();
        update(current -> current.withLayers(disk.layers()));
        running.appendLayers(LayerDisk.files(disk.layers()));
    }

    synchronized void update(UnaryOperator<SandboxRecord> change) {
        SandboxRecord next = change.apply(record);
        if (!next.equals(record)) {
            house.journal().write(next);
            record = next;
        }
    }

    // What is made comes into the journal when all of it is: until then it is found by the sandbox's id.
    private synchronized void note(UnaryOperator<SandboxRecord> change) {
        if (record.phase() == SandboxRecord.Phase.MAKING) {
            record = change.apply(record);
        } else {
            update(change);
        }
    }

    // How it was made is kept with it, in the same write.
    private synchronized void becomeReady(UnaryOperator<SandboxRecord> change) {
        SandboxRecord next = change.apply(record);
        house.journal().write(next, timeline.steps());
        record = next;
    }

    void copyTerminationMessage(Container container) {
        TerminationMessage.copy(container.record(), this::guest);
    }

    // ---- what Checkpoints and Rebirth do with it, under its lock ----

    /// Stops its time without anybody's asking for that to last.
    Machine standStill() {
        Machine running = runningMachine();
        standstill.begin(running);
        return running;
    }

    /// Ends the session; returns when all that it brought is in the logs.
    void settleLogs() {
        // What changes while nobody can be told comes with the next session.
        volumes.close();
        tether.cutLine();
        containers.values().forEach(Container::settleLog);
    }

    /// Ends [#standStill].
    ///
    /// @param wasPaused whether its time stood still before
    void goOn(boolean wasPaused) {
        if (wasPaused) {
            return;
        }
        Machine running = runningMachine();
        standstill.end(running);
        tether.lineAgain(running);
        setClock();
    }

    /// Tells the guest the time, of which it has missed some. One that does not answer goes on with the wrong time.
    void setClock() {
        try {
            tether.session(AFTER_PAUSE).resume(SandboxBoot.identity(house, record), House.ANSWER);
        } catch (GuestException | HyperdException silent) {
            LOG.warn("event=clock-not-set sandbox={} error=\"{}\"", id(), silent.getMessage());
        }
    }

    /// After a crash of the engine that was saving it.
    void goOnAfterCrash(Checkpointing driver) {
        Machine running = runningMachine();
        driver.abandon(running, LayerDisk.files(record.layers()));
        standstill.end(running);
    }

    /// Ends as it stands: nobody asks the guest for its last output.
    void endWithoutLastWords(String why) {
        tether.letGo();
        end(why);
    }

    /// Ends the machine with all containers; the sandbox stays what it is, and keeps its place on the network.
    void dropMachine() {
        volumes.close();
        tether.letGo();
        if (tether.machine().isPresent()) {
            tether.destroy();
        }
        house.hypervisor().removeRemains(id(), house.machineFolder(id()), house.cgroupParent());
        standstill.over();
        for (Container container : List.copyOf(containers.values())) {
            container.close();
            containers.remove(container.id());
            house.journal().removeContainer(container.id());
        }
    }

    // ---- endings ----

    private void end(String why) {
        if (record.phase() == SandboxRecord.Phase.READY || record.phase() == SandboxRecord.Phase.MAKING) {
            LastWords.of(containers.values(), isPaused() ? null : tether.sessionNow());
            update(current -> current.withPhase(SandboxRecord.Phase.STOPPED, why));
        }
        giveBack();
        containers.values().forEach(container -> container.lost(why));
    }

    private void giveBack() {
        boolean had = record.machine() != null;
        volumes.close();
        if (tether.machine().isPresent()) {
            tether.destroy();
        } else {
            try {
                machineRecord().flatMap(house.hypervisor()::adopt).ifPresent(Machine::destroy);
            } catch (HypervisorException unreachable) {
                // What follows ends whatever is in its cgroup.
                LOG.warn("event=machine-not-adopted sandbox={} error=\"{}\" next=\"it is ended by its cgroup\"", id(), unreachable.getMessage());
            }
        }
        // A start that was interrupted leaves no record of what it made.
        house.hypervisor().removeRemains(id(), house.machineFolder(id()), house.cgroupParent());
        update(current -> current.withMachine(null));
        house.network().detach(id());
        house.scratch().remove(id());
        if (had) {
            LOG.info("event=sandbox-stopped sandbox={} why=\"{}\"", id(), record.message());
            tell(id(), ContainerEvent.Kind.STOPPED);
        }
    }

    private void machineEnded(Machine which, String why) {
        holding(() -> {
            // It may have been replaced meanwhile.
            if (isReady() && tether.machine().orElse(null) == which) {
                LOG.warn("event=machine-ended sandbox={} why=\"{}\"", id(), why);
                end("The pod's virtual machine has ended by itself: " + why);
            }
            return why;
        });
    }

    /// Does something while nobody else makes, ends or removes.
    <T> T holding(Supplier<T> action) {
        lifecycle.lock();
        try {
            return action.get();
        } finally {
            lifecycle.unlock();
        }
    }

    private boolean tryLock() {
        try {
            return lifecycle.tryLock(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void tell(String containerId, ContainerEvent.Kind kind) {
        events.publish(new ContainerEvent(id(), containerId, kind, house.now()));
    }

    /// Hears the guest.
    private final class Follower implements GuestLine.Follower {
        @Override
        public void attached(Guest guest) {
            if (record.phase() == SandboxRecord.Phase.MAKING) {
                return;
            }
            if (!House.isInstance(guest, record.machineId())) {
                throw new HyperdException(
                        HyperdException.Kind.UNAVAILABLE, "Sandbox " + id() + ": the guest that answers is another one's.");
            }
            standstill.guestAnswered();
            Reunion.of(Sandbox.this, guest);
            // What changed while nobody watched is pushed now.
            volumes.catchUp(record.volumes(), tether.requireLine());
        }

        @Override
        public void exited(ContainerExit exit) {
            Container container = containers.get(exit.container());
            if (container != null) {
                container.exited(exit);
            }
        }

        @Override
        public void outOfMemory(String containerId, long kills) {
            // The guest may say so as often as it likes.
            LOG.debug("event=out-of-memory sandbox={} container={} kills={}", id(), containerId, kills);
        }
    }
}
