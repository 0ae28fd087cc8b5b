package io.hypernetes.guest;

/// Limits of a container; 0 is none, or the kernel's default.
///
/// @param cpuQuotaMicros processor time in each period
/// @param cpuPeriodMicros 0 for 100,000
/// @param cpuShares 2 to 262,144
/// @param memoryBytes limit of memory
/// @param pids limit of processes and threads
/// @param cpus which of the guest's processors, as `0-1,3`; empty for all
public record Resources(
        long cpuQuotaMicros, long cpuPeriodMicros, long cpuShares, long memoryBytes, long pids, String cpus) {
    public static final Resources UNLIMITED = new Resources(0, 0, 0, 0, 0, "");
}
