package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Pods of tenants that are suspended: the API marks them, and they stand still until the mark is taken.
final class Suspended {
    static final Waiting WAITING = new Waiting("TenantSuspended", "the tenant is suspended; its operator can resume it");
    private static final String ANNOTATION = "hypernetes.io/suspended";

    private Suspended() {}

    /// Since when the pod is to stand still; empty for one that is to run.
    static Optional<Instant> since(Pod pod) {
        String since = pod.getMetadata().getAnnotations() == null ? null : pod.getMetadata().getAnnotations().get(ANNOTATION);
        if (since == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(Instant.parse(since));
        } catch (DateTimeException e) {
            return Optional.of(Instant.EPOCH);
        }
    }

    /// Shows a pod that stands still: neither running nor over.
    static void show(PodStatus status) {
        status.setPhase("Pending");
        status.setReason(WAITING.reason());
        status.setMessage(WAITING.message());
        forgiveEnds(status);
    }

    /// What was ended for it has not failed.
    static void forgiveEnds(PodStatus status) {
        Stream.of(status.getInitContainerStatuses(), status.getContainerStatuses(), status.getEphemeralContainerStatuses())
                .flatMap(List::stream)
                .filter(each -> each.getState().getWaiting() != null && WAITING.reason().equals(each.getState().getWaiting().getReason()))
                .forEach(each -> each.setLastState(new ContainerState()));
    }
}
