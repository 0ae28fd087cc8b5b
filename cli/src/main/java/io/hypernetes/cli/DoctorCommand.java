package io.hypernetes.cli;

import io.grpc.StatusRuntimeException;
import io.hypernetes.cri.v1.StatusResponse;
import io.hypernetes.hypervisor.GuestKernel;
import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.hypervisor.qemu.QemuHypervisor;
import io.hypernetes.hypervisor.qemu.QemuSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `hypernetes doctor`.
@Command(
        name = "doctor",
        description = "Check this machine: hypervisor, kernel, disk, ports, leaks. Exit code 0 when nothing is wrong.",
        mixinStandardHelpOptions = true)
final class DoctorCommand implements Callable<Integer> {
    private static final long DISK_LOW = 2L << 30;

    @Mixin
    private final Common common = new Common();

    @Option(names = "-o", paramLabel = "FORMAT", description = "table (default) or json", defaultValue = "table")
    private String output = "table";

    /// One thing looked at.
    ///
    /// @param verdict ok, note (works, but worth knowing) or wrong
    /// @param hint what to do; empty when nothing
    record Finding(String what, String verdict, String detail, String hint) {}

    @Override
    public Integer call() {
        ProcessLog.quiet();
        Places places = common.places();
        Settings settings = common.settings();
        List<Finding> findings = new ArrayList<>();
        List<String> leaks = new ArrayList<>();
        findings.add(user());
        boolean node = ProcessLock.holder(places.lockOf("node")).isPresent();
        boolean master = ProcessLock.holder(places.lockOf("master")).isPresent();
        hypervisor(places, settings, node, findings, leaks);
        findings.add(disk(places));
        findings.add(master ? new Finding("port " + settings.port("api-port"), "ok", "the API server's", "") : port(settings, "api-port"));
        findings.add(node ? new Finding("port " + settings.port("kubelet-port"), "ok", "the kubelet's", "") : port(settings, "kubelet-port"));
        leaks.forEach(leak -> findings.add(new Finding("leak", "wrong", leak, "`" + common.command("down") + "` removes all remains")));
        if (output.equals("json")) {
            System.out.println(Output.json(Map.of("findings", findings, "leaks", leaks)));
        } else {
            List<List<String>> rows = new ArrayList<>();
            for (Finding finding : findings) {
                rows.add(List.of(mark(finding.verdict()), finding.what(), finding.detail()));
                if (!finding.hint().isEmpty()) {
                    rows.add(List.of("", "", "→ " + finding.hint()));
                }
            }
            Console.ofProcess().table(rows);
        }
        return findings.stream().anyMatch(finding -> finding.verdict().equals("wrong")) ? 1 : 0;
    }

    private static String mark(String verdict) {
        return switch (verdict) {
            case "ok" -> "✓";
            case "note" -> "!";
            default -> "✗";
        };
    }

    private static Finding user() {
        return "root".equals(System.getProperty("user.name"))
                ? new Finding("user", "ok", "root", "")
                : new Finding("user", "wrong", System.getProperty("user.name") + " may not start machines and networks", "use sudo");
    }

    /// A running engine is asked; otherwise the hypervisor is tried here, which decides on KVM in the same way.
    private void hypervisor(Places places, Settings settings, boolean running, List<Finding> findings, List<String> leaks) {
        GuestKernel kernel;
        try {
            kernel = EngineParts.kernels(places, settings).find();
            findings.add(new Finding("guest kernel", kernel.needsAcpi() ? "note" : "ok", kernel.version() + " (" + kernel.image() + ")",
                    kernel.needsAcpi() ? "`" + common.command("kernel build") + "` makes a smaller one that boots faster" : ""));
        } catch (HypervisorException e) {
            findings.add(new Finding("guest kernel", "wrong", String.valueOf(e.getMessage()), ""));
            return;
        }
        try {
            if (running) {
                try (CriConnection cri = new CriConnection(places.criSocket())) {
                    StatusResponse status = cri.status();
                    findings.add(accelerator(status.getInfoOrDefault("hypervisor", "")));
                    findings.add(new Finding("starts", "ok", status.getInfoOrDefault("starts", ""), ""));
                    status.getInfoOrDefault("leaks", "").lines().filter(line -> !line.isBlank()).forEach(leaks::add);
                }
            } else {
                Set<String> machines = new MachinesLeft(places).names();
                if (!machines.isEmpty()) {
                    findings.add(new Finding("machines", "note", machines.size() + " of pods without a node",
                            "`" + common.command("up") + "` takes them over, `" + common.command("down") + "` ends them"));
                }
                Path jailer = Background.home().resolve("jailer/build/jailer");
                try (QemuHypervisor hypervisor = new QemuHypervisor(
                        QemuSettings.standard(jailer, places.nodeState().resolve("hypervisor")).withAccelerator(EngineParts.accelerator(settings)), kernel)) {
                    findings.add(accelerator(hypervisor.description()));
                }
            }
        } catch (HypervisorException | StatusRuntimeException e) {
            findings.add(new Finding("hypervisor", "wrong", String.valueOf(e.getMessage()), "the log " + places.logOf("node") + " says more"));
        }
    }

    private static Finding accelerator(String description) {
        boolean slow = description.contains("tcg");
        return new Finding("hypervisor", slow ? "note" : "ok", description,
                slow ? "pods run under QEMU's translator: correct, but several times slower than with KVM" : "");
    }

    private static Finding disk(Places places) {
        Path at = places.existingAbove();
        try {
            long free = Files.getFileStore(at).getUsableSpace();
            String detail = (free >> 30) + " GiB free in " + at;
            return free < DISK_LOW ? new Finding("disk", "wrong", detail, "make room: images and pods' disks need it") : new Finding("disk", "ok", detail, "");
        } catch (IOException e) {
            return new Finding("disk", "wrong", at + ": " + e.getMessage(), "");
        }
    }

    private static Finding port(Settings settings, String name) {
        int port = settings.port(name);
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.ofLiteral("0.0.0.0"))) {
            return new Finding("port " + socket.getLocalPort(), "ok", "free", "");
        } catch (IOException e) {
            return new Finding("port " + port, "wrong", "in use by another program", "stop that, or choose another with --set " + name + "=…");
        }
    }
}
