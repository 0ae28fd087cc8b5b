package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.ContainerExit;
import io.hypernetes.guest.Guest;
import io.hypernetes.guest.GuestException;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.event.ContainerEvent;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hypervisor.Machine;
import io.hypernetes.hypervisor.MachineUsage;
import io.hypernetes.network.Attachment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
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
    private static final Duration LAST_WORDS = Duration.ofSeconds(3);
    private static final long PATIENCE_SECONDS = 5;

    private final House house;
    private final ReentrantLock lifecycle = new ReentrantLock();
    private final Map<String, Container> containers = new ConcurrentHashMap<>();
    private final SandboxVolumes volumes;

    private volatile SandboxRecord record;
    private volatile @Nullable Machine machine;
    private volatile @Nullable GuestLine line;
    private volatile @Nullable Thread watcher;

    Sandbox(SandboxRecord record, House house) {
        this.record = record;
        this.house = house;
        this.volumes = new SandboxVolumes(record.id(), house.folders());
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

    /// Its containers that may be seen, oldest first.
    public List<Container> containers() {
        return containers.values().stream()
                .filter(container -> container.record().state() != ContainerRecord.State.MAKING
                        && container.record().state() != ContainerRecord.State.REMOVING)
                .sorted(Comparator.comparingLong(container -> container.record().createdNanos()))
                .toList();
    }

    public Optional<Container> container(String containerId) {
        return Optional.ofNullable(containers.get(containerId))
                .filter(container -> container.record().state() != ContainerRecord.State.MAKING
                        && container.record().state() != ContainerRecord.State.REMOVING);
    }

    /// A session with the guest.
    ///
    /// @throws HyperdException when the sandbox is not ready or its guest does not answer
    public Guest guest() {
        GuestLine open = line;
        if (!isReady() || open == null) {
            throw new HyperdException(
                    HyperdException.Kind.WRONG_STATE,
                    "Sandbox " + id() + " is not ready" + (record.message().isEmpty() ? "." : ": " + record.message()));
        }
        return open.session(SESSION);
    }

    /// What the machine costs the host; empty when there is none.
    public Optional<MachineUsage> usage() {
        Machine running = machine;
        return running == null ? Optional.empty() : Optional.of(running.usage());
    }

    /// As whom its machine is known to the host; empty when there is none.
    public Optional<io.hypernetes.hypervisor.MachineRecord> machineRecord() {
        return Optional.ofNullable(record.machine());
    }

    /// Prepares a container.
    Container create(io.hypernetes.hyperd.container.ContainerRequest request) {
        return holding(() -> new ContainerMaking(house, this, volumes).make(request));
    }

    /// Starts a prepared container.
    public void start(Container container) {
        container.start(guest());
    }

    /// Stops a container as [Container#stop] does.
    public void stop(Container container, Duration grace) {
        if (container.record().state() == ContainerRecord.State.RUNNING && isReady()) {
            container.stop(guest(), grace);
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
                if (container.record().state() == ContainerRecord.State.RUNNING) {
                    container.stop(guest, Duration.ZERO);
                }
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
        // Somebody may hold the lock and wait for a guest that does not answer: cut the line, and he is done.
        boolean held = tryLock();
        if (!held) {
            closeLine();
            lifecycle.lock();
        }
        try {
            end(why);
        } finally {
            lifecycle.unlock();
        }
    }

    /// Ends and forgets it, with its containers. Idempotent.
    void remove() {
        stop("The pod is being removed.");
        lifecycle.lock();
        try {
            update(current -> current.withPhase(SandboxRecord.Phase.REMOVING, "The pod is being removed."));
            releaseHost();
            house.images().release(id());
            List<String> known = List.copyOf(containers.keySet());
            containers.values().forEach(Container::close);
            house.journal().removeSandbox(id(), known);
            containers.clear();
            known.forEach(container -> tell(container, ContainerEvent.Kind.DELETED));
            tell(id(), ContainerEvent.Kind.DELETED);
        } finally {
            lifecycle.unlock();
        }
    }

    /// Leaves it running.
    @Override
    public void close() {
        Thread watching = watcher;
        if (watching != null) {
            watching.interrupt();
        }
        volumes.close();
        closeLine();
        containers.values().forEach(Container::close);
    }

    // ---- what SandboxBoot, ContainerMaking and Recovery do with it ----

    void placed(Attachment attachment) {
        update(current -> current.withAttachment(attachment));
    }

    void started(Machine running) {
        machine = running;
        update(current -> current.withMachine(running.record()));
    }

    Guest firstSession(Duration deadline) {
        GuestLine fresh = newLine();
        fresh.open(Guest.Freshness.JUST_BOOTED, deadline);
        return fresh.session(Duration.ZERO);
    }

    void giveUpMachine(UUID next) {
        closeLine();
        Machine running = machine;
        machine = null;
        if (running != null) {
            running.destroy();
        }
        update(current -> current.withMachine(null).withMachineId(next));
    }

    void ready(Map<String, Long> phases) {
        update(current -> current.withPhases(phases).withPhase(SandboxRecord.Phase.READY, ""));
        watch();
        tell(id(), ContainerEvent.Kind.STARTED);
    }

    /// Takes over a machine that runs on since an earlier process of ours.
    void adopted(Machine running) {
        machine = running;
        GuestLine fresh = newLine();
        watch();
        fresh.openInBackground();
    }

    /// Waits for the first session with an adopted machine.
    void awaitGuest(Duration timeout) {
        GuestLine open = line;
        if (open != null) {
            open.session(timeout);
        }
    }

    /// Takes up a container of the journal; one whose log cannot be opened goes on without.
    void restore(ContainerRecord known) {
        Container container;
        try {
            container = new Container(known, house.forContainers(), this::copyTerminationMessage);
        } catch (HyperdException noLog) {
            LOG.error("event=log-lost container={} error=\"{}\" effect=\"its output goes nowhere\"", known.id(), noLog.getMessage());
            container = new Container(known.withoutLog(), house.forContainers(), this::copyTerminationMessage);
        }
        containers.put(known.id(), container);
    }

    void add(Container container) {
        containers.put(container.id(), container);
    }

    void forget(Container container) {
        containers.remove(container.id());
    }

    void followVolumes() {
        GuestLine open = line;
        if (open != null) {
            record.volumes().forEach((name, volume) -> {
                if (volume.kind() == SandboxRecord.VolumeKind.FILES && !volume.hostPath().isEmpty()) {
                    volumes.follow(name, volume, open);
                }
            });
        }
    }

    /// Appends layers to the disk: the journal first, so that a restart appends no other.
    void grow(LayerDisk disk) {
        Machine running = machine;
        if (running == null) {
            throw new HyperdException(HyperdException.Kind.WRONG_STATE, "Sandbox " + id() + " has no machine.");
        }
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

    void copyTerminationMessage(Container container) {
        TerminationMessage.copy(container.record(), () -> guest());
    }

    // ---- endings ----

    private void end(String why) {
        if (record.phase() == SandboxRecord.Phase.READY || record.phase() == SandboxRecord.Phase.MAKING) {
            lastWords();
            update(current -> current.withPhase(SandboxRecord.Phase.STOPPED, why));
        }
        releaseHost();
        List<Container> all = new ArrayList<>(containers.values());
        all.forEach(container -> container.lost(why));
    }

    private void releaseHost() {
        boolean had = record.machine() != null;
        volumes.close();
        closeLine();
        Machine running = machine;
        if (running != null) {
            running.destroy();
            machine = null;
        } else {
            Optional.ofNullable(record.machine()).flatMap(house.hypervisor()::adopt).ifPresent(Machine::destroy);
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

    // Kills what still runs while the guest can tell how it ended.
    private void lastWords() {
        GuestLine open = line;
        Guest guest = open == null ? null : open.sessionNow();
        if (guest == null) {
            return;
        }
        try {
            List<Container> running = containers.values().stream()
                    .filter(container -> container.record().state() == ContainerRecord.State.RUNNING)
                    .toList();
            for (Container container : running) {
                guest.signal(
                        container.id(),
                        io.hypernetes.hyperd.container.Signals.KILL,
                        io.hypernetes.guest.SignalTarget.ALL_PROCESSES,
                        LAST_WORDS);
            }
            for (Container container : running) {
                container.awaitExit(LAST_WORDS);
            }
        } catch (GuestException silent) {
            LOG.debug("event=no-last-words sandbox={} error=\"{}\"", id(), silent.getMessage());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void machineEnded(String why) {
        lifecycle.lock();
        try {
            if (isReady()) {
                LOG.warn("event=machine-ended sandbox={} why=\"{}\"", id(), why);
                end("The pod's virtual machine has ended by itself: " + why);
            }
        } finally {
            lifecycle.unlock();
        }
    }

    // ---- parts ----

    private void watch() {
        Machine running = machine;
        if (running == null) {
            return;
        }
        watcher = Thread.ofVirtual().name("machine-" + id()).start(() -> {
            try {
                Optional<String> why = Optional.empty();
                while (why.isEmpty()) {
                    why = running.awaitExit(Duration.ofHours(1));
                }
                machineEnded(why.get());
            } catch (InterruptedException left) {
                LOG.debug("event=machine-left sandbox={}", id());
            }
        });
    }

    private GuestLine newLine() {
        Machine running = machine;
        if (running == null) {
            throw new IllegalStateException("sandbox " + id() + " has no machine");
        }
        closeLine();
        GuestLine fresh = new GuestLine(id(), running, house.door(), new Follower());
        line = fresh;
        return fresh;
    }

    private void closeLine() {
        GuestLine open = line;
        if (open != null) {
            open.close();
        }
    }

    private <T> T holding(java.util.function.Supplier<T> action) {
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
        house.events().publish(new ContainerEvent(id(), containerId, kind, house.now()));
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
            Reunion.of(Sandbox.this, house, guest);
            followVolumes();
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
            LOG.info("event=out-of-memory sandbox={} container={} kills={}", id(), containerId, kills);
        }
    }

    /// All containers, also those that nobody may see.
    List<Container> everyContainer() {
        return List.copyOf(containers.values());
    }
}
