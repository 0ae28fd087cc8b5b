package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.Guest;
import io.hypernetes.guest.GuestException;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.HyperdSettings;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hypervisor.GuestKernel;
import io.hypernetes.hypervisor.GuestKernels;
import io.hypernetes.hypervisor.Hypervisor;
import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.hypervisor.Machine;
import io.hypernetes.hypervisor.MachineSpec;
import io.hypernetes.images.DiskLayer;
import io.hypernetes.images.Image;
import io.hypernetes.images.ImageException;
import io.hypernetes.images.ImageStore;
import io.hypernetes.images.PullProgress;
import io.hypernetes.images.RegistryCredentials;
import io.hypernetes.images.Requester;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The kernels of machines: the node's own, and those that pods bring as images. One of those is unpacked when it is first asked for, and booted once
/// to see whether hyperstart finds in it what containers need; the answer is kept, a refusal too, as long as image and hyperstart stay the same.
///
/// Safe for use by many threads; one at a time prepares a kernel.
final class OwnKernels {
    /// By which a pod names a kernel.
    static final String ANNOTATION = "hypernetes.io/kernel";

    private static final Logger LOG = LoggerFactory.getLogger(OwnKernels.class);
    /// What hyperstart says it found, without which no container runs as asked, and what a kernel needs for it.
    private static final Map<String, String> NEEDED = Map.of(
            "cgroup2", "CONFIG_CGROUPS with the memory, pids and cpu controllers",
            "blkpg", "CONFIG_BLOCK with partitions",
            "seccomp", "CONFIG_SECCOMP_FILTER",
            "overlay", "CONFIG_OVERLAY_FS",
            "squashfs", "CONFIG_SQUASHFS with CONFIG_SQUASHFS_LZ4",
            "ext4", "CONFIG_EXT4_FS");
    private static final int PROBE_MIB = 256;
    private static final long PROBE_SCRATCH = 16L << 20;

    private final Supplier<GuestKernel> usual;
    private final HyperdSettings settings;
    private final ImageStore images;
    private final Hypervisor hypervisor;
    private final GuestDoor door;
    private final ScratchDisks scratch;
    private final KernelFolder folder;
    private final ReentrantLock preparing = new ReentrantLock();
    private final Map<String, GuestKernel> prepared = new ConcurrentHashMap<>();
    private final Set<String> trying = ConcurrentHashMap.newKeySet();

    /// @param usual the node's own kernel
    OwnKernels(
            Supplier<GuestKernel> usual, HyperdSettings settings, ImageStore images, Hypervisor hypervisor, GuestDoor door, ScratchDisks scratch) {
        this.usual = usual;
        this.settings = settings;
        this.images = images;
        this.hypervisor = hypervisor;
        this.door = door;
        this.scratch = scratch;
        this.folder = new KernelFolder(settings.stateFolder().resolve("kernels"));
    }

    /// The names by which pods may name a kernel.
    Set<String> names() {
        return new TreeSet<>(settings.kernels().images().keySet());
    }

    /// Whether a pod brings its kernel.
    boolean isOwn(SandboxRecord.Identity identity) {
        return !named(identity).isEmpty();
    }

    /// The kernel of a pod's machine. The first call for a kernel takes as long as a boot.
    ///
    /// @throws HyperdException when the kernel is not allowed, not to be had, or lacks something
    GuestKernel of(SandboxRecord.Identity identity) {
        String name = named(identity);
        return name.isEmpty() ? usual.get() : own(name);
    }

    private String named(SandboxRecord.Identity identity) {
        String handler = identity.runtimeHandler();
        return identity.annotations().getOrDefault(ANNOTATION, settings.kernels().images().containsKey(handler) ? handler : "");
    }

    private GuestKernel own(String name) {
        String reference = settings.kernels().images().get(name);
        Path hyperstart = settings.kernels().hyperstart();
        if (reference == null || hyperstart == null) {
            throw HyperdException.invalid("There is no kernel '" + name + "' for pods of this node. "
                    + (names().isEmpty() ? "None is allowed" : "Allowed are " + String.join(", ", names())) + " (setting `kernels`).");
        }
        preparing.lock();
        try {
            Image image = image(name, reference);
            GuestKernel known = prepared.get(image.id());
            if (known != null) {
                return known;
            }
            GuestKernel made = prepare(name, image, hyperstart);
            prepared.put(image.id(), made);
            return made;
        } finally {
            preparing.unlock();
        }
    }

    private Image image(String name, String reference) {
        Optional<Image> found = images.find(reference);
        try {
            Image image = found.isPresent() ? found.get() : images.pull(reference, new RegistryCredentials("", ""), Requester.OPERATOR, PullProgress.NONE);
            images.lease(image.id(), "kernel-" + name);
            return image;
        } catch (ImageException failure) {
            throw new HyperdException(
                    HyperdException.Kind.UNAVAILABLE, "Kernel " + name + ": its image " + reference + " is not to be had: " + failure.getMessage(), failure);
        }
    }

    private GuestKernel prepare(String name, Image image, Path hyperstart) {
        try {
            String stamp = Files.size(hyperstart) + " " + Files.getLastModifiedTime(hyperstart);
            Optional<String> verdict = folder.verdict(image.id(), stamp);
            if (verdict.isPresent() && !verdict.get().isEmpty()) {
                throw refused(name, image, verdict.get());
            }
            String lacks = "";
            GuestKernel kernel = null;
            try {
                Path tree = folder.unpacked(image.id(), image.layers().stream().map(DiskLayer::file).toList());
                kernel = GuestKernels.ofTree(tree, hyperstart, folder.cache(image.id()));
                if (verdict.isEmpty()) {
                    lacks = probe(name, kernel);
                }
            } catch (HypervisorException unfit) {
                lacks = String.valueOf(unfit.getMessage());
            }
            if (verdict.isEmpty()) {
                folder.keep(image.id(), stamp, lacks);
                LOG.info("event=kernel-probed name={} image={} fit={} lacks=\"{}\"", name, image.id(), lacks.isEmpty(), lacks);
            }
            if (kernel == null || !lacks.isEmpty()) {
                throw refused(name, image, lacks);
            }
            return kernel;
        } catch (IOException failure) {
            throw new HyperdException(
                    HyperdException.Kind.UNAVAILABLE, "Kernel " + name + " of image " + image.id() + " could not be unpacked: " + failure + ".", failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new HyperdException(HyperdException.Kind.UNAVAILABLE, "Kernel " + name + ": interrupted while it was being prepared.", interrupted);
        }
    }

    private static HyperdException refused(String name, Image image, String lacks) {
        return HyperdException.invalid("Kernel " + name + " of image " + image.id() + " cannot run pods: " + lacks + ".");
    }

    /// The names of the machines in which kernels are being tried.
    Set<String> machineNames() {
        return Set.copyOf(trying);
    }

    /// Boots it once.
    ///
    /// @return what it lacks; empty when nothing
    private String probe(String name, GuestKernel kernel) throws IOException {
        String machineName = "kernel-" + UUID.randomUUID().toString().substring(0, 8);
        trying.add(machineName);
        try {
            Path disk = scratch.make(machineName, PROBE_SCRATCH);
            Machine machine = hypervisor.start(new MachineSpec(
                    UUID.randomUUID(), machineName, settings.machinesFolder().resolve(machineName), kernel, 1, PROBE_MIB, disk, null,
                    settings.cgroupParent(), 0));
            try (Guest guest = door.attach(machine, machineName, Guest.Freshness.JUST_BOOTED, new Templates.Deaf(), settings.bootDeadline())) {
                Set<String> missing = new TreeSet<>(NEEDED.keySet());
                missing.removeAll(guest.hello(House.ANSWER).capabilities());
                return missing.isEmpty() ? "" : "it lacks " + String.join("; ", missing.stream().map(one -> one + " (" + NEEDED.get(one) + ")").toList());
            } catch (GuestException silent) {
                return "it did not come up within " + settings.bootDeadline().toSeconds() + " s" + lastWords(machine);
            } finally {
                machine.destroy();
            }
        } finally {
            scratch.remove(machineName);
            trying.remove(machineName);
        }
    }

    private static String lastWords(Machine machine) {
        try {
            return machine.awaitExit(Duration.ZERO).map(words -> "; its machine ended: " + words).orElse("");
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return "";
        }
    }
}
