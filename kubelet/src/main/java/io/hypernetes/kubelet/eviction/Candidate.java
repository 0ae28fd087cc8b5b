package io.hypernetes.kubelet.eviction;

import io.fabric8.kubernetes.api.model.Pod;
import java.util.Comparator;

/// A pod that might leave.
///
/// @param usedBytes what the pod costs the host, machine and all
/// @param requestedBytes what it was promised, with the overhead of its machine
record Candidate(Pod pod, long usedBytes, long requestedBytes) {
    /// From here on a pod belongs to the system, and stays.
    private static final int CRITICAL = 2_000_000_000;

    /// Upstream's order: who uses more than was promised goes first, then the less important, then who is further above its promise.
    static final Comparator<Candidate> FIRST_TO_GO = Comparator.comparing(Candidate::overdraws).reversed()
            .thenComparing(Candidate::priority)
            .thenComparing(Comparator.comparing(Candidate::excess).reversed());

    boolean mayGo() {
        return priority() < CRITICAL;
    }

    boolean overdraws() {
        return usedBytes > requestedBytes;
    }

    int priority() {
        return pod.getSpec().getPriority() == null ? 0 : pod.getSpec().getPriority();
    }

    long excess() {
        return usedBytes - requestedBytes;
    }
}
