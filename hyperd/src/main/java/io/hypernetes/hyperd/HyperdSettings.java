package io.hypernetes.hyperd;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Settings of an engine.
///
/// @param stateFolder where the pods' disks are, as `/var/lib/hypernetes/hyperd`
/// @param machinesFolder where the machines' sockets are, as `/run/hypernetes/machines`; a short path, for sockets
/// @param criSocket as `/run/hypernetes/cri.sock`
/// @param podsFolder the kubelet's pods folder: mounts name only paths below it
/// @param cgroupParent cgroup below which each machine has its own, relative to the controllers' mount points
/// @param bootDeadline from the start of a machine to the first answer of its guest; one retry follows
/// @param parallelBoots how many machines may boot at a time
/// @param machineOverheadMib what a hypervisor process may use beside the guest's memory, in MiB; 0 for no limit
/// @param templates whether and how machines start as copies
/// @param kernels what pods may boot beside the node's own kernel
public record HyperdSettings(
        Path stateFolder,
        Path machinesFolder,
        Path criSocket,
        Path podsFolder,
        String cgroupParent,
        Duration bootDeadline,
        int parallelBoots,
        int machineOverheadMib,
        Templates templates,
        Kernels kernels) {

    /// Settings without templates.
    public HyperdSettings(
            Path stateFolder,
            Path machinesFolder,
            Path criSocket,
            Path podsFolder,
            String cgroupParent,
            Duration bootDeadline,
            int parallelBoots,
            int machineOverheadMib) {
        this(stateFolder, machinesFolder, criSocket, podsFolder, cgroupParent, bootDeadline, parallelBoots, machineOverheadMib, Templates.NONE, Kernels.NONE);
    }

    /// How machines may start as copies of others.
    ///
    /// @param wanted whether they do where that is possible
    /// @param program a static program that prints something when it is called with `--rehearse`: hyperstart; null for no rehearsals
    public record Templates(boolean wanted, @Nullable Path program) {
        public static final Templates NONE = new Templates(false, null);
    }

    public HyperdSettings withTemplates(Templates wanted) {
        return new HyperdSettings(
                stateFolder, machinesFolder, criSocket, podsFolder, cgroupParent, bootDeadline, parallelBoots, machineOverheadMib, wanted, kernels);
    }

    public HyperdSettings withKernels(Kernels allowed) {
        return new HyperdSettings(
                stateFolder, machinesFolder, criSocket, podsFolder, cgroupParent, bootDeadline, parallelBoots, machineOverheadMib, templates, allowed);
    }

    /// Kernels that pods may bring.
    ///
    /// @param images name of the kernel to the image that holds it; a pod names one by the annotation `hypernetes.io/kernel` or its runtime
    ///     handler
    /// @param hyperstart the static init of all machines; null when there are no kernels
    public record Kernels(Map<String, String> images, @Nullable Path hyperstart) {
        public static final Kernels NONE = new Kernels(Map.of(), null);

        public Kernels {
            images = Map.copyOf(images);
        }
    }

    /// The defaults for a node whose folders are these.
    public static HyperdSettings of(Path stateFolder, Path runFolder, Path podsFolder) {
        return new HyperdSettings(
                stateFolder,
                runFolder.resolve("machines"),
                runFolder.resolve("cri.sock"),
                podsFolder,
                "hypernetes",
                Duration.ofSeconds(30),
                Math.max(2, Runtime.getRuntime().availableProcessors()),
                256);
    }
}
