package io.hypernetes.guest;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// A machine with the real hyperstart, started as plainly as can be: this room knows no hypervisor driver. One layer made of Debian's static
/// busybox, one scratch disk, the channel a listening unix socket.
final class QemuGuest implements AutoCloseable {
    private static final Path HYPERSTART = Path.of("..", "hyperstart", "build", "hyperstart");
    private static final List<String> MODULES = List.of(
            "virtio_ring", "virtio", "virtio_mmio", "virtio_blk", "failover", "net_failover", "virtio_net", "virtio_console", "virtio-rng",
            "squashfs", "overlay", "crc16", "mbcache", "jbd2", "crc32c_generic", "libcrc32c", "ext4");

    private final Path folder;
    private final Process qemu;
    final ContainerSpec.Layer layer;

    QemuGuest() throws Exception {
        folder = Files.createTempDirectory("guest-test");
        Path layers = busybox();
        layer = new ContainerSpec.Layer(0, Files.size(layers), "squashfs");
        Path scratch = folder.resolve("scratch");
        run("truncate", "-s", "256M", scratch.toString());
        run("mke2fs", "-q", "-t", "ext4", scratch.toString());
        String version = kernelVersion().orElseThrow();
        Files.write(folder.resolve("initramfs"), initramfs(version));
        qemu = new ProcessBuilder(
                        "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                        "-M", "microvm,acpi=on,pit=on,pic=on,rtc=on,isa-serial=on,auto-kernel-cmdline=on,x-option-roms=off",
                        "-global", "virtio-mmio.force-legacy=false", "-accel", "tcg", "-cpu", "max", "-smp", "1", "-m", "256M",
                        "-kernel", "/boot/vmlinuz-" + version, "-initrd", folder.resolve("initramfs").toString(),
                        "-append", "console=ttyS0 quiet panic=-1 reboot=t tsc=reliable random.trust_cpu=on net.ifnames=0 tsc_early_khz=" + tscKhz(), "-serial", "stdio",
                        "-blockdev", "driver=raw,node-name=d0,read-only=on,file.driver=file,file.filename=" + layers,
                        "-device", "virtio-blk-device,drive=d0,serial=layers",
                        "-blockdev", "driver=raw,node-name=d1,file.driver=file,file.filename=" + scratch,
                        "-device", "virtio-blk-device,drive=d1,serial=scratch",
                        "-object", "rng-random,id=rng0,filename=/dev/urandom", "-device", "virtio-rng-device,rng=rng0",
                        "-chardev", "socket,id=ch,path=" + folder.resolve("channel") + ",server=on,wait=off",
                        "-device", "virtio-serial-device,id=vs,max_ports=8", "-device", "virtserialport,chardev=ch,name=hyper,bus=vs.0")
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("console").toFile())
                .start();
    }

    /// What is missing on this machine to start one; empty when nothing is.
    static Optional<String> missing() throws IOException {
        for (String needed : List.of("/usr/bin/qemu-system-x86_64", "/usr/bin/mksquashfs", "/bin/busybox", HYPERSTART.toString())) {
            if (!Files.isReadable(Path.of(needed))) {
                return Optional.of(needed);
            }
        }
        return kernelVersion().isPresent() ? Optional.empty() : Optional.of("/boot/vmlinuz-*-cloud-*");
    }

    SocketChannel connect() throws IOException {
        return org.awaitility.Awaitility.await().ignoreExceptions().until(
                () -> {
                    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
                    channel.connect(UnixDomainSocketAddress.of(folder.resolve("channel")));
                    return channel;
                },
                SocketChannel::isConnected);
    }

    boolean awaitEnd(long seconds) throws InterruptedException {
        return qemu.waitFor(seconds, java.util.concurrent.TimeUnit.SECONDS);
    }

    String console() throws IOException {
        return Files.readString(folder.resolve("console"), StandardCharsets.ISO_8859_1);
    }

    private static Optional<String> kernelVersion() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/boot"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith("vmlinuz-") && name.contains("cloud"))
                    .map(name -> name.substring("vmlinuz-".length()))
                    .filter(version -> Files.isDirectory(Path.of("/lib/modules", version)))
                    .max(Comparator.naturalOrder());
        }
    }

    /// On a busy host a translated kernel fails to measure its counter, which is the host's, and then waits for ever for a first tick.
    private static long tscKhz() throws IOException {
        return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                .filter(line -> line.startsWith("cpu MHz"))
                .mapToLong(line -> Math.round(Double.parseDouble(line.substring(line.indexOf(':') + 1).strip()) * 1000))
                .findFirst()
                .orElseThrow();
    }

    private Path busybox() throws Exception {
        Path root = folder.resolve("root");
        Files.createDirectories(root.resolve("bin"));
        Files.createDirectories(root.resolve("etc"));
        Files.createDirectories(root.resolve("tmp"));
        Files.copy(Path.of("/bin/busybox"), root.resolve("bin/busybox"));
        for (String name : List.of("sh", "cat", "echo", "sleep", "stty", "nc", "seq", "true", "kill", "wc")) {
            Files.createSymbolicLink(root.resolve("bin").resolve(name), Path.of("busybox"));
        }
        Path image = folder.resolve("layers");
        run("mksquashfs", root.toString(), image.toString(), "-comp", "lz4", "-noappend", "-all-root", "-quiet");
        return image;
    }

    private byte[] initramfs(String version) throws IOException {
        ByteArrayOutputStream cpio = new ByteArrayOutputStream();
        entry(cpio, "init", 0100755, Files.readAllBytes(HYPERSTART));
        for (String each : List.of("dev", "proc", "sys", "lib", "lib/modules")) {
            entry(cpio, each, 0040755, new byte[0]);
        }
        List<String> order = new ArrayList<>();
        for (String module : MODULES) {
            try (Stream<Path> files = Files.find(
                    Path.of("/lib/modules", version), 20, (path, type) -> path.endsWith(module + ".ko"), FileVisitOption.FOLLOW_LINKS)) {
                Optional<Path> found = files.findFirst();
                if (found.isPresent()) {
                    entry(cpio, "lib/modules/" + module + ".ko", 0100644, Files.readAllBytes(found.get()));
                    order.add("/lib/modules/" + module + ".ko\n");
                }
            }
        }
        entry(cpio, "lib/modules/order", 0100644, String.join("", order).getBytes(StandardCharsets.US_ASCII));
        entry(cpio, "TRAILER!!!", 0, new byte[0]);
        return cpio.toByteArray();
    }

    private static void entry(ByteArrayOutputStream cpio, String name, int mode, byte[] data) {
        int[] fields = {1, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length() + 1, 0};
        StringBuilder head = new StringBuilder("070701");
        for (int field : fields) {
            head.append(String.format("%08x", field));
        }
        cpio.writeBytes((head + name + "\0").getBytes(StandardCharsets.US_ASCII));
        pad(cpio);
        cpio.writeBytes(data);
        pad(cpio);
    }

    private static void pad(ByteArrayOutputStream cpio) {
        while (cpio.size() % 4 != 0) {
            cpio.write(0);
        }
    }

    private static void run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + ": " + printed);
        }
    }

    @Override
    public void close() throws IOException {
        qemu.destroyForcibly().onExit().join();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
