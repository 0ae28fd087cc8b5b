package io.hypernetes.hyperd.sandbox;

import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.journal.SandboxRecord;

/// How large a machine must be for a pod. Memory and processors come in classes, the powers of two, so that few templates serve all; a page that
/// the guest never touches and a processor that it may not use cost the host nothing, therefore the class is no waste.
final class MachineSizes {
    /// The smallest class.
    static final int SMALLEST_MIB = 128;

    /// The largest class.
    static final int LARGEST_MIB = 1 << 20;

    /// What a pod without a memory limit gets at least.
    static final int UNLIMITED_MIB = 1024;

    /// What a pod without a processor limit gets.
    static final int UNLIMITED_VCPUS = 2;

    /// The same where processors are emulated: one that waits for another keeps the host's busy, which that other would need.
    static final int UNLIMITED_EMULATED_VCPUS = 1;

    static final int MOST_VCPUS = 64;

    /// What a guest keeps for its kernel and hyperstart when the pod was not charged a measured overhead.
    static final int GUEST_COST_MIB = 56;

    /// A limit below this would not let a file system be made.
    static final long SMALLEST_SCRATCH_BYTES = 16L << 20;

    static final long DEFAULT_SCRATCH_BYTES = 10L << 30;

    private static final long MIB = 1L << 20;

    private MachineSizes() {}

    /// @param emulated whether machines' processors are
    static SandboxRecord.Size of(SandboxRequest.Demand pod, boolean emulated) {
        return new SandboxRecord.Size(vcpus(pod, emulated), memoryMib(pod), scratchBytes(pod));
    }

    /// A limit above what the machine has would promise what is not there. It is made for its pod and keeps its size.
    ///
    /// @throws HyperdException that a bound was reached, by which who asked knows that the limit itself is a good one
    static void checkWithin(SandboxRecord.Size machine, ContainerRecord.Resources asked) {
        if (asked.memoryBytes() > machine.memoryMib() * MIB) {
            throw new HyperdException(HyperdException.Kind.EXHAUSTED, "A memory limit of " + asked.memoryBytes() / MIB + " MiB is more than the pod's machine has, "
                    + machine.memoryMib() + " MiB. Make the pod anew to give it a larger one.");
        }
        long period = asked.cpuPeriodMicros() > 0 ? asked.cpuPeriodMicros() : 100_000;
        if (asked.cpuQuotaMicros() > machine.vcpus() * period) {
            throw new HyperdException(HyperdException.Kind.EXHAUSTED, "A processor limit of " + asked.cpuQuotaMicros() + " of " + period + " microseconds is more than the "
                    + machine.vcpus() + " processors of the pod's machine. Make the pod anew to give it more.");
        }
    }

    private static int memoryMib(SandboxRequest.Demand pod) {
        long bytes = pod.memoryBytes() == 0 ? pod.leastMemoryBytes() : pod.memoryBytes();
        long cost = pod.overheadBytes() > 0 ? pod.overheadBytes() : GUEST_COST_MIB * MIB;
        long wanted = bytes + cost;
        if (wanted < 0 || wanted > LARGEST_MIB * MIB) {
            throw HyperdException.invalid("The pod's containers may use " + bytes / MIB
                    + " MiB together; the largest machine has " + LARGEST_MIB + " MiB. Lower the memory limits.");
        }
        long size = pod.memoryBytes() == 0 ? UNLIMITED_MIB : SMALLEST_MIB;
        while (size * MIB < wanted) {
            size *= 2;
        }
        return (int) size;
    }

    private static int vcpus(SandboxRequest.Demand pod, boolean emulated) {
        if (pod.cpuQuotaMicros() <= 0) {
            return emulated ? UNLIMITED_EMULATED_VCPUS : UNLIMITED_VCPUS;
        }
        long period = pod.cpuPeriodMicros() > 0 ? pod.cpuPeriodMicros() : 100_000;
        long whole = Math.clamp(Math.ceilDiv(pod.cpuQuotaMicros(), period), 1, MOST_VCPUS);
        int vcpus = 1;
        while (vcpus < whole) {
            vcpus *= 2;
        }
        return vcpus;
    }

    private static long scratchBytes(SandboxRequest.Demand pod) {
        if (pod.scratchBytes() == 0) {
            return DEFAULT_SCRATCH_BYTES;
        }
        // Whole pages, so that the guest's file system fills the disk.
        return Math.ceilDiv(Math.max(pod.scratchBytes(), SMALLEST_SCRATCH_BYTES), 4096L) * 4096L;
    }
}
