package io.hypernetes.hyperd.sandbox;

import io.hypernetes.guest.Guest;
import io.hypernetes.hyperd.container.Container;
import io.hypernetes.hyperd.event.Events;
import io.hypernetes.hyperd.journal.Journal;
import io.hypernetes.hyperd.volume.FolderWatch;
import io.hypernetes.hyperd.volume.MountPolicy;
import io.hypernetes.hypervisor.Hypervisor;
import io.hypernetes.images.ImageStore;
import io.hypernetes.network.Network;
import io.hypernetes.telemetry.StepSink;
import io.hypernetes.telemetry.Timeline;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

/// What every sandbox is made from.
///
/// @param machines folder below which each machine has its own
/// @param cgroupParent cgroup below which each machine has its own
/// @param bootDeadline from the start of a machine to the first answer of its guest
/// @param machineOverheadMib what a hypervisor process may use beside the guest's memory; 0 for no limit at all
/// @param steps gets every step of every start when it is over
record House(
        Journal journal,
        Events events,
        Clock clock,
        ImageStore images,
        Hypervisor hypervisor,
        Templates templates,
        Activity activity,
        Network network,
        OwnKernels kernels,
        GuestDoor door,
        ScratchDisks scratch,
        FolderWatch folders,
        MountPolicy mounts,
        Path machines,
        String cgroupParent,
        Duration bootDeadline,
        int machineOverheadMib,
        StepSink steps) {

    private static final long NANOS = 1_000_000_000L;

    private static final int MOST_STEPS = 256;

    /// How long a guest may take to answer an ordinary request.
    static final Duration ANSWER = Duration.ofSeconds(30);

    /// Room for the steps of one sandbox.
    Timeline timeline() {
        return new Timeline("hyperd", MOST_STEPS, steps, clock);
    }

    Container.Surroundings forContainers(Events events) {
        return new Container.Surroundings(journal, events, clock);
    }

    /// Nanoseconds since 1970.
    long now() {
        Instant instant = Instant.now(clock);
        return instant.getEpochSecond() * NANOS + instant.getNano();
    }

    Path machineFolder(String sandboxId) {
        return machines.resolve(sandboxId);
    }

    /// What is needed of a guest to be this sandbox's and no other.
    static boolean isInstance(Guest guest, java.util.UUID machineId) {
        return java.util.Arrays.equals(guest.instance(), Identities.nonce(machineId));
    }
}
