package io.hypernetes.hypervisor;

import java.nio.file.Path;
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
        int hostMemoryLimitMib) {

    /// A tap already open in this process.
    ///
    /// @param tapDescriptor number of the open tap descriptor; the hypervisor process gets a copy, the caller keeps and closes its own
    /// @param mac hardware address, as `52:54:00:12:34:56`
    public record Nic(int tapDescriptor, String mac) {}
}
