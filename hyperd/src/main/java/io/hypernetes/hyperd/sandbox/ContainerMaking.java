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
            if (disk.grown() || sandbox.lacksLayers()) {
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

    /// What the guest has, filled, is recorded behind that: what failed, or was cut off, is done again by the next container that wants it. Disks are recorded before, as
    /// they are unmounted at the end of the pod even if that is all that became of them; so each container declares those that it wants again, of which the guest thinks nothing.
    private void declare(Guest guest, PlannedMounts mounts) {
        SandboxRecord before = sandbox.record();
        Map<String, SandboxRecord.Volume> fresh = new HashMap<>(mounts.volumes());
        fresh.keySet().removeAll(before.volumes().keySet());
        Map<String, SandboxRecord.Volume> asked = new HashMap<>(mounts.volumes());
        asked.putAll(before.volumes());
        asked.keySet().retainAll(mounts.volumes().keySet());
        asked.values().removeIf(volume -> volume.kind() != SandboxRecord.VolumeKind.DISK);
        boolean disks = !asked.isEmpty();
        if (disks) {
            keep(asked, before.files());
        }
        asked.putAll(fresh);
        boolean newHosts = !mounts.hosts().isEmpty() && !mounts.hosts().equals(before.files().hosts());
        if (asked.isEmpty() && !newHosts) {
            return;
        }
        SandboxRecord told = newHosts ? before.withFiles(before.files().withHosts(mounts.hosts())) : before;
        List<VolumeSpec> specs =
                asked.entrySet().stream().map(entry -> SandboxVolumes.spec(entry.getKey(), entry.getValue())).toList();
        guest.plan(
                new PodPlan(newHosts ? SandboxBoot.settings(told, Map.of()) : null, specs, List.of()),
                disks ? MOUNTED : House.ANSWER);
        // Watched before it is read, so that no change falls in between.
        sandbox.followVolumes(fresh);
        for (Entry<String, SandboxRecord.Volume> volume : fresh.entrySet()) {
            if (SandboxVolumes.comesFromHost(volume.getValue())) {
                volumes.fill(guest, volume.getKey(), volume.getValue());
            }
        }
        for (FilePush push : mounts.pushes()) {
            if (fresh.containsKey(push.volume())) {
                guest.writeFiles(push, House.ANSWER);
            }
        }
        keep(fresh, told.files());
    }

    private void keep(Map<String, SandboxRecord.Volume> volumes, SandboxRecord.Files files) {
        sandbox.update(current -> {
            Map<String, SandboxRecord.Volume> all = new HashMap<>(volumes);
            all.putAll(current.volumes());
            return current.withVolumes(all).withFiles(files);
        });
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
