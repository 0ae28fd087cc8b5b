package io.hypernetes.kubelet.eviction;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.Comparator;
import java.util.Map;
import org.jspecify.annotations.Nullable;

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

    static Candidate of(Pod pod, String resource, long usedBytes) {
        long requested = 0;
        for (Container container : pod.getSpec().getContainers()) {
            requested += bytes(container.getResources() == null ? null : container.getResources().getRequests(), resource);
        }
        return new Candidate(pod, usedBytes, requested + bytes(pod.getSpec().getOverhead(), resource));
    }

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

    private static long bytes(@Nullable Map<String, Quantity> amounts, String resource) {
        Quantity amount = amounts == null ? null : amounts.get(resource);
        return amount == null ? 0 : amount.getNumericalAmount().longValue();
    }
}
