package io.hypernetes.guest;

import java.util.List;
import java.util.Map;

/// What a pod and its containers use.
///
/// @param takenNanos nanoseconds since 1970, by the guest's clock
/// @param pod the whole guest
/// @param containers by id
public record GuestStats(long takenNanos, Pod pod, Map<String, Usage> containers) {

    public GuestStats {
        containers = Map.copyOf(containers);
    }

    /// @param cpuNanos processor time used so far
    /// @param memoryBytes in use
    /// @param workingSetBytes without the inactive page cache
    /// @param rssBytes anonymous memory
    /// @param pageFaults so far
    /// @param majorPageFaults so far
    /// @param pids processes and threads
    /// @param writableBytes used by the container's writable layer; for the pod the scratch disk
    /// @param writableInodes likewise
    /// @param oomKills processes killed for want of memory so far
    public record Usage(
            long cpuNanos,
            long memoryBytes,
            long workingSetBytes,
            long rssBytes,
            long pageFaults,
            long majorPageFaults,
            long pids,
            long writableBytes,
            long writableInodes,
            long oomKills,
            Disk disk,
            Throttling throttling,
            Details details) {}

    /// What went from and to the machine's disks so far.
    ///
    /// @param reads number of read operations
    /// @param writes number of write operations
    public record Disk(long readBytes, long writtenBytes, long reads, long writes) {}

    /// How often the limit of processor time was met so far.
    ///
    /// @param periods periods in which it ran
    /// @param throttledPeriods those of them in which it had to wait
    /// @param throttledNanos how long it waited
    public record Throttling(long periods, long throttledPeriods, long throttledNanos) {}

    /// More of a container; all zero for the pod.
    ///
    /// @param userNanos processor time in programs
    /// @param systemNanos processor time in the kernel
    /// @param cacheBytes page cache
    /// @param mappedBytes files that are mapped
    /// @param kernelBytes of the kernel on its behalf
    /// @param peakBytes the most that was in use; 0 where the kernel does not tell
    /// @param limitHits how often its memory limit was met
    /// @param descriptors open ones of all its processes
    /// @param sockets those of them that are sockets
    public record Details(
            long userNanos,
            long systemNanos,
            long cacheBytes,
            long mappedBytes,
            long kernelBytes,
            long peakBytes,
            long swapBytes,
            long limitHits,
            long processes,
            long descriptors,
            long sockets) {}

    /// @param memoryAvailableBytes what could still be used
    /// @param scratchCapacityBytes size of the scratch disk
    /// @param scratchAvailableBytes free on the scratch disk
    public record Pod(
            Usage usage,
            long memoryAvailableBytes,
            List<Interface> interfaces,
            long scratchCapacityBytes,
            long scratchAvailableBytes) {

        public Pod {
            interfaces = List.copyOf(interfaces);
        }
    }

    /// Counters of a network interface since it came up.
    public record Interface(
            String name,
            long rxBytes,
            long rxErrors,
            long txBytes,
            long txErrors,
            long rxPackets,
            long rxDropped,
            long txPackets,
            long txDropped) {}
}
