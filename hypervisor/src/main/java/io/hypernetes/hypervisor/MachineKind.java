package io.hypernetes.hypervisor;

/// What one template serves.
///
/// @param kernel the guest kernel
/// @param vcpus number of virtual CPUs, 1 to 64
/// @param memoryMib guest RAM in MiB
public record MachineKind(GuestKernel kernel, int vcpus, int memoryMib) {}
