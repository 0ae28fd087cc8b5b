package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.GuestException;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.journal.Intent;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.hypervisor.Machine;
import io.hypernetes.hypervisor.MachineRecord;
import io.hypernetes.linux.Cgroups;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a starting engine does with what an earlier one left: running machines are adopted, what was half done is finished or
/// undone, what belongs to nobody is removed. Nothing is ever started again.
final class Recovery {
    private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);
    private static final Duration FIRST_ANSWER = Duration.ofSeconds(5);
    private static final long[] PAUSES_MILLIS = {100, 1000, 3000};

    private final House house;
    private final Sandboxes sandboxes;
    private final Checkpoints checkpoints;

    Recovery(House house, Sandboxes sandboxes, Checkpoints checkpoints) {
        this.house = house;
        this.sandboxes = sandboxes;
        this.checkpoints = checkpoints;
    }

    void run() {
        List<SandboxRecord> records = house.journal().sandboxes();
        Map<String, List<ContainerRecord>> containers =
                house.journal().containers().stream().collect(Collectors.groupingBy(ContainerRecord::sandboxId));
        Set<String> known = records.stream().map(SandboxRecord::id).collect(Collectors.toSet());
        containers.forEach((sandboxId, orphans) -> {
            if (!known.contains(sandboxId)) {
                orphans.forEach(orphan -> house.journal().removeContainer(orphan.id()));
            }
        });
        List<Thread> work = new ArrayList<>();
        for (SandboxRecord record : records) {
            Sandbox sandbox = new Sandbox(record, house);
            house.journal().steps(record.id()).forEach(sandbox.timeline()::keep);
            sandboxes.add(sandbox);
            restore(sandbox, containers.getOrDefault(record.id(), List.of()));
            work.add(Thread.ofVirtual().name("recover-" + record.id()).start(() -> recover(sandbox)));
        }
        join(work);
        removeLeaks(known);
    }

    private void restore(Sandbox sandbox, List<ContainerRecord> records) {
        for (ContainerRecord record : records) {
            switch (record.state()) {
                case MAKING, REMOVING -> house.journal().removeContainer(record.id());
                case CREATED, RUNNING, EXITED -> sandbox.restore(record);
            }
        }
    }

    private void recover(Sandbox sandbox) {
        SandboxRecord record = sandbox.record();
        try {
            Intent intent = house.journal().intent(record.id()).orElse(null);
            if (intent != null) {
                checkpoints.forgetUnpublished(intent);
            }
            if (intent != null && intent.kind() == Intent.Kind.RESTORE) {
                undo(sandbox, record);
                return;
            }
            switch (record.phase()) {
                case MAKING, REMOVING -> undo(sandbox, record);
                case STOPPED -> sandbox.stop(record.message());
                case READY -> adopt(sandbox, record, intent);
            }
            house.journal().intentDone(record.id());
        } catch (RuntimeException failure) {
            // It stays in sight; its owner may stop and remove it.
            LOG.error("event=sandbox-not-recovered sandbox={} phase={} error=\"{}\"",
                    record.id(), record.phase(), failure.getMessage(), failure);
        }
    }

    private void undo(Sandbox sandbox, SandboxRecord record) {
        sandbox.remove();
        sandboxes.forget(sandbox);
        LOG.info("event=sandbox-undone sandbox={} phase={}", record.id(), record.phase());
    }

    /// @param intent to save it, which an earlier process did not come to the end of; null for none
    private void adopt(Sandbox sandbox, SandboxRecord record, @Nullable Intent intent) {
        MachineRecord known = record.machine();
        Optional<Machine> machine;
        try {
            machine = known == null ? Optional.empty() : adopt(known);
        } catch (HypervisorException unknown) {
            // What is shown as ready and cannot be reached would stay so for ever; as stopped, its owner has it removed, which ends the machine.
            sandbox.stop("The pod's virtual machine could not be taken over: " + unknown.getMessage());
            return;
        }
        if (machine.isEmpty()) {
            LOG.warn("event=machine-gone sandbox={}", record.id());
            sandbox.stop("The pod's virtual machine ended while hyperd was not running.");
            return;
        }
        sandbox.beginning().adopted(machine.get());
        if (intent != null && !intent.paused()) {
            house.hypervisor().checkpointing().ifPresent(sandbox.saving()::goOnAfterCrash);
            LOG.info("event=checkpoint-undone sandbox={} name={}", record.id(), intent.checkpoint());
        }
        if (sandbox.isPaused()) {
            LOG.info("event=sandbox-adopted sandbox={} state=paused", record.id());
            return;
        }
        try {
            sandbox.beginning().awaitGuest(FIRST_ANSWER);
            if (intent != null) {
                sandbox.saving().setClock();
            }
            LOG.info("event=sandbox-adopted sandbox={} pod={}/{}", record.id(), record.identity().namespace(), record.identity().name());
        } catch (GuestException | HyperdException slow) {
            LOG.warn("event=guest-slow sandbox={} error=\"{}\" next=\"tried on in the background\"", record.id(), slow.getMessage());
        }
    }

    /// What keeps this process from it may be over in a moment, as when it has no descriptor left.
    private Optional<Machine> adopt(MachineRecord known) {
        for (long pause : PAUSES_MILLIS) {
            try {
                return house.hypervisor().adopt(known);
            } catch (HypervisorException failure) {
                LOG.warn("event=machine-not-adopted name={} error=\"{}\" next=\"again in {} ms\"", known.name(), failure.getMessage(), pause);
                LockSupport.parkNanos(pause * 1_000_000);
            }
        }
        return house.hypervisor().adopt(known);
    }

    /// What cannot be removed now is told as a leak, and keeps nobody from starting.
    private static void removing(String what, String id, Runnable removal) {
        LOG.warn("event=leak-removed what={} sandbox={}", what, id);
        try {
            removal.run();
        } catch (RuntimeException failure) {
            LOG.error("event=leak-not-removed what={} sandbox={} error=\"{}\"", what, id, failure.getMessage());
        }
    }

    private void removeLeaks(Set<String> known) {
        for (String id : house.network().attachments()) {
            if (!known.contains(id)) {
                removing("attachment", id, () -> house.network().detach(id));
            }
        }
        for (String id : house.scratch().present()) {
            if (!known.contains(id)) {
                removing("disk", id, () -> house.scratch().remove(id));
            }
        }
        for (String id : machineNames()) {
            if (!known.contains(id)) {
                removing("machine", id, () -> house.hypervisor().removeRemains(id, house.machineFolder(id), house.cgroupParent()));
            }
        }
    }

    /// Of all machines that have a folder, or processes in a cgroup: the run folder is one that a host may sweep.
    private Set<String> machineNames() {
        Set<String> names = new TreeSet<>(Cgroups.discover().below(house.cgroupParent()));
        if (Files.isDirectory(house.machines())) {
            try (Stream<Path> folders = Files.list(house.machines())) {
                folders.forEach(folder -> names.add(String.valueOf(folder.getFileName())));
            } catch (IOException failure) {
                throw new UncheckedIOException("listing " + house.machines(), failure);
            }
        }
        return names;
    }

    private static void join(List<Thread> work) {
        try {
            for (Thread thread : work) {
                thread.join();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the sandboxes were being recovered", interrupted);
        }
    }
}
