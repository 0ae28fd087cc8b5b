package io.hypernetes.hyperd.sandbox;

import io.hypernetes.hyperd.HyperdSettings;
import io.hypernetes.hyperd.Inventory;
import io.hypernetes.hyperd.event.Events;
import io.hypernetes.hyperd.journal.Journal;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hyperd.volume.FolderWatch;
import io.hypernetes.hyperd.volume.MountPolicy;
import io.hypernetes.hypervisor.GuestKernel;
import io.hypernetes.hypervisor.Hypervisor;
import io.hypernetes.images.ImageStore;
import io.hypernetes.linux.Cgroups;
import io.hypernetes.network.Network;
import io.hypernetes.telemetry.StepSink;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Puts the sandboxes of a node together and takes up those of an earlier process. Safe for use by many threads.
public final class Engine implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Engine.class);

    private final House house;
    private final Templates templates;
    private final Sandboxes sandboxes;
    private final Checkpoints checkpoints;
    private final FolderWatch folders = new FolderWatch();

    /// As the other, measured by nobody.
    Engine(
            HyperdSettings settings,
            Path scratchFolder,
            ImageStore images,
            Hypervisor hypervisor,
            Network network,
            Journal journal,
            Events events,
            Supplier<GuestKernel> kernel,
            GuestDoor door,
            Clock clock) {
        this(settings, scratchFolder, images, hypervisor, network, journal, events, kernel, door, clock, StepSink.NONE);
    }

    /// Returns when everything that was left is adopted, finished or undone.
    ///
    /// @param steps gets every step of every start when it is over
    public Engine(
            HyperdSettings settings,
            Path scratchFolder,
            ImageStore images,
            Hypervisor hypervisor,
            Network network,
            Journal journal,
            Events events,
            Supplier<GuestKernel> kernel,
            GuestDoor door,
            Clock clock,
            StepSink steps) {
        try {
            Files.createDirectories(settings.machinesFolder());
            Files.setPosixFilePermissions(settings.machinesFolder(), PosixFilePermissions.fromString("rwx--x--x"));
        } catch (IOException failure) {
            throw new UncheckedIOException("making the folder of the machines, " + settings.machinesFolder(), failure);
        }
        Activity activity = new Activity(System::nanoTime);
        ScratchDisks scratch = new ScratchDisks(scratchFolder);
        templates = new Templates(
                settings.templates().wanted() ? hypervisor.templating().orElse(null) : null,
                activity, door, scratch, rehearsal(settings), settings.machinesFolder(), settings.cgroupParent(), settings.bootDeadline(), System::nanoTime);
        house = new House(
                journal, events, clock, images, hypervisor, templates, activity, network,
                new OwnKernels(kernel, settings, images, hypervisor, door, scratch), door, scratch, folders,
                new MountPolicy(settings.podsFolder()), settings.machinesFolder(), settings.cgroupParent(),
                settings.bootDeadline(), settings.machineOverheadMib(), steps);
        sandboxes = new Sandboxes(house, settings.parallelBoots());
        checkpoints = new Checkpoints(house, sandboxes, scratchFolder.resolveSibling("checkpoints"));
        new Recovery(house, sandboxes, checkpoints).run();
    }

    public Sandboxes sandboxes() {
        return sandboxes;
    }

    public Checkpoints checkpoints() {
        return checkpoints;
    }

    private static @Nullable Rehearsal rehearsal(HyperdSettings settings) {
        Path program = settings.templates().program();
        if (!settings.templates().wanted() || program == null) {
            return null;
        }
        try {
            Files.createDirectories(settings.stateFolder());
            return Rehearsal.of(program, settings.stateFolder());
        } catch (IOException failure) {
            LOG.warn("event=no-rehearsal error=\"{}\" effect=\"the first steps of pods take longer\"", failure.getMessage());
            return null;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return null;
        }
    }

    /// How machines were started since this process runs: `copies` and `coldStarts`; the `templates` there are with their `templateBytes`.
    public Map<String, Long> starts() {
        return new TreeMap<>(templates.counts());
    }

    /// What there is of each part of a pod.
    public Inventory inventory() {
        return new Inventory(
                ids(record -> true),
                ids(record -> record.machine() != null),
                house.network().attachments(),
                disks(),
                entries(house.machines()),
                machineCgroups(),
                house.network().strays());
    }

    /// Leaves all machines running.
    @Override
    public void close() {
        sandboxes.close();
        templates.close();
        folders.close();
    }

    private Set<String> ids(Predicate<SandboxRecord> which) {
        return house.journal().sandboxes().stream().filter(which).map(SandboxRecord::id).collect(Collectors.toSet());
    }

    private Set<String> disks() {
        Set<String> disks = new TreeSet<>(house.scratch().present());
        disks.removeAll(ofTheNode());
        // Those of the Docker face outlive their sandboxes and are the face's to account for.
        disks.addAll(ids(record -> record.machine() != null && record.identity().isDocker()));
        return disks;
    }

    private Set<String> machineCgroups() {
        Set<String> names = new TreeSet<>(Cgroups.discover().below(house.cgroupParent()));
        names.removeAll(ofTheNode());
        return names;
    }

    // Templates, made or being made, and machines that try a kernel belong to no pod and are no leaks. Those that nobody knows are.
    private Set<String> ofTheNode() {
        Set<String> names = new TreeSet<>(templates.machineNames());
        names.addAll(house.kernels().machineNames());
        return names;
    }

    private Set<String> entries(Path folder) {
        if (!Files.isDirectory(folder)) {
            return Set.of();
        }
        try (Stream<Path> entries = Files.list(folder)) {
            Set<String> present = entries.filter(Files::isDirectory).map(entry -> String.valueOf(entry.getFileName())).collect(Collectors.toSet());
            // Asked for after the folder was read, a template that is made just now is known already.
            present.removeAll(ofTheNode());
            return present;
        } catch (IOException failure) {
            throw new UncheckedIOException("listing " + folder, failure);
        }
    }
}
