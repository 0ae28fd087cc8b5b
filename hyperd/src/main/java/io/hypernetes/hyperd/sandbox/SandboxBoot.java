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
import java.util.UUID;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes the machine of one new sandbox. The intent (the record in phase MAKING) is in the journal before this begins; then come
///
/// 1. side by side: a place on the network, a disk, and the machine, which waits for both. A machine that boots is begun when they are there
/// 2. the first answer of its guest; a guest that does not answer in time is given up and booted once more
/// 3. identity, addresses, settings
/// 4. READY, which is journalled with all that was made
///
/// Whatever fails, the caller undoes everything: a sandbox that is being made has nothing that is not found by its id. For one thread.
final class SandboxBoot {
    private static final Logger LOG = LoggerFactory.getLogger(SandboxBoot.class);
    static final String NETWORK_ANNOTATION = "hypernetes.io/network";
    /// Whether machines of the tenant's pods may be copies of templates that others have copies of too: not when this is [#STRICT].
    static final String ISOLATION_ANNOTATION = "hypernetes.io/isolation";
    static final String STRICT = "Strict";

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
        GuestKernel kernel = timed("kernel", () -> house.kernels().of(sandbox.record().identity()));
        Guest guest;
        try {
            guest = copyOrMachine(kernel);
        } catch (GuestException firstFailure) {
            LOG.warn("event=boot-failed sandbox={} error=\"{}\" next=\"once more\"", sandbox.id(), firstFailure.getMessage());
            sandbox.beginning().giveUpMachine(UUID.randomUUID());
            timed("disk-again", this::makeDisk);
            try {
                guest = begun(machine(kernel));
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
        phases.put("total", System.nanoTime() - begin);
        sandbox.beginning().ready(phases, sandbox.timeline().steps());
        LOG.info("event=sandbox-ready sandbox={} pod={}/{} kernel={} vcpus={} memory-mib={} phases-millis={}",
                sandbox.id(), request.identity().namespace(), request.identity().name(), kernel.version(),
                sandbox.record().size().vcpus(), sandbox.record().size().memoryMib(), millis());
    }

    private Attachment attach() {
        SandboxRecord record = sandbox.record();
        Map<String, String> annotations = record.identity().annotations();
        Attachment attachment = house.network().attach(new AttachmentRequest(
                record.id(),
                tenant(record),
                annotations.getOrDefault(NETWORK_ANNOTATION, "default"),
                record.identity().namespace(),
                record.identity().name(),
                request.ports(),
                request.membership()));
        sandbox.beginning().placed(attachment);
        return attachment;
    }

    private Guest copyOrMachine(GuestKernel kernel) {
        if (!volumes.isEmpty()) {
            return cold(kernel, "it has volumes, whose disks no template has");
        }
        SandboxRecord.Size size = sandbox.record().size();
        String tenant = tenant(sandbox.record());
        String owner = STRICT.equals(sandbox.record().identity().annotations().get(ISOLATION_ANNOTATION)) ? tenant : "";
        Templates.Choice choice = house.templates().choose(new TemplateKind(new MachineKind(kernel, size.vcpus(), size.memoryMib()), owner), tenant);
        return switch (choice) {
            case Templates.Choice.Copy(Template template) -> copyOrMachine(template, kernel);
            case Templates.Choice.Cold(String reason) -> cold(kernel, reason);
        };
    }

    private Guest copyOrMachine(Template template, GuestKernel kernel) {
        String why;
        try (Beside beside = new Beside(sandbox.id(), whole)) {
            Future<Path> disk = beside.begin("disk", this::presentDisk);
            Future<Attachment> attachment = beside.begin("network", this::attach);
            try {
                Guest guest = copy(template, disk, attachment, beside);
                house.templates().copied(template);
                sandbox.beginning().copiedFrom(template);
                return guest;
            } catch (HypervisorException | GuestException | HyperdException failure) {
                // A place or a disk that could not be had is not the template's fault, and no other machine would have it.
                Beside.get(attachment);
                Beside.get(disk);
                if (isGivenUp()) {
                    throw new HyperdException(
                            HyperdException.Kind.UNAVAILABLE,
                            "Sandbox " + sandbox.id() + ": it was given up while its machine was being copied: " + failure.getMessage(), failure);
                }
                why = "the copy failed: " + failure.getMessage();
            }
        }
        house.templates().failed(template);
        sandbox.beginning().giveUpMachine(UUID.randomUUID());
        house.hypervisor().removeRemains(sandbox.id(), house.machineFolder(sandbox.id()), house.cgroupParent());
        // A machine that boots has an empty disk for layers.
        sandbox.update(current -> current.withLayers(List.of()));
        return cold(kernel, why);
    }

    /// Whoever interrupts a start, or removes the pod meanwhile, says nothing about the template.
    private boolean isGivenUp() {
        return Thread.currentThread().isInterrupted() || sandbox.record().phase() != SandboxRecord.Phase.MAKING;
    }

    // A copy without it would fail, and the template be blamed.
    private Path presentDisk() {
        Path disk = makeDisk();
        if (!Files.isRegularFile(disk)) {
            throw new HyperdException(
                    HyperdException.Kind.UNAVAILABLE, "Sandbox " + sandbox.id() + ": its disk " + disk + " is not there. Was it removed meanwhile?");
        }
        return disk;
    }

    private Guest cold(GuestKernel kernel, String why) {
        house.templates().startedCold();
        if (house.templates().areOn()) {
            sandbox.beginning().startedCold(why);
            LOG.info("event=cold-start sandbox={} reason=\"{}\"", sandbox.id(), why);
        }
        try (Beside beside = new Beside(sandbox.id(), whole)) {
            Future<Path> disk = beside.begin("disk", this::makeDisk);
            timed("network", this::attach);
            timed("disk", () -> Beside.get(disk));
        }
        return begun(machine(kernel));
    }

    /// A copy needs its tap from the beginning, its disk before its guest goes on, and its address when that is told who it is.
    private Guest copy(Template template, Future<Path> disk, Future<Attachment> attachment, Beside beside) {
        SandboxRecord record = sandbox.record();
        MachinePlace place = new MachinePlace(record.machineId(), record.id(), house.machineFolder(record.id()), house.cgroupParent());
        Network.Tap spare = house.network().openSpareTap(record.id()).orElse(null);
        Future<Attachment> plugged = attachment;
        Machine machine;
        try (Network.Tap tap = spare != null ? spare : house.network().openTap(Beside.get(attachment))) {
            if (spare != null) {
                plugged = beside.begin("plug", () -> plugged(attachment));
            }
            machine = timed(COPY, () -> template.copy(place, new MachineSpec.Nic(tap.descriptor(), ""), () -> Beside.get(disk), hostLimitMib(record)));
        }
        sandbox.beginning().started(machine);
        // The template's session ended between two frames, so this guest's channel is as good as new.
        Guest guest = timed("attach", () -> sandbox.beginning().firstSession(COPY_ANSWER));
        Beside.get(attachment);
        begun(guest);
        Beside.get(plugged);
        return guest;
    }

    private Attachment plugged(Future<Attachment> attachment) {
        Attachment placed = Beside.get(attachment);
        house.network().plug(placed);
        return placed;
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
        sandbox.beginning().started(machine);
        return timed("boot", () -> sandbox.beginning().firstSession(house.bootDeadline()));
    }

    private Guest begun(Guest guest) {
        SandboxRecord record = sandbox.record();
        Attachment attachment = record.attachment();
        if (attachment == null) {
            throw new IllegalStateException("sandbox " + record.id() + " has no place on the network");
        }
        return timed("plan", () -> {
            guest.begin(
                    identity(house, record),
                    new NetworkConfig(attachment.mac(), "eth0", attachment.mtu(), attachment.addresses(), routes(attachment)),
                    new PodPlan(settings(record, request.sysctls()), List.of(), List.of()),
                    House.ANSWER);
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

    /// Whose pod it is.
    static String tenant(SandboxRecord record) {
        return SandboxRecord.Identity.tenant(record.identity().annotations());
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
}
