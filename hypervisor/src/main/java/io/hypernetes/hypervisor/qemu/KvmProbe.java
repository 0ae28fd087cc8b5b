package io.hypernetes.hypervisor.qemu;

import io.hypernetes.hypervisor.GuestKernel;
import io.hypernetes.linux.Descriptors;
import io.hypernetes.linux.ExitStatus;
import io.hypernetes.linux.HostBoot;
import io.hypernetes.linux.HostProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Finds out whether KVM can boot a kernel here by letting it: a device file, or a KVM that creates machines, proves nothing on hosts
/// that are virtual machines themselves.
///
/// First the jailer runs a guest of a few instructions that takes an exception of its own, which is where a KVM that cannot do it mostly fails,
/// in milliseconds. Then the kernel boots without any disk and is expected to complain of that within the time. The answer is kept for this boot of the host,
/// this QEMU and this kernel, because each failed attempt costs time and a line in the host's kernel log.
final class KvmProbe {
    private static final Logger LOG = LoggerFactory.getLogger(KvmProbe.class);
    private static final Duration WRAP_UP = Duration.ofSeconds(3);
    private static final int MEMORY_MIB = 128;
    /// With what is around it, a line of `doctor` has less than 120 characters.
    private static final int LONGEST_REASON = 76;
    private static final String USABLE = "usable";
    /// What a kernel without a root file system says last.
    private static final String REACHED = "Unable to mount root fs";

    private final QemuSettings settings;
    private final Uids uids;
    private final Path device;

    KvmProbe(QemuSettings settings, Uids uids) {
        this(settings, uids, Path.of("/dev/kvm"));
    }

    KvmProbe(QemuSettings settings, Uids uids, Path device) {
        this.settings = settings;
        this.uids = uids;
        this.device = device;
    }

    /// Why KVM cannot be used for the kernel; empty when it can.
    Optional<String> whyNot(GuestKernel kernel) {
        if (!Files.exists(device)) {
            return Optional.of("no " + device);
        }
        try {
            String key = key(kernel);
            Path kept = settings.stateFolder().resolve("kvm-probe");
            if (Files.exists(kept)) {
                String[] lines = Files.readString(kept).split("\n", 2);
                if (lines.length == 2 && lines[0].equals(key)) {
                    return lines[1].isEmpty() ? Optional.empty() : Optional.of(lines[1]);
                }
            }
            long start = System.nanoTime();
            String small = smallGuest();
            Optional<String> found = small.equals(USABLE) ? boot(kernel) : Optional.of(small);
            LOG.info("event=kvm-probe usable={} ms={} reason=\"{}\"", found.isEmpty(), (System.nanoTime() - start) / 1_000_000, found.orElse(""));
            Optional<String> answer = found.map(KvmProbe::shortened);
            Path fresh = Files.writeString(settings.stateFolder().resolve("kvm-probe.new"), key + "\n" + answer.orElse(""));
            Files.move(fresh, kept, StandardCopyOption.ATOMIC_MOVE);
            return answer;
        } catch (IOException | RuntimeException failure) {
            LOG.warn("event=kvm-probe-failed reason=\"{}\"", failure.toString());
            return Optional.of(shortened("the probe failed: " + failure.getMessage()));
        }
    }

    private String key(GuestKernel kernel) throws IOException {
        return HostBoot.id() + " " + stamp(settings.qemu()) + " " + stamp(settings.jailer()) + " " + stamp(kernel.image());
    }

    private static String stamp(Path file) throws IOException {
        return file + ":" + Files.size(file) + ":" + Files.getLastModifiedTime(file).toMillis();
    }

    private static String shortened(String reason) {
        String line = reason.replaceAll("\\s+", " ").strip();
        return line.length() <= LONGEST_REASON ? line : line.substring(0, LONGEST_REASON - 1) + "…";
    }

    /// What the jailer says of a guest of a few instructions.
    private String smallGuest() throws IOException {
        Files.createDirectories(settings.stateFolder());
        Process probe = new ProcessBuilder(settings.jailer().toString(), "--kvm-probe", device.toString()).redirectErrorStream(true).start();
        try {
            probe.getOutputStream().close();
            if (!probe.waitFor(settings.probeTimeout().toMillis(), TimeUnit.MILLISECONDS)) {
                return "a guest of a few instructions did not end within " + settings.probeTimeout().toSeconds() + " s";
            }
            String said = new String(probe.getInputStream().readNBytes(1000), StandardCharsets.UTF_8).strip();
            return probe.exitValue() == 0 && !said.isEmpty() ? said : "the jailer's probe ended with " + probe.exitValue() + ": " + said;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return "the probe was interrupted";
        } finally {
            probe.destroyForcibly();
        }
    }

    private Optional<String> boot(GuestKernel kernel) throws IOException {
        Files.createDirectories(settings.stateFolder());
        Path folder = Files.createTempDirectory(settings.stateFolder(), "kvm-probe-");
        Path root = Files.createDirectory(folder.resolve("root"));
        Path fifo = folder.resolve("console");
        try {
            Descriptors.makeFifo(fifo);
            ConsoleTail console = ConsoleTail.of(fifo);
            HostProcess process = start(kernel, root, fifo);
            console.follow("kvm-probe");
            try (process) {
                Optional<ExitStatus> ended = process.awaitExit(settings.probeTimeout());
                if (ended.isEmpty()) {
                    process.signal(HostProcess.SIGKILL);
                    process.awaitExit(WRAP_UP);
                }
                console.awaitEnd(WRAP_UP);
                if (console.text().contains(REACHED)) {
                    return Optional.empty();
                }
                String printed = console.lastLines(2);
                return Optional.of(ended.map(status -> "QEMU ended with " + status)
                                .orElse("the kernel did not come up within " + settings.probeTimeout().toMillis() + " ms")
                        + (printed.isEmpty() ? "" : ": " + printed));
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return Optional.of("the probe was interrupted");
        } finally {
            Files.deleteIfExists(fifo);
            Files.deleteIfExists(root);
            Files.deleteIfExists(folder);
        }
    }

    private HostProcess start(GuestKernel kernel, Path root, Path fifo) {
        List<String> command = new QemuCommand(settings.qemu(), settings.machine(), true, 0).bare(kernel, MEMORY_MIB);
        int nothing = Descriptors.openForReading(Path.of("/dev/null"));
        int console = Descriptors.openFifoForWriting(fifo);
        int uid = uids.take();
        try {
            return new Jail(settings, true)
                    .start(command, List.of(kernel.image(), kernel.initramfs()), root, uid, List.of(), List.of(nothing, console, console, nothing, console));
        } finally {
            uids.giveBack(uid);
            Descriptors.close(nothing);
            Descriptors.close(console);
        }
    }
}
