package io.hypernetes.kubelet.eviction;

import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.ObjectKey;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// A pod that might leave.
///
/// @param usedBytes what the pod costs the host, machine and all
/// @param requestedBytes what it was promised, with the overhead of its machine
record Candidate(Pod pod, long usedBytes, long requestedBytes) {
    /// From here on a pod of the operator's belongs to the system, and stays.
    private static final int CRITICAL = 2_000_000_000;
    /// What has less than this part of what its tenant's greediest pod has too much stays beside it, however unimportant: else a tenant could keep that pod with many small ones that go instead
    /// and free next to nothing.
    private static final int WORTH_WHILE = 10;

    private static final Comparator<Candidate> LEAST_IMPORTANT = Comparator.comparing(Candidate::priority)
            .thenComparing(Comparator.comparing(Candidate::excess).reversed());

    /// Upstream's order for one tenant: who uses more than was promised goes first, then the less important, then who is further above its promise. Among tenants priorities say nothing, as each
    /// gives itself what it likes: of those with pods that use more than was promised, or of all when there are none, the one goes first whose pods have most in excess together.
    static Optional<Candidate> firstToGo(List<Candidate> all) {
        List<Candidate> may = all.stream().filter(Candidate::mayGo).toList();
        List<Candidate> greedy = may.stream().filter(Candidate::overdraws).toList();
        List<Candidate> asked = greedy.isEmpty() ? may : greedy;
        Map<String, Long> excess = asked.stream().collect(Collectors.groupingBy(Candidate::tenant, Collectors.summingLong(Candidate::excess)));
        return excess.entrySet().stream().max(Map.Entry.comparingByValue()).flatMap(most -> {
            List<Candidate> its = asked.stream().filter(candidate -> candidate.tenant().equals(most.getKey())).toList();
            long least = greedy.isEmpty() ? Long.MIN_VALUE : its.stream().mapToLong(Candidate::excess).max().orElse(0) / WORTH_WHILE;
            return its.stream().filter(candidate -> candidate.excess() >= least).min(LEAST_IMPORTANT);
        });
    }

    /// Whoever is a tenant may call its pods critical, as in a cluster of its own.
    private boolean mayGo() {
        return priority() < CRITICAL || !tenant().equals(ObjectKey.ROOT);
    }

    boolean overdraws() {
        return usedBytes > requestedBytes;
    }

    private String tenant() {
        return ObjectKey.tenantOf(pod, ObjectKey.ROOT);
    }

    private int priority() {
        return pod.getSpec().getPriority() == null ? 0 : pod.getSpec().getPriority();
    }

    private long excess() {
        return usedBytes - requestedBytes;
    }
}
