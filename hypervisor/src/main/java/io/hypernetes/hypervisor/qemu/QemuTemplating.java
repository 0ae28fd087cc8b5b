package io.hypernetes.hypervisor.qemu;

import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.hypervisor.MachineKind;
import io.hypernetes.hypervisor.MachinePlace;
import io.hypernetes.hypervisor.Template;
import io.hypernetes.hypervisor.Templating;
import io.hypernetes.linux.Cgroups;
import io.hypernetes.linux.Descriptors;
import io.hypernetes.linux.NetworkDevices;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes templates with QEMU's migration. The guest's RAM is an anonymous file that outlives the machine and is sealed when it has
/// ended, so that no copy, however subverted, can change what the others start from; the state of the devices is migrated into another.
final class QemuTemplating implements Templating {
    /// The only path in the jail through which a passed descriptor can be opened as a file.
    static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    private static final Logger LOG = LoggerFactory.getLogger(QemuTemplating.class);
    private static final long MIB = 1 << 20;

    private final QemuLauncher launcher;
    private final QemuCommand command;
    private final Cgroups cgroups;

    QemuTemplating(QemuLauncher launcher, QemuCommand command, Cgroups cgroups) {
        this.launcher = launcher;
        this.command = command;
        this.cgroups = cgroups;
    }

    @Override
    public Template make(MachineKind kind, MachinePlace place, Rest rest) {
        long begin = System.nanoTime();
        int memory = Descriptors.memoryFile("hypernetes-ram", kind.memoryMib() * MIB);
        int state = -1;
        boolean made = false;
        try {
            state = Descriptors.memoryFile("hypernetes-state", 0);
            record(kind, place, rest, memory, state);
            Descriptors.seal(memory);
            Descriptors.seal(state);
            QemuTemplate template = new QemuTemplate(kind, memory, state, launcher, command, cgroups);
            made = true;
            LOG.info("event=template-made kernel={} vcpus={} memory-mib={} bytes={} millis={}",
                    kind.kernel().version(), kind.vcpus(), kind.memoryMib(), template.bytes(), (System.nanoTime() - begin) / 1_000_000);
            return template;
        } finally {
            if (!made) {
                Descriptors.close(memory);
                if (state >= 0) {
                    Descriptors.close(state);
                }
            }
        }
    }

    private void record(MachineKind kind, MachinePlace place, Rest rest, int memory, int state) {
        int tap = spareTap();
        QemuMachine machine;
        try {
            machine = launcher.launch(new QemuLauncher.Order(
                    place,
                    command.template(place, kind),
                    List.of(kind.kernel().image(), kind.kernel().initramfs(), DESCRIPTORS),
                    List.of(memory, tap),
                    kind.vcpus(),
                    0));
        } finally {
            Descriptors.close(tap);
        }
        try {
            rest.bring(machine);
            machine.steer("saving", qmp -> {
                qmp.execute("stop", Map.of());
                migrate(qmp, "migrate", state, true);
            });
        } finally {
            machine.destroy();
        }
    }

    /// Lets QEMU write its devices' state to a file, or read it, and waits until it says that it is done.
    ///
    /// @param verb `migrate` or `migrate-incoming`
    /// @param sharedApart whether memory that is shared with a file is left out
    static void migrate(Qmp qmp, String verb, int file, boolean sharedApart) throws IOException, InterruptedException {
        qmp.execute("migrate-set-capabilities", Map.of("capabilities", List.of(
                Map.of("capability", "x-ignore-shared", "state", sharedApart), Map.of("capability", "events", "state", true))));
        qmp.execute("getfd", Map.of("fdname", "state"), file);
        qmp.execute(verb, Map.of("uri", "fd:state"));
        String status = qmp.await("MIGRATION", data -> data.path("status").asString("").matches("completed|failed|cancelled"))
                .path("status").asString("");
        if (!status.equals("completed")) {
            throw new IOException("QEMU says of " + verb + ": " + status + " " + qmp.execute("query-migrate", Map.of()).path("error-desc").asString(""));
        }
    }

    /// A tap that leads nowhere: what the guest agrees on with its network card must be what it will have in a copy.
    private static int spareTap() {
        CompletableFuture<Integer> opened = new CompletableFuture<>();
        Thread.ofPlatform().name("template-tap").start(() -> {
            try {
                NetworkDevices.enterNewNamespace();
                opened.complete(NetworkDevices.openTap("template"));
            } catch (Throwable failure) {
                opened.completeExceptionally(failure);
            }
        });
        try {
            return opened.join();
        } catch (CompletionException failure) {
            throw new HypervisorException("making a tap for a template (needs root): " + failure.getCause(), failure);
        }
    }
}
