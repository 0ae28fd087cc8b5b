package io.hypernetes.hypervisor;

/// What a saved machine was, for making one like it.
///
/// @param hypervisor program, version and accelerator: only the same ones can go on with it
/// @param type the driver's word for the kind of machine
/// @param acpi whether it has ACPI tables
/// @param memory the driver's word for how its memory was made
public record SavedMachine(String hypervisor, String type, boolean acpi, int vcpus, int memoryMib, String memory) {}
