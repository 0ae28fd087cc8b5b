package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodConditionBuilder;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.grpc.Status;
import io.hypernetes.cri.v1.LinuxContainerResources;
import io.hypernetes.kubelet.cri.CriException;
import io.hypernetes.kubelet.cri.ObservedContainer;
import io.hypernetes.kubelet.cri.ObservedPod;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// In-place resize (KEP-1287): what the spec asks of cpu and memory is compared with what each running container has, granted when the
/// node has room, and told to the runtime. The machine of a pod keeps the size it was made with; a limit above it is Infeasible, and the
/// runtime says so. What was granted is in the pod's status (`allocatedResources`), so a killed kubelet goes on from there.
///
/// Used by the pod's own thread.
final class Resizing {
    static final String PENDING = "PodResizePending";
    static final String IN_PROGRESS = "PodResizeInProgress";

    private static final List<String> RESIZABLE = List.of("cpu", "memory");

    private final PodServices services;
    private final Supplier<List<Pod>> others;
    private final ResizeEvents events;
    private @Nullable PodCondition condition;
    /// Set when the spec asks for more than there is: what the containers have stays.
    private boolean withheld;
    /// What the runtime said it can never give.
    private @Nullable List<ResourceRequirements> refused;

    /// @param others the other pods of the node
    Resizing(PodServices services, Supplier<List<Pod>> others) {
        this.services = services;
        this.others = others;
        this.events = new ResizeEvents(services.events());
    }

    /// The condition to show; null when nothing is being resized.
    @Nullable PodCondition condition() {
        return condition;
    }

    /// Whether this container must be ended and started anew to get what it should have.
    boolean needsRestart(Container container, ObservedContainer running) {
        return !withheld && running.resources() != null && differs(container, running)
                && container.getResizePolicy().stream().anyMatch(policy -> "RestartContainer".equals(policy.getRestartPolicy())
                        && changed(container, running, String.valueOf(policy.getResourceName())));
    }

    /// Takes the next step.
    ///
    /// @return true when the runtime was told something, so that what it shows has changed
    boolean advance(Pod pod, ObservedPod seen) {
        List<Container> different = new ArrayList<>();
        for (Container container : Plan.declared(pod)) {
            seen.container(container.getName())
                    .filter(running -> running.running() && running.resources() != null && differs(container, running))
                    .ifPresent(running -> different.add(container));
        }
        boolean requestsChanged = pod.getSpec().getContainers().stream().anyMatch(container -> !granted(pod, container).equals(requests(container)));
        if (different.isEmpty() && !requestsChanged) {
            settled(pod);
            return false;
        }
        Optional<PodCondition> refusal = NodeRoom.refusal(services.allocatable(), others.get(), pod)
                .map(why -> shown(pod, PENDING, why.reason(), why.message()));
        if (refusal.isEmpty() && wanted(pod).equals(refused)) {
            return false;
        }
        refused = null;
        withheld = refusal.isPresent();
        if (withheld) {
            become(pod, refusal.get());
            return false;
        }
        if (different.isEmpty()) {
            // Amounts that the kernel does not tell apart: granted, and nothing is to be done.
            events.began(pod);
        }
        boolean told = false;
        for (Container container : different) {
            ObservedContainer running = seen.container(container.getName()).orElseThrow();
            if (needsRestart(container, running)) {
                events.began(pod);
                become(pod, shown(pod, IN_PROGRESS, null, null));
                continue;
            }
            try {
                services.cri().updateContainerResources(running.id(), CriConfigs.resources(container));
                events.began(pod);
                told = true;
            } catch (CriException refused) {
                if (refused.code() == Status.Code.RESOURCE_EXHAUSTED) {
                    withheld = true;
                    this.refused = wanted(pod);
                    become(pod, shown(pod, PENDING, "Infeasible", refused.getMessage()));
                } else if (refused.isUnavailable()) {
                    throw refused;
                } else {
                    become(pod, shown(pod, IN_PROGRESS, "Error", refused.getMessage()));
                }
                return told;
            }
        }
        if (told || different.isEmpty()) {
            withheld = false;
            condition = null;
        }
        return told;
    }

    /// What the status says of each container: what it has, and what was granted to it.
    ContainerStatus told(Pod pod, Container container, ContainerStatus status, @Nullable ObservedContainer newest) {
        if (newest == null || !newest.running() || newest.resources() == null) {
            return status;
        }
        Map<String, Quantity> granted = withheld ? granted(pod, container) : requests(container);
        return status.edit()
                .withAllocatedResources(granted.isEmpty() ? null : granted)
                .withResources(differs(container, newest) ? ActualResources.of(newest.resources()) : container.getResources())
                .build();
    }

    private void settled(Pod pod) {
        withheld = false;
        condition = null;
        events.completed(pod);
    }

    /// The container as it may be started now: with what it had when the node or the machine cannot give what is asked.
    Container granted(Pod pod, Container container, @Nullable ContainerStatus known) {
        if (!withheld || known == null || known.getResources() == null) {
            return container;
        }
        return container.edit().withResources(known.getResources()).build();
    }

    private void become(Pod pod, PodCondition now) {
        PodCondition before = condition;
        if (before == null || !Objects.equals(before.getReason(), now.getReason()) || !Objects.equals(before.getMessage(), now.getMessage())
                || !Objects.equals(before.getType(), now.getType())) {
            condition = now;
            if (now.getReason() != null) {
                String why = now.getMessage() == null ? "" : now.getMessage();
                if (PENDING.equals(now.getType())) {
                    events.pending(pod, now.getReason(), why);
                } else {
                    events.failed(pod, why);
                }
            }
        }
    }

    private PodCondition shown(Pod pod, String type, @Nullable String reason, @Nullable String message) {
        Instant now = services.clock().instant();
        return new PodConditionBuilder()
                .withType(type).withStatus("True").withReason(reason).withMessage(message)
                .withLastTransitionTime(StatusOf.text(now)).withLastProbeTime(StatusOf.text(now))
                .withObservedGeneration(pod.getMetadata().getGeneration())
                .build();
    }

    /// What the API last said was granted; what is asked when it says nothing yet.
    private static Map<String, Quantity> granted(Pod pod, Container container) {
        PodStatus status = pod.getStatus();
        List<ContainerStatus> statuses = new ArrayList<>();
        if (status != null) {
            statuses.addAll(status.getContainerStatuses());
            statuses.addAll(status.getInitContainerStatuses());
        }
        return statuses.stream()
                .filter(each -> each.getName().equals(container.getName()))
                .map(ContainerStatus::getAllocatedResources)
                .filter(allocated -> allocated != null && !allocated.isEmpty())
                .findFirst().orElseGet(() -> requests(container));
    }

    private static List<ResourceRequirements> wanted(Pod pod) {
        return Plan.declared(pod).stream()
                .map(container -> container.getResources() == null ? new ResourceRequirements() : container.getResources())
                .toList();
    }

    private static Map<String, Quantity> requests(Container container) {
        if (container.getResources() == null || container.getResources().getRequests() == null) {
            return Map.of();
        }
        return new HashMap<>(container.getResources().getRequests());
    }

    private static boolean differs(Container container, ObservedContainer running) {
        return RESIZABLE.stream().anyMatch(resource -> changed(container, running, resource));
    }

    private static boolean changed(Container container, ObservedContainer running, String resource) {
        LinuxContainerResources has = Objects.requireNonNull(running.resources());
        LinuxContainerResources wants = CriConfigs.resources(container);
        return switch (resource) {
            case "cpu" -> wants.getCpuShares() != has.getCpuShares() || millis(wants) != millis(has);
            case "memory" -> wants.getMemoryLimitInBytes() != has.getMemoryLimitInBytes();
            default -> false;
        };
    }

    /// The processor limit in thousandths of one; 0 for none.
    private static long millis(LinuxContainerResources resources) {
        return resources.getCpuQuota() <= 0 ? 0 : resources.getCpuQuota() * 1000 / Math.max(1, resources.getCpuPeriod());
    }
}
