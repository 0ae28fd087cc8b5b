package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.FilePush;
import io.hypernetes.guest.Guest;
import io.hypernetes.guest.PodPlan;
import io.hypernetes.guest.VolumeSpec;
import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.container.ContainerRequest;
import io.hypernetes.hyperd.container.ContainerSpecs;
import io.hypernetes.hyperd.container.ProcessPlan;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hyperd.log.LogPosition;
import io.hypernetes.images.Image;
import io.hypernetes.telemetry.Timeline;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Map.Entry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Prepares a container in a ready sandbox: intent in the journal, image leased, layers on the disk, volumes in the guest, plan.
/// The sandbox's lifecycle lock is held.
final class ContainerMaking {
    private static final Logger LOG = LoggerFactory.getLogger(ContainerMaking.class);

    /// A disk that was not unmounted is mended first, and one that is given to a group is walked through.
    private static final Duration MOUNTED = Duration.ofMinutes(3);

    private final House house;
    private final Sandbox sandbox;
    private final SandboxVolumes volumes;
    private final Timeline.Running whole;

    /// @param whole the step that all its steps are part of
    ContainerMaking(House house, Sandbox sandbox, SandboxVolumes volumes, Timeline.Running whole) {
        this.house = house;
        this.sandbox = sandbox;
        this.volumes = volumes;
        this.whole = whole;
    }

    Container make(ContainerRequest request, Particulars particulars) {
        refuseTwin(request);
        Guest guest = sandbox.guest();
        String id = particulars.id().isEmpty() ? Identities.id() : particulars.id();
        Image image = whole.timed("image", () -> leased(request.image()));
        ProcessPlan plan = particulars.applied(ContainerSpecs.plan(request, image.config()));
        ImageMounts images = ImageMounts.of(sandbox.record().layers(), image, request.mounts(), this::leased);
        PlannedMounts mounts = PlannedMounts.of(house.mounts(), sandbox.record().identity(), id, images.asked())
                .with(particulars.volumes(), images.specs())
                .with(Map.of(), particulars.mounts())
                .withHosts(particulars.hosts());
        LayerDisk disk = images.disk();
        ContainerRecord record = record(id, request, image, plan, mounts);
        whole.step("record", () -> house.journal().write(record));
        Container container;
        try {
            container = new Container(record, sandbox.surroundings(), sandbox::copyTerminationMessage);
        } catch (RuntimeException failure) {
            house.journal().removeContainer(id);
            throw failure;
        }
        sandbox.add(container);
        try {
            if (disk.grown()) {
                whole.step("layers", () -> sandbox.grow(disk));
            }
            whole.step("volumes", () -> declare(guest, mounts));
            whole.step("plan", () -> guest.plan(
                    PodPlan.ofContainer(List.of(), ContainerSpecs.of(id, request, plan, disk.extents(), mounts.specs())),
                    House.ANSWER));
            whole.step("record", () -> container.created(guest));
            LOG.info("event=container-created sandbox={} container={} name={} image={}",
                    sandbox.id(), id, request.identity().name(), image.id());
            return container;
        } catch (RuntimeException failure) {
            undo(container);
            throw failure;
        }
    }

    private void refuseTwin(ContainerRequest request) {
        for (Container other : sandbox.containers()) {
            if (other.record().identity().name().equals(request.identity().name())
                    && other.record().identity().attempt() == request.identity().attempt()) {
                throw new HyperdException(
                        HyperdException.Kind.WRONG_STATE,
                        "Sandbox " + sandbox.id() + " has a container " + request.identity().name() + ", attempt "
                                + request.identity().attempt() + " already: " + other.id() + ".");
            }
        }
    }

    // Leased before it is used, and looked up again behind the lease: it may have been removed in between.
    private Image leased(String name) {
        String id = found(name).id();
        house.images().lease(id, sandbox.id());
        return found(id);
    }

    private Image found(String name) {
        return house.images()
                .find(name)
                .orElseThrow(() -> HyperdException.notFound("Image " + name + " is not on this node. Pull it first."));
    }

    private void declare(Guest guest, PlannedMounts mounts) {
        Map<String, SandboxRecord.Volume> fresh = new HashMap<>(mounts.volumes());
        fresh.keySet().removeAll(sandbox.record().volumes().keySet());
        boolean newHosts = !mounts.hosts().isEmpty() && !mounts.hosts().equals(sandbox.record().files().hosts());
        if (newHosts) {
            SandboxRecord.Files files = sandbox.record().files();
            SandboxRecord.Files told = new SandboxRecord.Files(
                    files.hostname(), files.nameservers(), files.searches(), files.options(), mounts.hosts());
            sandbox.update(current -> current.withFiles(told));
        }
        if (fresh.isEmpty() && !newHosts) {
            return;
        }
        Map<String, SandboxRecord.Volume> all = new HashMap<>(sandbox.record().volumes());
        all.putAll(fresh);
        sandbox.update(current -> current.withVolumes(all));
        List<VolumeSpec> specs =
                fresh.entrySet().stream().map(entry -> SandboxVolumes.spec(entry.getKey(), entry.getValue())).toList();
        guest.plan(
                new PodPlan(newHosts ? SandboxBoot.settings(sandbox.record(), Map.of()) : null, specs, List.of()),
                specs.stream().anyMatch(spec -> spec.kind() == VolumeSpec.Kind.DISK) ? MOUNTED : House.ANSWER);
        // Watched before it is read, so that no change falls in between.
        sandbox.followVolumes();
        for (Entry<String, SandboxRecord.Volume> volume : fresh.entrySet()) {
            if (SandboxVolumes.comesFromHost(volume.getValue())) {
                volumes.push(guest, volume.getKey(), volume.getValue());
            }
        }
        for (FilePush push : mounts.pushes()) {
            guest.writeFiles(push, House.ANSWER);
        }
    }

    private ContainerRecord record(
            String id, ContainerRequest request, Image image, ProcessPlan plan, PlannedMounts mounts) {
        String reference = image.digests().isEmpty() ? image.id() : image.digests().getFirst();
        return new ContainerRecord(
                id,
                sandbox.id(),
                request.identity(),
                new ContainerRecord.Image(request.image(), request.userSpecifiedImage(), image.id(), reference),
                ContainerRecord.State.MAKING,
                house.now(),
                0,
                0,
                0,
                "",
                "",
                request.logPath(),
                LogPosition.START,
                request.terminal(),
                plan.stopSignal(),
                mounts.kept(),
                request.resources(),
                ContainerRecord.User.ROOT);
    }

    private void undo(Container container) {
        sandbox.forget(container);
        try {
            // The session may be a new one.
            sandbox.guest().remove(container.id(), House.ANSWER);
        } catch (RuntimeException failure) {
            // The next session undoes what it does not know.
            LOG.warn("event=container-not-undone container={} error=\"{}\"", container.id(), failure.getMessage());
        }
        container.close();
        house.journal().removeContainer(container.id());
    }
}
