package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodConditionBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.grpc.Status;
import io.hypernetes.cri.v1.LinuxContainerResources;
import io.hypernetes.kubelet.cri.CriException;
import io.hypernetes.kubelet.cri.ObservedContainer;
import io.hypernetes.kubelet.cri.ObservedPod;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// In-place resize (KEP-1287): what the spec asks of cpu and memory is granted when the node has room, and what was granted is compared with what each running
/// container has and told to the runtime. The machine of a pod keeps the size it was made with; a limit above it is Infeasible, and the runtime says so. What
/// was granted is in the pod's status (`allocatedResources` and `resources`, whether or not a container runs), so a killed kubelet goes on from there.
///
/// Used by the pod's own thread, but for [#isDeferred].
final class Resizing {
    static final String PENDING = "PodResizePending";
    static final String IN_PROGRESS = "PodResizeInProgress";

    private static final List<String> RESIZABLE = List.of("cpu", "memory");

    private final PodServices services;
    private final Allocations allocations;
    private final ResizeEvents events;
    private @Nullable PodCondition condition;
    /// What the runtime said it can never give.
    private @Nullable List<ResourceRequirements> refused;
    /// Containers that are ended in order to begin again with what was granted, by name.
    private final Set<String> restarting = new HashSet<>();
    /// What the runtime was told last of those that differ still, by their ids.
    private final Map<String, LinuxContainerResources> updates = new HashMap<>();
    private boolean looked;
    private volatile boolean deferred;

    /// @param allocations the node's
    Resizing(PodServices services, Allocations allocations) {
        this.services = services;
        this.allocations = allocations;
        this.events = new ResizeEvents(services.events());
    }

    /// The condition to show; null when nothing is being resized. One that ends or stands still keeps what was told of it.
    @Nullable PodCondition condition(Pod pod) {
        goOn(pod);
        return condition;
    }

    /// Whether it waits until others give something back.
    boolean isDeferred() {
        return deferred;
    }

    /// The pod as it was granted: by this its machine and its containers are made.
    Pod granted(Pod pod) {
        return allocations.granted(pod);
    }

    /// Whether this container, which is one of the pod as it was granted, must be ended and started anew to get what it should have.
    boolean needsRestart(Container granted, ObservedContainer running) {
        return running.resources() != null && differs(granted, running)
                && granted.getResizePolicy().stream().anyMatch(policy -> "RestartContainer".equals(policy.getRestartPolicy())
                        && changed(granted, running, String.valueOf(policy.getResourceName())));
    }

    /// Takes the next step.
    ///
    /// @return true when the runtime was told something new, so that what it shows has changed, or is to be told something else now
    boolean advance(Pod pod, ObservedPod seen) {
        goOn(pod);
        boolean had = allocations.grants(pod);
        deferred = false;
        boolean has = had || ask(pod);
        Pod granted = allocations.granted(pod);
        List<Container> different = Plan.declared(granted).stream()
                .filter(container -> seen.container(container.getName())
                        .filter(running -> running.running() && running.resources() != null && differs(container, running))
                        .isPresent())
                .toList();
        if (has && !had && different.isEmpty()) {
            // Nothing of it runs, or amounts that the kernel does not tell apart: nothing is to be done.
            events.began(pod);
        }
        updates.keySet().retainAll(different.stream().map(each -> seen.container(each.getName()).orElseThrow().id()).toList());
        boolean told = false;
        for (Container container : different) {
            ObservedContainer running = seen.container(container.getName()).orElseThrow();
            if (!needsRestart(container, running)) {
                if (!update(pod, has, container, running)) {
                    // What was taken back is to be told, and perhaps to be undone.
                    return told || (has && !allocations.grants(pod));
                }
                // A runtime that says it did what it does not show is asked again when the pod is looked at anyway.
                LinuxContainerResources update = CriResources.update(container);
                told |= !update.equals(updates.put(running.id(), update));
            } else {
                restarting.add(container.getName());
            }
            if (has) {
                events.began(pod);
                become(pod, shown(pod, IN_PROGRESS, null, null));
            }
        }
        if (different.isEmpty()) {
            allocations.done(pod);
            restarting.removeIf(name -> seen.container(name)
                    .filter(last -> last.running() || (last.ended() && !beginsAgain(granted, last)))
                    .isPresent());
            if (has && restarting.isEmpty()) {
                condition = null;
                refused = null;
                events.completed(pod);
            }
        }
        return told;
    }

    /// An earlier kubelet may have been killed in the middle of a resize, or while one was pending.
    private void goOn(Pod pod) {
        if (looked) {
            return;
        }
        looked = true;
        told(pod, PENDING).ifPresent(told -> condition = told);
        told(pod, IN_PROGRESS).ifPresent(told -> {
            condition = told;
            events.goesOn(pod, told.getObservedGeneration());
        });
    }

    private static Optional<PodCondition> told(Pod pod, String type) {
        return pod.getStatus() == null ? Optional.empty()
                : pod.getStatus().getConditions().stream().filter(told -> type.equals(told.getType())).findFirst();
    }

    private static boolean beginsAgain(Pod pod, ObservedContainer ended) {
        return Plan.restarts(Plan.policy(pod), ended)
                || pod.getSpec().getInitContainers().stream().anyMatch(init -> init.getName().equals(ended.name()) && Plan.isSidecar(init));
    }

    /// @return whether the pod was granted what it asks for
    private boolean ask(Pod pod) {
        if (wanted(pod).equals(refused)) {
            return false;
        }
        refused = null;
        if (!allocations.isComplete()) {
            // What there is room for shows when all pods have been seen; what an earlier kubelet told of this one stays.
            return false;
        }
        // Before it is asked: what is given back while the answer is on its way is told at once.
        deferred = true;
        Optional<NodeRoom.Refusal> refusal = allocations.ask(pod);
        deferred = refusal.filter(why -> why.reason().equals("Deferred")).isPresent();
        refusal.ifPresent(why -> become(pod, shown(pod, PENDING, why.reason(), why.message())));
        return refusal.isEmpty();
    }

    /// @param has whether the pod was granted what it asks for
    /// @return false when the runtime did not do it
    private boolean update(Pod pod, boolean has, Container granted, ObservedContainer running) {
        try {
            services.cri().updateContainerResources(running.id(), CriResources.update(granted));
            return true;
        } catch (CriException failure) {
            if (failure.isUnavailable()) {
                throw failure;
            }
            if (failure.code() == Status.Code.RESOURCE_EXHAUSTED && has) {
                // Those that got theirs already get back what they had.
                allocations.takeBack(pod);
                refused = wanted(pod);
                become(pod, shown(pod, PENDING, "Infeasible", failure.getMessage()));
            } else if (has) {
                become(pod, shown(pod, IN_PROGRESS, "Error", failure.getMessage()));
            }
            return false;
        }
    }

    /// What the status says of each container: what it was granted, and what it has, which for one that does not run is what it will have.
    ContainerStatus told(Pod pod, ContainerStatus status, @Nullable ObservedContainer newest) {
        Container granted = Plan.declared(allocations.granted(pod)).stream()
                .filter(each -> each.getName().equals(status.getName())).findFirst().orElseThrow();
        ResourceRequirements resources = granted.getResources() == null ? new ResourceRequirements() : granted.getResources();
        return status.edit()
                .withAllocatedResources(resources.getRequests() == null || resources.getRequests().isEmpty() ? null : resources.getRequests())
                .withResources(newest != null && newest.running() && newest.resources() != null && differs(granted, newest)
                        ? actual(pod, granted, newest.resources()) : resources)
                .build();
    }

    /// Who restarts this kubelet must find what is to be given back; the request for memory is not known to any runtime.
    private ResourceRequirements actual(Pod pod, Container granted, LinuxContainerResources has) {
        ResourceRequirements actual = ActualResources.of(has);
        Quantity memory = allocations.hadRequests(pod, granted.getName()).get("memory");
        return memory == null ? actual : actual.edit().addToRequests("memory", memory).build();
    }

    /// What the node keeps for the pod as a whole while that is more than its containers were granted.
    Map<String, Quantity> kept(Pod pod) {
        return allocations.kept(pod);
    }

    /// The limits of its machine while those are more than its containers'.
    Map<String, Quantity> keptLimits(Pod pod) {
        return allocations.keptLimits(pod);
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

    private static List<ResourceRequirements> wanted(Pod pod) {
        return Plan.declared(pod).stream()
                .map(container -> container.getResources() == null ? new ResourceRequirements() : container.getResources())
                .toList();
    }

    private static boolean differs(Container container, ObservedContainer running) {
        return RESIZABLE.stream().anyMatch(resource -> changed(container, running, resource));
    }

    private static boolean changed(Container container, ObservedContainer running, String resource) {
        LinuxContainerResources has = Objects.requireNonNull(running.resources());
        LinuxContainerResources wants = CriResources.of(container);
        return switch (resource) {
            case "cpu" -> wants.getCpuShares() != has.getCpuShares() || millis(wants) != millis(has);
            case "memory" -> wants.getMemoryLimitInBytes() != Math.max(0, has.getMemoryLimitInBytes());
            default -> false;
        };
    }

    /// The processor limit in thousandths of one; 0 for none.
    private static long millis(LinuxContainerResources resources) {
        return resources.getCpuQuota() <= 0 ? 0 : resources.getCpuQuota() * 1000 / Math.max(1, resources.getCpuPeriod());
    }
}
