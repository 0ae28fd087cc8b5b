package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.Guest;
import io.hypernetes.guest.NetworkConfig;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hypervisor.Checkpointing;
import io.hypernetes.hypervisor.Machine;
import io.hypernetes.hypervisor.MachinePlace;
import io.hypernetes.hypervisor.MachineSpec;
import io.hypernetes.network.Attachment;
import io.hypernetes.network.AttachmentRequest;
import io.hypernetes.network.Network;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// Gives a sandbox the machine of a checkpoint, in place of whatever it has:
///
/// 1. the machine that it has ends, and with it all that its containers have become since
/// 2. the disk of the checkpoint is copied
/// 3. its place on the network: the one that it has still, else a new one
/// 4. a machine with the saved memory, which waits
/// 5. the records as they were, ready, with the new machine; until then whoever looks sees the former ones, and no kubelet makes good what is not
///    missing
/// 6. it goes on, like one that was adopted; then its clock is set, and its address told where that is another
///
/// The sandbox's lifecycle lock is held, and an intent in the journal says what goes on. For one thread.
final class Rebirth {
    private static final Duration FIRST_ANSWER = Duration.ofSeconds(60);

    private final House house;
    private final Sandbox sandbox;
    private final Checkpointing driver;
    private final Checkpoint checkpoint;

    Rebirth(House house, Sandbox sandbox, Checkpointing driver, Checkpoint checkpoint) {
        this.house = house;
        this.sandbox = sandbox;
        this.driver = driver;
        this.checkpoint = checkpoint;
    }

    void run(CheckpointFolder folder) throws IOException {
        String id = sandbox.id();
        SandboxRecord kept = checkpoint.sandbox();
        boolean placed = house.network().attachments().contains(id);
        Attachment present = sandbox.record().attachment();
        sandbox.saving().dropMachine();
        Path disk = house.scratch().file(id);
        folder.copyDisk(checkpoint.name(), disk);
        Attachment attachment = placed && present != null ? present : house.network().attach(request(kept));
        sandbox.beginning().placed(attachment);
        Machine machine;
        try (Network.Tap tap = house.network().openTap(attachment)) {
            MachinePlace place = new MachinePlace(kept.machineId(), id, house.machineFolder(id), house.cgroupParent());
            machine = sandbox.saving().loaded(() -> driver.load(
                            checkpoint.machine(), place, new MachineSpec.Nic(tap.descriptor(), attachment.mac()), disk,
                            LayerDisk.files(kept.layers()), folder.memory(checkpoint.name()))
                    .release(house.machineOverheadMib() == 0 ? 0 : kept.size().memoryMib() + house.machineOverheadMib()));
        }
        sandbox.saving().exchangeContainers(checkpoint.containers());
        sandbox.update(current -> kept.withAttachment(attachment).withMachine(machine.record()).withPhase(SandboxRecord.Phase.READY, ""));
        sandbox.beginning().adopted(machine);
        sandbox.beginning().awaitGuest(FIRST_ANSWER);
        Guest guest = sandbox.guest();
        guest.resume(SandboxBoot.identity(house, sandbox.record()), House.ANSWER);
        if (!attachment.equals(kept.attachment())) {
            guest.network(
                    new NetworkConfig(attachment.mac(), "eth0", attachment.mtu(), attachment.addresses(), SandboxBoot.routes(attachment)), House.ANSWER);
        }
    }

    private AttachmentRequest request(SandboxRecord record) {
        Map<String, String> annotations = record.identity().annotations();
        return new AttachmentRequest(
                record.id(),
                SandboxBoot.tenant(record),
                annotations.getOrDefault(SandboxBoot.NETWORK_ANNOTATION, "default"),
                record.identity().namespace(),
                record.identity().name(),
                List.of());
    }
}
