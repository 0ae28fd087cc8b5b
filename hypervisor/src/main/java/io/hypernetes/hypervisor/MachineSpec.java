package io.hypernetes.hypervisor;

import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// A machine to be started.
///
/// @param uuid identity of the machine, given to QMP
/// @param name for messages and the process list: the sandbox id
/// @param folder the machine's own folder; made 0700, removed with the machine
/// @param kernel the guest kernel
/// @param vcpus number of virtual CPUs, 1 to 64
/// @param memoryMib guest RAM in MiB
/// @param scratchDisk raw file that the guest may write; its first read-write disk
/// @param nic the pod's network interface; null for none
/// @param cgroupParent cgroup below which the machine's own is made, relative to the controllers' mount points
/// @param hostMemoryLimitMib limit of the hypervisor process's cgroup, in MiB; 0 for none
/// @param volumes disks that outlive the machine, at most [#MOST_VOLUMES]
public record MachineSpec(
        UUID uuid,
        String name,
        Path folder,
        GuestKernel kernel,
        int vcpus,
        int memoryMib,
        Path scratchDisk,
        @Nullable Nic nic,
        String cgroupParent,
        int hostMemoryLimitMib,
        List<Volume> volumes) {

    /// More than what one pod has ever needed, and what any machine type has room for.
    public static final int MOST_VOLUMES = 16;

    public MachineSpec {
        volumes = List.copyOf(volumes);
    }

    /// A machine without volumes.
    public MachineSpec(
            UUID uuid,
            String name,
            Path folder,
            GuestKernel kernel,
            int vcpus,
            int memoryMib,
            Path scratchDisk,
            @Nullable Nic nic,
            String cgroupParent,
            int hostMemoryLimitMib) {
        this(uuid, name, folder, kernel, vcpus, memoryMib, scratchDisk, nic, cgroupParent, hostMemoryLimitMib, List.of());
    }

    /// A disk that outlives machines. While a machine runs with it, no other is started with it, unless both only read it: a lock on the
    /// file, held by the hypervisor process itself, sees to that whatever becomes of its engine.
    ///
    /// @param serial by which the guest finds it: 1 to 20 of `a-z 0-9 -`
    /// @param file raw
    /// @param readOnly whether the guest can only read it
    public record Volume(String serial, Path file, boolean readOnly) {
        public Volume {
            if (!serial.matches("[a-z0-9-]{1,20}")) {
                throw new IllegalArgumentException("no serial of a disk: " + serial);
            }
        }
    }

    /// A tap already open in this process.
    ///
    /// @param tapDescriptor number of the open tap descriptor; the hypervisor process gets a copy, the caller keeps and closes its own
    /// @param mac hardware address, as `52:54:00:12:34:56`
    public record Nic(int tapDescriptor, String mac) {}
}
