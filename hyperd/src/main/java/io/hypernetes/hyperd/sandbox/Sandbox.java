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
import io.hypernetes.hypervisor.Machine;
import io.hypernetes.hypervisor.MachineRecord;
import io.hypernetes.hypervisor.MachineUsage;
import io.hypernetes.telemetry.Timeline;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
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

    private final House house;
    private final LifecycleLock lifecycle = new LifecycleLock();
    private final SandboxLedger ledger;
    private final SandboxContainers containers = new SandboxContainers();
    private final SandboxVolumes volumes;
    private final Tether tether;
    private final Standstill standstill;
    private final SandboxEnd end;
    private final SandboxBeginning beginning;
    private final SandboxSaving saving;
    private final Events events;
    private final Timeline timeline;
    // Not in the journal: whoever meets the guest the next time appends whatever it says.
    private volatile boolean lacksLayers;

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
        this.beginning = new SandboxBeginning(house, ledger, tether, standstill, this::machineEnded, this::tell);
        this.saving = new SandboxSaving(house, tether, standstill, volumes, containers, end, this::surroundings, this::copyTerminationMessage);
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
        return beginning.coldReason();
    }

    /// What the machine costs the host; empty when there is none.
    public Optional<MachineUsage> usage() {
        return tether.usage();
    }

    /// What its machine's own disk takes on the host's, whatever its guest says of that, in bytes; 0 when it has none.
    public long scratchUsedBytes() {
        return house.scratch().usedBytes(id());
    }

    /// What the disks take on the host's that it may write to and that outlive it, by their files below the folder of such disks, in bytes.
    public Map<String, Long> volumesUsedBytes() {
        return house.mounts().disks().usedBytes(record().identity().annotations());
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
        lifecycle.holdingToEnd(() -> end.hasten(why), () -> {
            if (record().hasDisks()) {
                unmount(Duration.ZERO);
            }
            end.stop(why);
        });
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

    /// How it comes by its machine.
    SandboxBeginning beginning() {
        return beginning;
    }

    /// How it is saved and restored.
    SandboxSaving saving() {
        return saving;
    }

    // ---- what ContainerMaking, Recovery and Reunion do with it ----

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

    /// Watches the folders of volumes of the sandbox.
    void followVolumes(Map<String, SandboxRecord.Volume> which) {
        volumes.followAll(which, tether.requireLine());
    }

    /// Appends layers to the disk: the journal first, so that a restart appends no other.
    void grow(LayerDisk disk) {
        Machine running = tether.requireMachine();
        update(current -> current.withLayers(disk.layers()));
        lacksLayers = true;
        running.appendLayers(LayerDisk.files(disk.layers()));
        lacksLayers = false;
    }

    /// Whether its record is ahead of the disk, since the machine did not take what was to be appended: then that has to be done again.
    boolean lacksLayers() {
        return lacksLayers;
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

    // ---- endings ----

    private void machineEnded(Machine which, String why) {
        holding(() -> {
            end.machineEnded(which, why);
            return why;
        });
    }

    /// Does something while nobody else makes, ends or removes.
    <T, E extends Exception> T holding(LifecycleLock.Action<T, E> action) throws E {
        return lifecycle.holding(action);
    }

    private void tell(String containerId, ContainerEvent.Kind kind) {
        events.publish(new ContainerEvent(id(), containerId, kind, house.now()));
    }
}
