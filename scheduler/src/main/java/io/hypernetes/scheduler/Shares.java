package io.hypernetes.scheduler;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How much of the cluster each tenant has: its dominant share (the largest of its shares of processors, memory, disk and pods), divided by the
/// tenant's weight. Not thread-safe.
final class Shares {
    private final Map<String, Demand> nodes = new HashMap<>();
    private final Map<String, long[]> used = new HashMap<>();
    private final Map<String, Integer> weights = new HashMap<>();
    private final long[] total = new long[4];

    /// Says what a node has; null when it is gone.
    void node(String name, @Nullable Demand allocatable) {
        Demand before = allocatable == null ? nodes.remove(name) : nodes.put(name, allocatable);
        if (before != null) {
            add(total, before, -1);
        }
        if (allocatable != null) {
            add(total, allocatable, 1);
        }
    }

    void placed(String tenant, Demand demand) {
        add(used.computeIfAbsent(tenant, fresh -> new long[total.length]), demand, 1);
    }

    void released(String tenant, Demand demand) {
        long[] now = used.get(tenant);
        if (now != null) {
            add(now, demand, -1);
            if (now[3] <= 0) {
                used.remove(tenant);
            }
        }
    }

    /// @param weight at least 1; tenants have 1 unless their operator says otherwise
    void weight(String tenant, int weight) {
        if (weight <= 1) {
            weights.remove(tenant);
        } else {
            weights.put(tenant, weight);
        }
    }

    /// 0 for a tenant that has nothing, 1 for one of weight 1 that has all of something.
    double of(String tenant) {
        long[] now = used.get(tenant);
        if (now == null) {
            return 0;
        }
        double dominant = 0;
        for (int i = 0; i < total.length; i++) {
            if (total[i] > 0) {
                dominant = Math.max(dominant, (double) now[i] / total[i]);
            }
        }
        return dominant / weights.getOrDefault(tenant, 1);
    }

    private static void add(long[] sums, Demand demand, int sign) {
        sums[0] += sign * demand.cpuMillis();
        sums[1] += sign * demand.memory();
        sums[2] += sign * demand.ephemeral();
        sums[3] += sign * demand.pods();
    }
}
