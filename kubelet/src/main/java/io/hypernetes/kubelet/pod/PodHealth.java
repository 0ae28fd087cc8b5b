package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.kubelet.cri.ObservedContainer;
import io.hypernetes.kubelet.cri.ObservedPod;
import io.hypernetes.kubelet.probe.Probes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// How the containers of one pod are, as its probes see them. Probes run on threads of their own; everything else is for the pod's worker.
final class PodHealth implements Plan.Health, Readiness, AutoCloseable {
    private final PodServices services;
    private final Resizing resizing;
    private final Supplier<@Nullable Pod> pod;
    private final Probes probes;
    /// Running containers whose first acts have failed.
    private final Set<String> condemned = new HashSet<>();

    /// @param pod the newest version of it
    /// @param changed called by any thread when a probe has changed its mind
    PodHealth(PodServices services, String tenant, Resizing resizing, Supplier<@Nullable Pod> pod, Runnable changed) {
        this.services = services;
        this.resizing = resizing;
        this.pod = pod;
        this.probes = new Probes(tenant, services.cri(), services.http(), services.grpc(), services.clock(), changed, this::warn);
    }

    /// Starts and stops probes after what runs. What the API was told of a container before this process began counts until a probe says otherwise.
    void watch(Pod now, ObservedPod seen) {
        String ip = seen.readySandbox().flatMap(sandbox -> sandbox.ips().stream().findFirst()).orElse("");
        List<ContainerStatus> known = new ArrayList<>();
        if (now.getStatus() != null) {
            known.addAll(now.getStatus().getInitContainerStatuses());
            known.addAll(now.getStatus().getContainerStatuses());
        }
        Set<String> running = new HashSet<>();
        for (Container container : Plan.all(now)) {
            seen.container(container.getName()).filter(ObservedContainer::running).ifPresent(each -> {
                running.add(each.id());
                Optional<ContainerStatus> status = known.stream()
                        .filter(told -> StatusOf.containerId(each).equals(told.getContainerID())).findFirst();
                probes.watch(container, each, ip,
                        status.map(told -> Boolean.TRUE.equals(told.getStarted())).orElse(false),
                        status.map(told -> Boolean.TRUE.equals(told.getReady())).orElse(false));
            });
        }
        probes.keepOnly(running);
        condemned.retainAll(running);
    }

    /// Its first act has failed, so it must end.
    void condemn(String containerId) {
        condemned.add(containerId);
    }

    /// Begins no probe any more; those of readiness go on for what still runs, as clients drain by them.
    void keepReadiness(ObservedPod seen) {
        probes.onlyReadiness();
        probes.keepOnly(seen.containers().stream().filter(ObservedContainer::running).map(ObservedContainer::id).collect(Collectors.toSet()));
    }

    @Override
    public boolean started(Container container, ObservedContainer running) {
        return probes.started(running.id());
    }

    @Override
    public boolean ready(Container container, ObservedContainer running) {
        return probes.ready(running.id());
    }

    @Override
    public Optional<Plan.Why> condemned(Container container, ObservedContainer running) {
        if (condemned.contains(running.id())) {
            return Optional.of(Plan.Why.FIRST_ACT);
        }
        Probes.Purpose by = probes.condemnedBy(running.id());
        return by == null && resizing.needsRestart(container, running) ? Optional.of(Plan.Why.RESIZED)
                : by == null ? Optional.empty() : Optional.of(by == Probes.Purpose.STARTUP ? Plan.Why.STARTUP : Plan.Why.LIVENESS);
    }

    private void warn(String containerName, String reason, String message) {
        Pod now = pod.get();
        if (now != null) {
            Plan.all(now).stream().filter(each -> each.getName().equals(containerName)).findFirst()
                    .ifPresent(container -> services.events().warning(now, container, reason, message));
        }
    }

    @Override
    public void close() {
        probes.close();
    }
}
