package io.hypernetes.hyperd.container;

import io.hypernetes.guest.Resources;
import io.hypernetes.hyperd.journal.ContainerRecord;

/// A container's limits in the guest's words.
final class GuestResources {
    private static final long LEAST_SHARES = 2;
    private static final long MOST_SHARES = 262_144;

    /// The key under which the processors are kept: the name of the file that they are written to.
    static final String CPUS = "cpuset.cpus";

    private GuestResources() {}

    static Resources of(ContainerRecord.Resources limits) {
        return new Resources(
                Math.max(0, limits.cpuQuotaMicros()),
                Math.max(0, limits.cpuPeriodMicros()),
                limits.cpuShares() <= 0 ? 0 : Math.clamp(limits.cpuShares(), LEAST_SHARES, MOST_SHARES),
                Math.max(0, limits.memoryBytes()),
                pids(limits),
                limits.unified().getOrDefault(CPUS, ""));
    }

    private static long pids(ContainerRecord.Resources limits) {
        String most = limits.unified().getOrDefault("pids.max", "");
        return most.chars().allMatch(Character::isDigit) && !most.isEmpty() && most.length() < 10 ? Long.parseLong(most) : 0;
    }
}
