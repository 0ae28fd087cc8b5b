package io.hypernetes.hypervisor;

/// What a machine costs the host.
///
/// @param pssBytes proportional set size of the hypervisor process
/// @param cpuNanos processor time used so far
public record MachineUsage(long pssBytes, long cpuNanos) {}
