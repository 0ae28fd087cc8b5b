package io.hypernetes.bench;

import io.hypernetes.hypervisor.GuestKernel;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/// QEMU, the kernel, and an init that prints one line: what no engine can be faster than on this machine.
final class Floor {
    private static final String LINE = "FLOOR-INIT";
    private static final int DEADLINE_SECONDS = 20;

    private final GuestKernel kernel;
    private final Path image;
    private final String line;
    private final Path initramfs;
    private final String tscKhz;

    /// @param image the kernel file
    /// @param line what the kernel's command line has beside the least
    /// @param jailer tells the speed of the host's clock counter; without it a translated guest on a busy host may hang in early boot
    Floor(GuestKernel kernel, Path image, String line, Path init, Path jailer, Path folder) throws IOException {
        this.kernel = kernel;
        this.image = image;
        this.line = line;
        this.tscKhz = new String(new ProcessBuilder(jailer.toString(), "--tsc-khz").start().getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
        this.initramfs = folder.resolve("floor.cpio");
        Path root = folder.resolve("floor");
        Process pack = new ProcessBuilder("sh", "-ec", "mkdir -p " + root + "/dev; cp " + init + " " + root + "/init; cd " + root
                + "; [ -e dev/console ] || mknod dev/console c 5 1; find . | cpio --quiet -o -H newc > " + initramfs).inheritIO().start();
        if (pack.onExit().join().exitValue() != 0) {
            throw new IOException("packing the floor's initramfs failed");
        }
    }

    /// Nanoseconds from starting QEMU to the init's line.
    long nanos() throws IOException {
        long start = System.nanoTime();
        Process qemu = new ProcessBuilder(List.of(
                        "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                        "-M", "microvm,acpi=" + (kernel.needsAcpi() ? "on" : "off") + ",pit=on,pic=on,rtc=on,isa-serial=on,x-option-roms=off",
                        "-accel", "tcg,tb-size=32", "-cpu", "max", "-smp", "1", "-m", "128M", "-serial", "stdio",
                        "-kernel", image.toString(), "-initrd", initramfs.toString(),
                        "-append", "console=ttyS0 quiet panic=-1 reboot=t tsc=reliable random.trust_cpu=on rcupdate.rcu_expedited=1 tsc_early_khz=" + tscKhz + line))
                .redirectErrorStream(true)
                .redirectInput(Path.of("/dev/null").toFile())
                .start();
        // A machine that hangs must not hang the benchmark.
        qemu.onExit().orTimeout(DEADLINE_SECONDS, java.util.concurrent.TimeUnit.SECONDS).exceptionally(late -> {
            qemu.destroyForcibly();
            return qemu;
        });
        try (BufferedReader output = qemu.inputReader(StandardCharsets.US_ASCII)) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                if (line.contains(LINE)) {
                    return System.nanoTime() - start;
                }
            }
            throw new IOException("the floor machine ended without its line; is the kernel " + image + " bootable?");
        } finally {
            qemu.destroyForcibly();
            qemu.onExit().join();
        }
    }
}
