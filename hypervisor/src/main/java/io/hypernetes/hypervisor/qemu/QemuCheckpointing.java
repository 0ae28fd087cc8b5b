package io.hypernetes.hypervisor.qemu;

import io.hypernetes.hypervisor.Checkpointing;
import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.hypervisor.Machine;
import io.hypernetes.hypervisor.MachinePlace;
import io.hypernetes.hypervisor.MachineSpec;
import io.hypernetes.hypervisor.ParkedMachine;
import io.hypernetes.hypervisor.SavedMachine;
import io.hypernetes.linux.Cgroups;
import io.hypernetes.linux.Descriptors;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/// Checkpoints by QEMU's migration to and from a file. A machine that has booted and a copy of a template differ in how QEMU calls their
/// memory, so that is remembered; the memory itself is in the file in both cases, also what a copy shares with its template.
final class QemuCheckpointing implements Checkpointing {
    private static final Logger LOG = LoggerFactory.getLogger(QemuCheckpointing.class);
    /// For a GiB of memory on a slow disk; each further one gets as much more.
    private static final Duration A_GIB = Duration.ofMinutes(2);
    /// Bytes a second; QEMU's own limit is meant for networks.
    private static final long UNLIMITED = 1L << 40;
    private static final long LOOK_AGAIN_NANOS = 20_000_000;
    /// As QEMU names the memory of machines whose memory was made apart.
    private static final String OWN_MEMORY = "ram";

    private final QemuLauncher launcher;
    private final QemuCommand command;
    private final Cgroups cgroups;
    private final String hypervisor;
    private final String type;

    /// @param hypervisor version and accelerator
    QemuCheckpointing(QemuLauncher launcher, QemuCommand command, Cgroups cgroups, String hypervisor, String type) {
        this.launcher = launcher;
        this.command = command;
        this.cgroups = cgroups;
        this.hypervisor = hypervisor;
        this.type = type;
    }

    @Override
    public SavedMachine save(Machine machine, List<Path> layers, Path file) {
        QemuMachine qemu = known(machine);
        long begin = System.nanoTime();
        try {
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            SavedMachine[] saved = new SavedMachine[1];
            int target = Descriptors.openForReadingAndWriting(file);
            try {
                qemu.steer("describing", qmp -> saved[0] = describe(qmp));
                qemu.steer("saving", patience(saved[0].memoryMib()), qmp -> {
                    qmp.execute("migrate-set-parameters", Map.of("max-bandwidth", UNLIMITED));
                    LayerDisk.clear(qmp);
                    QemuTemplating.migrate(qmp, "migrate", target, false);
                });
            } finally {
                Descriptors.close(target);
                if (!layers.isEmpty()) {
                    qemu.appendLayers(layers);
                }
            }
            try (FileChannel written = FileChannel.open(file, StandardOpenOption.WRITE)) {
                written.force(true);
            }
            LOG.info("event=machine-saved name={} bytes={} millis={}",
                    machine.record().name(), Files.size(file), (System.nanoTime() - begin) / 1_000_000);
            return saved[0];
        } catch (IOException failure) {
            throw new HypervisorException("writing machine " + machine.record().name() + " to " + file + ": " + failure, failure);
        }
    }

    @Override
    public void abandon(Machine machine, List<Path> layers) {
        QemuMachine qemu = known(machine);
        qemu.steer("giving up saving", qmp -> {
            qmp.execute("migrate_cancel", Map.of());
            // QEMU tells its end only to whoever listened when it began.
            while (qmp.execute("query-migrate", Map.of()).path("status").asString("none").matches("setup|active|cancelling|device|pre-switchover")) {
                LockSupport.parkNanos(LOOK_AGAIN_NANOS);
            }
        });
        if (!layers.isEmpty()) {
            qemu.appendLayers(layers);
        }
    }

    private static QemuMachine known(Machine machine) {
        if (machine instanceof QemuMachine qemu) {
            return qemu;
        }
        throw new IllegalArgumentException("machine " + machine.record().name() + " is not one of QEMU's");
    }

    private SavedMachine describe(Qmp qmp) throws IOException, InterruptedException {
        JsonNode memory = qmp.execute("query-memdev", Map.of());
        if (memory.size() != 1) {
            throw new IOException("QEMU shows " + memory.size() + " memories where there is one");
        }
        int vcpus = qmp.execute("query-cpus-fast", Map.of()).size();
        boolean acpi = type.equals("microvm")
                && qmp.execute("qom-get", Map.of("path", "/machine", "property", "acpi")).asString("").equals("on");
        return new SavedMachine(
                hypervisor, type, acpi, vcpus, (int) (memory.path(0).path("size").asLong() >> 20), memory.path(0).path("id").asString(""));
    }

    @Override
    public ParkedMachine load(SavedMachine saved, MachinePlace place, MachineSpec.Nic nic, Path scratchDisk, List<Path> layers, Path file) {
        if (!saved.hypervisor().equals(hypervisor) || !saved.type().equals(type)) {
            throw new HypervisorException("machine " + place.name() + " was saved by " + saved.hypervisor() + " as " + saved.type()
                    + ", and this is " + hypervisor + " with " + type + ": only the same can go on with it");
        }
        int state = Descriptors.openForReading(file);
        int nothing = Descriptors.openForReading(Path.of("/dev/null"));
        try {
            QemuMachine machine = launcher.launch(new QemuLauncher.Order(
                    place,
                    saved.vcpus(),
                    0,
                    // In the order of the numbers in QemuCommand; there is no memory to be passed.
                    launcher.jailed(command.restored(place, saved, saved.memory().equals(OWN_MEMORY)), List.of(), List.of(nothing, nic.tapDescriptor()))));
            boolean loaded = false;
            try {
                machine.steer("restoring", patience(saved.memoryMib()), qmp -> {
                    QemuTemplating.migrate(qmp, "migrate-incoming", state, false);
                    ScratchSlot.fill(qmp, scratchDisk);
                    // Before it runs: what it reads in between would be zeros.
                    if (!layers.isEmpty()) {
                        LayerDisk.replace(qmp, layers);
                    }
                });
                loaded = true;
                return new QemuParkedMachine(machine, cgroups);
            } finally {
                if (!loaded) {
                    machine.destroy();
                }
            }
        } finally {
            Descriptors.close(state);
            Descriptors.close(nothing);
        }
    }

    private static Duration patience(int memoryMib) {
        return A_GIB.multipliedBy(1 + memoryMib / 1024);
    }
}
