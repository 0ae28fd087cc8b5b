package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.ContainerExit;
import io.hypernetes.guest.ContainerOutput;
import io.hypernetes.guest.ContainerSpec;
import io.hypernetes.guest.Guest;
import io.hypernetes.guest.GuestException;
import io.hypernetes.guest.GuestListener;
import io.hypernetes.guest.MountSpec;
import io.hypernetes.guest.NetworkConfig;
import io.hypernetes.guest.OutputKind;
import io.hypernetes.guest.PodPlan;
import io.hypernetes.guest.PodSettings;
import io.hypernetes.guest.Resources;
import io.hypernetes.guest.Resume;
import io.hypernetes.guest.VolumeSpec;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.container.ContainerSpecs;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hyperd.seccomp.Seccomp;
import io.hypernetes.hypervisor.Machine;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/// What a template's guest does before it rests: it takes an identity and an address, mounts its disks and runs a container that prints a word,
/// so that the code for all this is in memory, and translated where the processor is emulated; and then forgets it all. The container is
/// hyperstart's own program, which makes the calls that most programs make.
final class Rehearsal {
    private static final String CONTAINER = "rehearsal";
    private static final String PROGRAM = "rehearse";
    /// Files as large as programs are, of some copies of ours.
    private static final List<String> DATA = List.of("mapped", "read");
    private static final int DATA_COPIES = 5;
    private static final int GRAIN = 4096;
    private static final long NANOS = 1_000_000_000L;
    private static final int PACK_SECONDS = 30;
    private static final Duration ANSWER = Duration.ofSeconds(10);
    /// All but the first are what every pod is: the first container after something was forgotten.
    private static final int ROUNDS = 3;
    private static final int MTU = 1500;
    private static final Duration WHOLE = Duration.ofSeconds(20);
    private static final List<String> HIDDEN = List.of("/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware");
    private static final List<String> UNCHANGEABLE = List.of("/proc/bus", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");

    private final SandboxRecord.Layer layer;

    private Rehearsal(SandboxRecord.Layer layer) {
        this.layer = layer;
    }

    /// Packs the layer, once for each version of the program. Machines that are met again name it, so it is never changed or removed.
    static Rehearsal of(Path program, Path folder) throws IOException, InterruptedException {
        String digest = digest(Files.readAllBytes(program));
        Path file = folder.resolve(CONTAINER + "-" + digest.substring(0, 16) + ".sqsh");
        if (!Files.exists(file)) {
            pack(program, file);
        }
        return new Rehearsal(new SandboxRecord.Layer(CONTAINER, file.toString(), Files.size(file)));
    }

    /// Returns when the guest is quiet and remembers nothing.
    ///
    /// @param guest a session with the machine, whose listener is `ending`
    void run(Machine machine, Guest guest, Ending ending) {
        machine.appendLayers(LayerDisk.files(List.of(layer)));
        for (int round = 0; round < ROUNDS; round++) {
            perform(guest, ending, round);
            guest.remove(CONTAINER, ANSWER);
            guest.forget(ANSWER);
        }
    }

    private void perform(Guest guest, Ending ending, int round) {
        Instant now = Instant.now();
        guest.begin(
                new Resume(Identities.nonce(UUID.randomUUID()), now.getEpochSecond() * NANOS + now.getNano(), Identities.entropy(), CONTAINER, ""),
                new NetworkConfig("0a:58:00:00:00:02", "eth0", MTU, List.of("169.254.88.2/24"),
                        List.of(new NetworkConfig.Route("0.0.0.0/0", "169.254.88.1"))),
                new PodPlan(new PodSettings(CONTAINER, "", List.of("169.254.88.1"), List.of(), List.of(), null, Map.of(), 0), List.of(), List.of()),
                ANSWER);
        guest.plan(new PodPlan(null, List.of(), List.of(container(round))), ANSWER);
        try (ContainerOutput output = guest.openOutput(CONTAINER, OutputKind.STDOUT, 0, ANSWER)) {
            guest.start(CONTAINER, ANSWER);
            drain(output);
        }
        ending.await();
    }

    // The first is an unprivileged one with all that is limited, the others what is mostly asked for.
    private ContainerSpec container(int round) {
        ContainerSpec.Builder container = ContainerSpecs.ordinary(
                        CONTAINER, List.of(new ContainerSpec.Layer(0, layer.bytes(), "squashfs")), List.of("/" + PROGRAM, "--" + PROGRAM))
                .maskedPaths(HIDDEN)
                .readOnlyPaths(UNCHANGEABLE)
                .resources(round == 0 ? new Resources(50_000, 100_000, 512, 64 << 20, 64, "") : new Resources(0, 0, 2, 0, 0, ""))
                .oomScoreAdjust(1000);
        if (round == 0) {
            container.seccomp(Seccomp.RUNTIME_DEFAULT.program(Set.of()))
                    .capabilities(0)
                    .noNewPrivileges(true)
                    .user("65534:65534")
                    .mounts(List.of(new MountSpec.Tmpfs("/scratch", 1 << 20, VolumeSpec.DEFAULT_MODE, false, false)));
        }
        return container.build();
    }

    private static void drain(ContainerOutput output) {
        long until = System.nanoTime() + WHOLE.toNanos();
        long bytes = 0;
        while (System.nanoTime() < until) {
            Optional<ContainerOutput.Item> item = output.read(ANSWER);
            if (item.isPresent() && item.get() instanceof ContainerOutput.Bytes some) {
                bytes += some.data().length;
                output.acknowledge(some.end());
            } else if (item.isPresent()) {
                if (bytes == 0) {
                    throw new HyperdException(HyperdException.Kind.UNAVAILABLE, "the rehearsal printed nothing");
                }
                return;
            }
        }
        throw new HyperdException(HyperdException.Kind.TIMEOUT, "the rehearsal did not end within " + WHOLE.toSeconds() + " s");
    }

    private static void pack(Path program, Path file) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory(file.toAbsolutePath().getParent(), "rehearsal-");
        Path root = Files.createDirectory(folder.resolve("root"));
        Path made = folder.resolve("layer"), said = folder.resolve("said");
        try {
            Files.copy(program, root.resolve(PROGRAM), StandardCopyOption.COPY_ATTRIBUTES);
            Path etc = Files.createDirectory(root.resolve("etc"));
            Files.writeString(etc.resolve("passwd"), "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n");
            Files.writeString(etc.resolve("group"), "root:x:0:\nnogroup:x:65534:\n");
            for (String data : DATA) {
                try (OutputStream into = Files.newOutputStream(root.resolve(data))) {
                    for (int i = 0; i < DATA_COPIES; i++) {
                        Files.copy(program, into);
                    }
                }
            }
            Process mksquashfs = new ProcessBuilder(
                            "mksquashfs", root.toString(), made.toString(), "-comp", "lz4", "-no-progress", "-quiet", "-all-root", "-noappend")
                    .redirectErrorStream(true)
                    .redirectOutput(said.toFile())
                    .start();
            try {
                mksquashfs.getOutputStream().close();
                if (!mksquashfs.waitFor(PACK_SECONDS, TimeUnit.SECONDS) || mksquashfs.exitValue() != 0) {
                    throw new IOException("packing " + program + " into a layer with mksquashfs failed: " + Files.readString(said).strip());
                }
            } finally {
                mksquashfs.destroyForcibly();
            }
            long length = Files.size(made);
            try (java.io.RandomAccessFile whole = new java.io.RandomAccessFile(made.toFile(), "rw")) {
                whole.setLength(Math.ceilDiv(length, GRAIN) * GRAIN);
                whole.getFD().sync();
            }
            Files.move(made, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(made);
            Files.deleteIfExists(said);
            Files.deleteIfExists(root.resolve(PROGRAM));
            for (String data : DATA) {
                Files.deleteIfExists(root.resolve(data));
            }
            Files.deleteIfExists(root.resolve("etc/passwd"));
            Files.deleteIfExists(root.resolve("etc/group"));
            Files.deleteIfExists(root.resolve("etc"));
            Files.deleteIfExists(root);
            Files.deleteIfExists(folder);
        }
    }

    private static String digest(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /// Hears of the ends of its containers.
    static final class Ending implements GuestListener {
        private final Semaphore ended = new Semaphore(0);

        private void await() {
            try {
                if (!ended.tryAcquire(WHOLE.toMillis(), TimeUnit.MILLISECONDS)) {
                    throw new HyperdException(HyperdException.Kind.TIMEOUT, "the rehearsal's end was not told");
                }
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new HyperdException(HyperdException.Kind.UNAVAILABLE, "interrupted in the rehearsal");
            }
        }

        @Override
        public void exited(ContainerExit exit) {
            ended.release();
        }

        @Override
        public void outOfMemory(String container, long kills) {}

        @Override
        public void disconnected(GuestException why) {
            ended.release();
        }
    }
}
