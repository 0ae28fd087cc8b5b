package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.PodStatusBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.kubelet.cri.ObservedContainer;
import io.hypernetes.kubelet.cri.ObservedPod;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Tells the API how one pod is, when that has changed. For the pod's worker, except for [#again].
final class StatusTelling {
    private final PodServices services;
    private final Readiness readiness;
    private final Resizing resizing;
    private final ObjectKey key;
    private final String uid;
    private final Map<String, Waiting> waits = new HashMap<>();
    private @Nullable PodStatus told;
    private volatile boolean again;

    StatusTelling(PodServices services, Readiness readiness, Resizing resizing, ObjectKey key, String uid) {
        this.services = services;
        this.readiness = readiness;
        this.resizing = resizing;
        this.key = key;
        this.uid = uid;
    }

    /// Where the pod's life goes, as far as its containers do not say that themselves.
    sealed interface Course {}

    enum Plain implements Course {
        GOES_ON,
        /// Its tenant is suspended, and something of it still runs.
        COMES_TO_A_STAND,
        /// Its tenant is suspended.
        STANDS_STILL,
        ENDS,
        /// It was active for longer than it may.
        ENDS_LATE
    }

    /// @param why for people
    record Evicted(String why) implements Course {}

    /// Whether the API was told, or will be, that this container has ended: it lets nobody take that back where the pod's policy does not have it started again.
    boolean hasToldEndOf(Pod now, ObservedContainer ended) {
        return Stream.of(Optional.ofNullable(told), Optional.ofNullable(now.getStatus()))
                .flatMap(Optional::stream)
                .flatMap(status -> Stream.of(status.getInitContainerStatuses(), status.getContainerStatuses(), status.getEphemeralContainerStatuses()))
                .flatMap(List::stream)
                .anyMatch(each -> each.getState() != null && each.getState().getTerminated() != null && StatusOf.containerId(ended).equals(each.getContainerID()));
    }

    /// Writes the status the next time even when it has not changed. Of any thread.
    void again() {
        again = true;
    }

    /// Why containers do not run, by their names, for the worker to say.
    Map<String, Waiting> waits() {
        return waits;
    }

    void tell(Pod now, ObservedPod seen, Course course) {
        PodStatus last = told != null ? told : now.getStatus() == null ? new PodStatus() : now.getStatus();
        Path folder = services.volumes().folder(uid);
        Instant at = services.clock().instant();
        boolean ending = course != Plain.GOES_ON && course != Plain.COMES_TO_A_STAND && course != Plain.STANDS_STILL;
        PodStatus status = new StatusOf(now, seen, merged(last, now), new HashMap<>(waits), readiness, ending,
                services.settings().nodeIp(), at, container -> TerminationMessage.of(container, folder)).build();
        showResources(now, seen, status);
        if (course == Plain.STANDS_STILL) {
            Suspended.show(status);
        } else if (course == Plain.COMES_TO_A_STAND) {
            Suspended.forgiveEnds(status);
        } else if (course instanceof Evicted(String why)) {
            failed(status, "Evicted", why);
            with(status, Conditions.disrupted(now, "TerminationByKubelet", why, at));
        } else if (course == Plain.ENDS_LATE) {
            failed(status, "DeadlineExceeded", "Pod was active on the node longer than the specified deadline");
        }
        write(status);
    }

    /// Says that the node does not take the pod, as upstream's kubelet does (kubelet.go, rejectPod): nothing of it ever was.
    void reject(Pod now, Rejection why) {
        String since = now.getStatus() == null ? null : now.getStatus().getStartTime();
        PodStatus status = new PodStatusBuilder()
                .withQosClass(now.getStatus() == null || now.getStatus().getQosClass() == null ? QosClass.of(now) : now.getStatus().getQosClass())
                .withStartTime(told != null ? told.getStartTime() : since != null ? since : StatusOf.text(services.clock().instant()))
                .withObservedGeneration(now.getMetadata().getGeneration())
                .build();
        failed(status, why.reason(), "Pod was rejected: " + why.message());
        write(status);
    }

    private void write(PodStatus status) {
        if (again || !status.equals(told)) {
            again = false;
            told = status;
            services.statuses().write(key, uid, status);
        }
    }

    private static void failed(PodStatus status, String reason, String message) {
        status.setPhase("Failed");
        status.setReason(reason);
        status.setMessage(message);
    }

    /// In place of what was said of the same type, by whomever; what says the same again says since when it does.
    private static void with(PodStatus status, PodCondition one) {
        List<PodCondition> conditions = new ArrayList<>(status.getConditions());
        PodCondition same = conditions.stream()
                .filter(before -> before.getType().equals(one.getType()) && Objects.equals(before.getReason(), one.getReason()) && Objects.equals(before.getMessage(), one.getMessage()))
                .findFirst().orElse(one);
        conditions.removeIf(before -> before.getType().equals(one.getType()));
        conditions.add(one.edit().withLastTransitionTime(same.getLastTransitionTime()).build());
        status.setConditions(conditions);
    }

    private void showResources(Pod now, ObservedPod seen, PodStatus status) {
        status.setContainerStatuses(withResources(now, seen, status.getContainerStatuses()));
        status.setInitContainerStatuses(withResources(now, seen, status.getInitContainerStatuses()));
        boolean over = Phase.isFinal(status.getPhase());
        Map<String, Quantity> kept = over ? Map.of() : resizing.kept(now);
        status.setAllocatedResources(kept.isEmpty() ? null : kept);
        Map<String, Quantity> limits = over ? Map.of() : resizing.keptLimits(now);
        status.setResources(limits.isEmpty() ? null : new ResourceRequirementsBuilder().withLimits(limits).build());
        PodCondition resize = resizing.condition(now);
        if (resize != null) {
            with(status, resize);
        }
    }

    private List<ContainerStatus> withResources(Pod now, ObservedPod seen, List<ContainerStatus> statuses) {
        return statuses.stream().map(each -> resizing.told(now, each, seen.container(each.getName()).orElse(null))).toList();
    }

    /// Conditions of others (readiness gates) come from the API, all else from what was told last.
    private static PodStatus merged(PodStatus last, Pod now) {
        return now.getStatus() == null ? last
                : last.edit().withConditions(Conditions.merge(
                        last.getConditions().stream().filter(each -> Conditions.OWNED.contains(each.getType())).toList(),
                        now.getStatus().getConditions())).build();
    }
}
