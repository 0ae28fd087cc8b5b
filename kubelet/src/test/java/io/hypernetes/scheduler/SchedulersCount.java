package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.Pod;

/// What a pod counts for to the scheduler, which the kubelet has to agree with.
public final class SchedulersCount {
    private SchedulersCount() {}

    public static long cpuMillis(Pod pod) {
        return Demand.of(pod).cpuMillis();
    }

    public static long memory(Pod pod) {
        return Demand.of(pod).memory();
    }
}
