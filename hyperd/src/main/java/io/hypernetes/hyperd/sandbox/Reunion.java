package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.Guest;
import io.hypernetes.guest.GuestInventory;
import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.journal.SandboxRecord;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What is done when a guest is met again: its containers and ours are matched, their output is followed from where the logs stand,
/// exits of the meantime are learnt, half-made containers are undone, and of volumes that the guest has not got the next container that wants them makes them anew.
final class Reunion {
    private static final Logger LOG = LoggerFactory.getLogger(Reunion.class);

    private Reunion() {}

    static void of(Sandbox sandbox, Guest guest) {
        SandboxRecord record = sandbox.record();
        if (!record.layers().isEmpty()) {
            // The journal may be ahead of the machine by one append.
            sandbox.grow(new LayerDisk(record.layers(), List.of(), true));
        }
        GuestInventory inventory = guest.list(House.ANSWER);
        for (GuestInventory.Container seen : inventory.containers()) {
            boolean known = sandbox.everyContainer().stream().anyMatch(container -> container.id().equals(seen.id()));
            if (!known) {
                LOG.info("event=container-undone sandbox={} container={}", sandbox.id(), seen.id());
                guest.remove(seen.id(), House.ANSWER);
            }
        }
        matchVolumes(sandbox, inventory);
        List<Container> lost = new ArrayList<>();
        for (Container container : sandbox.everyContainer()) {
            if (container.record().isVisible()) {
                inventory.container(container.id()).ifPresentOrElse(seen -> container.resume(guest, seen), () -> lost.add(container));
            }
        }
        Container.lost(lost, "The guest does not know this container any more.");
    }

    /// A record may say more than there is, as earlier versions wrote it first. Disks stay: each container declares its own again, and the end of the pod unmounts them.
    private static void matchVolumes(Sandbox sandbox, GuestInventory inventory) {
        Set<String> there = inventory.volumes().stream().map(GuestInventory.Volume::name).collect(Collectors.toSet());
        sandbox.update(current -> {
            Map<String, SandboxRecord.Volume> kept = new HashMap<>(current.volumes());
            if (kept.entrySet().removeIf(each -> each.getValue().kind() != SandboxRecord.VolumeKind.DISK && !there.contains(each.getKey()))) {
                LOG.info("event=volumes-not-there sandbox={} recorded={} kept={}", sandbox.id(), current.volumes().keySet(), kept.keySet());
            }
            return current.withVolumes(kept);
        });
    }
}
