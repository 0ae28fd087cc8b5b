package io.hypernetes.hyperd.sandbox;

import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.event.ContainerEvent;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.hypervisor.Machine;
import java.util.Collection;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// How a sandbox's machine ends, and what it used is given back. Each step can be taken again, so that a later engine finishes what was begun.
/// Whoever calls holds the sandbox's lifecycle lock.
final class SandboxEnd {
    private static final Logger LOG = LoggerFactory.getLogger(SandboxEnd.class);

    private final House house;
    private final SandboxLedger ledger;
    private final Tether tether;
    private final Standstill standstill;
    private final SandboxVolumes volumes;
    private final SandboxContainers containers;
    private final BiConsumer<String, ContainerEvent.Kind> tell;
    /// Whether a machine is being made that nobody holds yet.
    private volatile boolean loading;
    /// Why whoever waits for the lock ends the machine; empty when nobody does.
    private volatile String asked = "";

    /// @param tell told what becomes of which container or sandbox
    SandboxEnd(
            House house,
            SandboxLedger ledger,
            Tether tether,
            Standstill standstill,
            SandboxVolumes volumes,
            SandboxContainers containers,
            BiConsumer<String, ContainerEvent.Kind> tell) {
        this.house = house;
        this.ledger = ledger;
        this.tether = tether;
        this.standstill = standstill;
        this.volumes = volumes;
        this.containers = containers;
        this.tell = tell;
    }

    private String id() {
        return ledger.record().id();
    }

    /// Ends the machine with all that runs in it; the sandbox stays in sight.
    void stop(String why) {
        SandboxRecord.Phase phase = ledger.record().phase();
        if (phase == SandboxRecord.Phase.READY || phase == SandboxRecord.Phase.MAKING) {
            LastWords.of(containers.all(), standstill.isKnownToBe() ? null : tether.sessionNow());
            ledger.update(current -> current.withPhase(SandboxRecord.Phase.STOPPED, why));
        }
        giveBack();
        Container.lost(containers.all(), why);
    }

    /// The machine has ended by itself, unless it has been replaced meanwhile, or by whoever waits for the lock to do so and only comes second.
    void machineEnded(Machine which, String why) {
        if (ledger.record().phase() == SandboxRecord.Phase.READY && tether.machine().orElse(null) == which) {
            LOG.warn("event=machine-ended sandbox={} why=\"{}\"", id(), why);
            String wanted = asked;
            stop(wanted.isEmpty() ? "The pod's virtual machine has ended by itself: " + why : wanted);
        }
    }

    /// Forgets a sandbox that has been stopped, with its containers.
    void forget(String why) {
        ledger.update(current -> current.withPhase(SandboxRecord.Phase.REMOVING, why));
        giveBack();
        house.images().release(id());
        Collection<String> known = containers.ids();
        containers.close();
        house.journal().removeSandbox(id(), known.stream().toList());
        containers.all().forEach(containers::forget);
        known.forEach(container -> tell.accept(container, ContainerEvent.Kind.DELETED));
        tell.accept(id(), ContainerEvent.Kind.DELETED);
    }

    /// Ends what whoever holds the sandbox's lock may be waiting for: a guest that does not answer, or all of its memory being written or read, which takes
    /// minutes. Needs no lock itself; to be called again as long as that lasts.
    ///
    /// @param why the machine is to end
    void hasten(String why) {
        asked = why;
        tether.cutLine();
        standstill.giveUpSaving();
        if (loading) {
            LOG.info("event=loading-given-up sandbox={}", id());
            try {
                removeRemains();
            } catch (RuntimeException meanwhile) {
                // Whoever loads it may be removing the same, and a cgroup or a process that is gone by then is told by the system's call. It is tried again.
                LOG.warn("event=loading-not-ended sandbox={} error=\"{}\"", id(), meanwhile.getMessage());
            }
        }
    }

    /// Has a machine made that takes long; who is to end the sandbox meanwhile ends what is there of it.
    Machine loaded(Supplier<Machine> load) {
        loading = true;
        try {
            return load.get();
        } finally {
            loading = false;
        }
    }

    private void removeRemains() {
        house.hypervisor().removeRemains(id(), house.machineFolder(id()), house.cgroupParent());
    }

    /// Ends the machine; the sandbox stays what it is, and keeps its place on the network. Its containers stay in sight, as they were.
    void dropMachine() {
        tether.letGo();
        volumes.close();
        if (tether.machine().isPresent()) {
            tether.destroy();
        }
        removeRemains();
        standstill.over();
    }

    private void giveBack() {
        boolean had = ledger.record().machine() != null;
        tether.cutLine();
        volumes.close();
        if (tether.machine().isPresent()) {
            tether.destroy();
        } else {
            try {
                Optional.ofNullable(ledger.record().machine()).flatMap(house.hypervisor()::adopt).ifPresent(Machine::destroy);
            } catch (HypervisorException unreachable) {
                // What follows ends whatever is in its cgroup.
                LOG.warn("event=machine-not-adopted sandbox={} error=\"{}\" next=\"it is ended by its cgroup\"", id(), unreachable.getMessage());
            }
        }
        standstill.over();
        // A start that was interrupted leaves no record of what it made.
        removeRemains();
        ledger.update(current -> current.withMachine(null));
        house.network().detach(id());
        house.scratch().remove(id());
        if (had) {
            LOG.info("event=sandbox-stopped sandbox={} why=\"{}\"", id(), ledger.record().message());
            tell.accept(id(), ContainerEvent.Kind.STOPPED);
        }
    }
}
