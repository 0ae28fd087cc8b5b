package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.Guest;
import io.hypernetes.guest.GuestException;
import io.hypernetes.guest.NetworkConfig;
import io.hypernetes.guest.PodPlan;
import io.hypernetes.guest.PodSettings;
import io.hypernetes.guest.Resume;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hyperd.volume.PodDisks;
import io.hypernetes.hypervisor.GuestKernel;
import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.hypervisor.Machine;
import io.hypernetes.hypervisor.MachineKind;
import io.hypernetes.hypervisor.MachinePlace;
import io.hypernetes.hypervisor.MachineSpec;
import io.hypernetes.hypervisor.Template;
import io.hypernetes.network.Attachment;
import io.hypernetes.network.AttachmentRequest;
import io.hypernetes.network.Network;
import io.hypernetes.telemetry.Timeline;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes the machine of one new sandbox, in the order in which the steps are journalled:
///
/// 1. the intent (the record in phase MAKING is there before this begins)
/// 2. a place on the network and a disk, side by side
/// 3. the machine, whose record is journalled as soon as it runs
/// 4. the first answer of its guest; a guest that does not answer in time is given up and booted once more
/// 5. identity, addresses, settings
/// 6. READY
///
/// Whatever fails, the caller undoes everything by the record alone. For one thread.
final class SandboxBoot {
    private static final Logger LOG = LoggerFactory.getLogger(SandboxBoot.class);
    static final String TENANT_ANNOTATION = "hypernetes.io/tenant";
    static final String NETWORK_ANNOTATION = "hypernetes.io/network";

    /// The phase that a start from a template has, and a cold one has not.
    static final String COPY = "copy";
    private static final Duration COPY_ANSWER = Duration.ofSeconds(10);

    private final House house;
    private final Sandbox sandbox;
    private final SandboxRequest request;
    private final @Nullable Path keptDisk;
    private final Timeline.Running whole;
    private final Map<String, Long> phases = new LinkedHashMap<>();
    private List<MachineSpec.Volume> volumes = List.of();

    /// @param keptDisk a disk that outlives the sandbox and is its owner's to make; null for one of the sandbox's own
    /// @param whole the step that all its steps are part of
    SandboxBoot(House house, Sandbox sandbox, SandboxRequest request, @Nullable Path keptDisk, Timeline.Running whole) {
        this.whole = whole;
        this.house = house;
        this.keptDisk = keptDisk;
        this.sandbox = sandbox;
        this.request = request;
    }

    void run() {
        long begin = System.nanoTime();
        volumes = request.volumes();
        if (PodDisks.named(request.identity().annotations())) {
            List<MachineSpec.Volume> disks = timed("volumes", () -> house.mounts().disks().ready(request.identity().annotations()));
            volumes = Stream.concat(volumes.stream(), disks.stream()).toList();
        }
        placeAndDisk();
        GuestKernel kernel = timed("kernel", () -> house.kernels().of(sandbox.record().identity()));
        Guest guest;
        try {
            guest = copyOrMachine(kernel);
        } catch (GuestException firstFailure) {
            LOG.warn("event=boot-failed sandbox={} error=\"{}\" next=\"once more\"", sandbox.id(), firstFailure.getMessage());
            sandbox.giveUpMachine(UUID.randomUUID());
            timed("disk-again", this::makeDisk);
            try {
                guest = machine(kernel);
            } catch (GuestException secondFailure) {
                throw new HyperdException(
                        HyperdException.Kind.TIMEOUT,
                        "Sandbox " + sandbox.id() + ": its machine was started twice and its guest (kernel " + kernel.version()
                                + ") did not answer within " + house.bootDeadline().toSeconds() + " s: " + secondFailure.getMessage()
                                + ". See the console log in " + house.machineFolder(sandbox.id())
                                + " while it is tried, and whether the host has processor time left.",
                        secondFailure);
            }
        }
        plan(guest);
        phases.put("total", System.nanoTime() - begin);
        sandbox.ready(phases);
        LOG.info("event=sandbox-ready sandbox={} pod={}/{} kernel={} vcpus={} memory-mib={} phases-millis={}",
                sandbox.id(), request.identity().namespace(), request.identity().name(), kernel.version(),
                sandbox.record().size().vcpus(), sandbox.record().size().memoryMib(), millis());
    }

    private void placeAndDisk() {
        SandboxRecord record = sandbox.record();
        CompletableFuture<Path> disk = new CompletableFuture<>();
        makeDiskBeside(disk);
        Map<String, String> annotations = record.identity().annotations();
        try {
            Attachment attachment = timed("network", () -> house.network().attach(new AttachmentRequest(
                    record.id(),
                    tenant(record),
                    annotations.getOrDefault(NETWORK_ANNOTATION, "default"),
                    record.identity().namespace(),
                    record.identity().name(),
                    request.ports())));
            sandbox.placed(attachment);
        } finally {
            // Never leave the disk being made behind an undo.
            timed("disk", () -> await(disk));
        }
    }

    private void makeDiskBeside(CompletableFuture<Path> disk) {
        Thread.ofVirtual().name("disk-" + sandbox.id()).start(() -> {
            try {
                disk.complete(makeDisk());
            } catch (Throwable failure) {
                // Whatever it is, whoever waits must learn of it.
                disk.completeExceptionally(failure);
            }
        });
    }

    private Guest copyOrMachine(GuestKernel kernel) {
        if (!volumes.isEmpty()) {
            return cold(kernel, "it has volumes, whose disks no template has");
        }
        SandboxRecord.Size size = sandbox.record().size();
        Templates.Choice choice = house.templates().choose(new MachineKind(kernel, size.vcpus(), size.memoryMib()), tenant(sandbox.record()));
        if (choice instanceof Templates.Choice.Copy(Template template)) {
            requireDisk();
            try {
                Guest guest = copy(template);
                house.templates().copied(template);
                sandbox.copiedFrom(template);
                return guest;
            } catch (HypervisorException | GuestException | HyperdException failure) {
                if (isGivenUp()) {
                    throw new HyperdException(
                            HyperdException.Kind.UNAVAILABLE,
                            "Sandbox " + sandbox.id() + ": it was given up while its machine was being copied: " + failure.getMessage(), failure);
                }
                return coldAfter(template, kernel, failure);
            }
        }
        return cold(kernel, choice instanceof Templates.Choice.Cold(String reason) ? reason : "");
    }

    /// Whoever interrupts a start, or removes the pod meanwhile, says nothing about the template.
    private boolean isGivenUp() {
        return Thread.currentThread().isInterrupted() || sandbox.record().phase() != SandboxRecord.Phase.MAKING;
    }

    // A copy without it would fail, and the template be blamed.
    private void requireDisk() {
        if (!Files.isRegularFile(disk())) {
            throw new HyperdException(
                    HyperdException.Kind.UNAVAILABLE, "Sandbox " + sandbox.id() + ": its disk " + disk() + " is not there. Was it removed meanwhile?");
        }
    }

    private Guest coldAfter(Template template, GuestKernel kernel, RuntimeException failure) {
        house.templates().failed(template);
        sandbox.giveUpMachine(UUID.randomUUID());
        house.hypervisor().removeRemains(sandbox.id(), house.machineFolder(sandbox.id()), house.cgroupParent());
        // A machine that boots has an empty disk for layers.
        sandbox.update(current -> current.withLayers(List.of()));
        timed("disk-again", this::makeDisk);
        return cold(kernel, "the copy failed: " + failure.getMessage());
    }

    private Guest cold(GuestKernel kernel, String why) {
        house.templates().startedCold();
        sandbox.startedCold(why);
        LOG.info("event=cold-start sandbox={} reason=\"{}\"", sandbox.id(), why);
        return machine(kernel);
    }

    private Guest copy(Template template) {
        SandboxRecord record = sandbox.record();
        Attachment attachment = Objects.requireNonNull(record.attachment());
        MachinePlace place = new MachinePlace(record.machineId(), record.id(), house.machineFolder(record.id()), house.cgroupParent());
        Machine machine = timed(COPY, () -> {
            try (Network.Tap tap = house.network().openTap(attachment)) {
                return template.copy(place, new MachineSpec.Nic(tap.descriptor(), attachment.mac()), disk(), hostLimitMib(record));
            }
        });
        sandbox.started(machine);
        // The template's session ended between two frames, so this guest's channel is as good as new.
        return timed("attach", () -> sandbox.firstSession(COPY_ANSWER));
    }

    private int hostLimitMib(SandboxRecord record) {
        return house.machineOverheadMib() == 0 ? 0 : record.size().memoryMib() + house.machineOverheadMib();
    }

    private Path disk() {
        return keptDisk != null ? keptDisk : house.scratch().file(sandbox.id());
    }

    private Path makeDisk() {
        SandboxRecord record = sandbox.record();
        return keptDisk != null ? keptDisk : house.scratch().make(record.id(), record.size().scratchBytes(), PlannedMounts.limitsFolders(record.identity()));
    }

    private Guest machine(GuestKernel kernel) {
        SandboxRecord record = sandbox.record();
        Attachment attachment = record.attachment();
        if (attachment == null) {
            throw new IllegalStateException("sandbox " + record.id() + " has no place on the network");
        }
        int limit = hostLimitMib(record);
        Machine machine = timed("machine", () -> {
            try (Network.Tap tap = house.network().openTap(attachment)) {
                return house.hypervisor().start(new MachineSpec(
                        record.machineId(),
                        record.id(),
                        house.machineFolder(record.id()),
                        kernel,
                        record.size().vcpus(),
                        record.size().memoryMib(),
                        disk(),
                        new MachineSpec.Nic(tap.descriptor(), attachment.mac()),
                        house.cgroupParent(),
                        limit,
                        volumes));
            }
        });
        sandbox.started(machine);
        return timed("boot", () -> sandbox.firstSession(house.bootDeadline()));
    }

    private void plan(Guest guest) {
        SandboxRecord record = sandbox.record();
        Attachment attachment = record.attachment();
        if (attachment == null) {
            throw new IllegalStateException("sandbox " + record.id() + " has no place on the network");
        }
        timed("plan", () -> {
            guest.resume(identity(house, record), House.ANSWER);
            guest.network(
                    new NetworkConfig(attachment.mac(), "eth0", attachment.mtu(), attachment.addresses(), routes(attachment)), House.ANSWER);
            guest.plan(new PodPlan(settings(record, request.sysctls()), List.of(), List.of()), House.ANSWER);
            return guest;
        });
    }

    static List<NetworkConfig.Route> routes(Attachment attachment) {
        if (attachment.routes().isEmpty() && !attachment.gateway().isEmpty()) {
            String everything = attachment.gateway().contains(":") ? "::/0" : "0.0.0.0/0";
            return List.of(new NetworkConfig.Route(everything, attachment.gateway()));
        }
        return attachment.routes().stream().map(route -> new NetworkConfig.Route(route.destination(), route.gateway())).toList();
    }

    /// Whose pod it is; who runs a node without tenants is `root`.
    static String tenant(SandboxRecord record) {
        return record.identity().annotations().getOrDefault(TENANT_ANNOTATION, "root");
    }

    /// Who a guest is and what time it is.
    static Resume identity(House house, SandboxRecord record) {
        return new Resume(
                Identities.nonce(record.machineId()),
                house.now(),
                Identities.entropy(),
                record.files().hostname(),
                record.machineId().toString().replace("-", ""));
    }

    /// The pod's settings as the guest is told them.
    static PodSettings settings(SandboxRecord record, Map<String, String> sysctls) {
        SandboxRecord.Files files = record.files();
        Attachment attachment = record.attachment();
        List<String> nameservers = files.nameservers();
        List<String> searches = files.searches();
        if (nameservers.isEmpty() && attachment != null) {
            nameservers = attachment.nameservers();
            searches = searches.isEmpty() ? attachment.searches() : searches;
        }
        return new PodSettings(
                files.hostname(), "", nameservers, searches, files.options(), files.hosts().isEmpty() ? null : files.hosts(), sysctls, 0);
    }

    private <T> T timed(String phase, Supplier<T> step) {
        long begin = System.nanoTime();
        T result = whole.timed(phase, step);
        long took = System.nanoTime() - begin;
        phases.merge(phase, took, Long::sum);
        LOG.debug("event=sandbox-phase sandbox={} phase={} micros={}", sandbox.id(), phase, took / 1000);
        return result;
    }

    private String millis() {
        StringBuilder text = new StringBuilder();
        phases.forEach((phase, nanos) -> text.append(text.isEmpty() ? "" : ",").append(phase).append(':').append(nanos / 1_000_000));
        return text.toString();
    }

    private static Path await(CompletableFuture<Path> disk) {
        try {
            return disk.join();
        } catch (CompletionException failure) {
            throw failure.getCause() instanceof RuntimeException cause ? cause : failure;
        }
    }
}
