package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateBuilder;
import io.fabric8.kubernetes.api.model.ContainerStateTerminatedBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.HostIP;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodIP;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.PodStatusBuilder;
import io.hypernetes.kubelet.cri.ObservedContainer;
import io.hypernetes.kubelet.cri.ObservedPod;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The status of a pod as upstream kubelets report it.
///
/// @param last the status that the API has, source of what the runtime no longer knows
/// @param waits why containers wait, by name
/// @param ending true once the pod will never start a container again
/// @param messages the termination message of an ended container
record StatusOf(
        Pod pod,
        ObservedPod seen,
        PodStatus last,
        Map<String, Waiting> waits,
        Readiness readiness,
        boolean ending,
        String hostIp,
        Instant now,
        Function<ObservedContainer, String> messages) {

    PodStatus build() {
        List<ContainerStatus> begun = statuses(pod.getSpec().getInitContainers(), last.getInitContainerStatuses(), true);
        List<ContainerStatus> others = statuses(pod.getSpec().getContainers(), last.getContainerStatuses(), false);
        boolean over = ending && !seen.anyRunning();
        List<ContainerStatus> init = over ? LostContainers.init(begun) : begun;
        List<ContainerStatus> main = over ? LostContainers.main(pod, begun, others) : others;
        String phase = phase(Phase.of(pod, init, main, ending));
        PodStatusBuilder status = new PodStatusBuilder()
                .withPhase(phase)
                .withInitContainerStatuses(init)
                .withContainerStatuses(main)
                .withEphemeralContainerStatuses(ephemeral())
                // It is the API's to say, and stays as it was said.
                .withQosClass(last.getQosClass() == null ? QosClass.of(pod) : last.getQosClass())
                .withHostIP(hostIp)
                .withHostIPs(new HostIP(hostIp))
                .withStartTime(last.getStartTime() == null ? text(now) : last.getStartTime())
                .withObservedGeneration(pod.getMetadata().getGeneration())
                .withNominatedNodeName(last.getNominatedNodeName())
                .withConditions(Conditions.of(pod, phase, seen, init, main, last.getConditions(), now));
        List<String> ips = ips();
        if (!ips.isEmpty()) {
            status.withPodIP(ips.getFirst()).withPodIPs(ips.stream().map(PodIP::new).toList());
        }
        return status.build();
    }

    /// A pod is not over while anything of it runs: its sidecars end after the others, and nothing is told of a pod once it is over.
    private String phase(String ofContainers) {
        if (!Phase.isFinal(ofContainers) || Phase.isFinal(last.getPhase()) || !seen.anyRunning()) {
            return ofContainers;
        }
        return last.getPhase() == null ? "Pending" : last.getPhase();
    }

    /// A pod keeps its last address in the status when its sandbox is gone for good.
    private List<String> ips() {
        List<String> now = seen.readySandbox().map(sandbox -> sandbox.ips()).orElse(List.of());
        if (now.isEmpty() && last.getPodIP() != null && (ending || Plan.finished(pod, seen))) {
            return last.getPodIPs().isEmpty() ? List.of(last.getPodIP()) : last.getPodIPs().stream().map(PodIP::getIp).toList();
        }
        return now;
    }

    private List<ContainerStatus> statuses(List<Container> containers, List<ContainerStatus> before, boolean init) {
        List<ContainerStatus> statuses = new ArrayList<>();
        for (Container container : containers) {
            ContainerStatus known = before.stream().filter(each -> each.getName().equals(container.getName())).findFirst().orElse(null);
            ContainerStatus told = status(container, known, init);
            statuses.add(init && known != null ? lasting(container, known, told) : told);
        }
        return statuses;
    }

    /// An initialisation that is done is repeated where the pod lost its machine. The API lets nothing that ended well and is not always started again be
    /// anything but ended, so until the repetition has failed the first end is what is told.
    private ContainerStatus lasting(Container container, ContainerStatus known, ContainerStatus told) {
        if (Plan.policy(pod).equals("Always") || Plan.isSidecar(container) || told.getState().getTerminated() != null) {
            return told;
        }
        // What was told last may not have been written.
        Stream<ContainerStatus> written = pod.getStatus() == null ? Stream.of() : pod.getStatus().getInitContainerStatuses().stream();
        Optional<ContainerStatus> over = Stream.concat(written.filter(each -> each.getName().equals(container.getName())), Stream.of(known))
                .filter(this::isOver).findFirst();
        if (over.isEmpty()) {
            return told;
        }
        return seen.container(container.getName())
                .filter(newest -> newest.ended() && newest.exitCode() != 0)
                .map(failed -> told.edit().withState(terminated(failed)).build())
                .orElse(over.get());
    }

    private boolean isOver(ContainerStatus known) {
        return known.getState() != null && known.getState().getTerminated() != null
                && (Plan.policy(pod).equals("Never") || Integer.valueOf(0).equals(known.getState().getTerminated().getExitCode()));
    }

    /// Nothing waits for these, so none is ever ready, and what they did is told as long as the pod lives.
    private List<ContainerStatus> ephemeral() {
        List<ContainerStatus> statuses = statuses(EphemeralContainers.of(pod), last.getEphemeralContainerStatuses(), false);
        return statuses.stream().map(each -> each.edit().withReady(false).withStarted(null).build()).toList();
    }

    private ContainerStatus status(Container container, @Nullable ContainerStatus known, boolean init) {
        List<ObservedContainer> history = seen.containers(container.getName());
        ContainerStatusBuilder status = new ContainerStatusBuilder()
                .withName(container.getName())
                .withImage(container.getImage())
                .withImageID("")
                .withReady(false)
                .withStarted(false)
                .withRestartCount(known == null ? 0 : known.getRestartCount())
                .withState(new ContainerState())
                .withLastState(new ContainerState());
        if (history.isEmpty()) {
            return unseen(container, known, init, status);
        }
        ObservedContainer newest = history.getFirst();
        status.withContainerID(containerId(newest)).withImageID(newest.imageRef()).withRestartCount(newest.attempt());
        status.withStopSignal(newest.stopSignal().isEmpty() ? null : newest.stopSignal());
        Optional<ContainerState> before = history.stream().skip(1).filter(ObservedContainer::ended).findFirst().map(this::terminated)
                .or(() -> Optional.ofNullable(lastState(known, newest)));
        before.ifPresent(status::withLastState);
        Waiting wait = waits.get(container.getName());
        if (newest.running()) {
            boolean started = readiness.started(container, newest);
            status.withState(new ContainerStateBuilder().withNewRunning(text(newest.startedAt() == null ? newest.createdAt() : newest.startedAt())).build());
            status.withStarted(started);
            status.withReady(init && !Plan.isSidecar(container) ? false : started && readiness.ready(container, newest));
        } else if (!newest.ended()) {
            status.withState(waiting(wait == null ? defaultWait(container, init) : wait));
        } else if (wait != null && !ending) {
            status.withState(waiting(wait)).withLastState(terminated(newest));
        } else {
            status.withState(terminated(newest));
            status.withReady(init && newest.exitCode() == 0);
        }
        return status.build();
    }

    private ContainerStatus unseen(Container container, @Nullable ContainerStatus known, boolean init, ContainerStatusBuilder status) {
        Waiting wait = waits.get(container.getName());
        if (known != null && known.getState() != null) {
            boolean ended = known.getState().getTerminated() != null;
            if (ended && (ending || wait == null)) {
                // The runtime has forgotten it, the API has not.
                return known;
            }
            if (ended) {
                status.withLastState(known.getState());
            } else if (known.getState().getRunning() != null) {
                status.withLastState(LostContainers.state(known.getContainerID()));
                if (ending) {
                    status.withState(LostContainers.state(known.getContainerID())).withContainerID(known.getContainerID()).withImageID(known.getImageID());
                    return status.build();
                }
            } else if (known.getLastState() != null) {
                status.withLastState(known.getLastState());
            }
        }
        return status.withState(waiting(wait == null ? defaultWait(container, init) : wait)).build();
    }

    /// The API's lastState still tells the truth as long as it speaks of an earlier run than the newest.
    private static @Nullable ContainerState lastState(@Nullable ContainerStatus known, ObservedContainer newest) {
        if (known == null) {
            return null;
        }
        if (containerId(newest).equals(known.getContainerID())) {
            ContainerState state = known.getLastState();
            boolean ofNewest = state != null && state.getTerminated() != null && containerId(newest).equals(state.getTerminated().getContainerID());
            return ofNewest ? null : state;
        }
        return known.getState() != null && known.getState().getTerminated() != null ? known.getState() : known.getLastState();
    }

    private Waiting defaultWait(Container container, boolean init) {
        boolean mainBehindInit = !init && !pod.getSpec().getInitContainers().isEmpty();
        return new Waiting(mainBehindInit || initBehindInit(container, init) ? "PodInitializing" : "ContainerCreating", "");
    }

    private boolean initBehindInit(Container container, boolean init) {
        return init && !pod.getSpec().getInitContainers().getFirst().getName().equals(container.getName());
    }

    private static ContainerState waiting(Waiting wait) {
        return new ContainerStateBuilder().withNewWaiting(wait.message().isEmpty() ? null : wait.message(), wait.reason()).build();
    }

    private ContainerState terminated(ObservedContainer ended) {
        String reason = !ended.reason().isEmpty() ? ended.reason()
                : ended.state() == ObservedContainer.State.UNKNOWN ? "ContainerStatusUnknown"
                : ended.exitCode() == 0 ? "Completed" : "Error";
        String message = messages.apply(ended);
        return new ContainerStateBuilder().withTerminated(new ContainerStateTerminatedBuilder()
                .withExitCode(ended.exitCode())
                .withReason(reason)
                .withMessage(message.isEmpty() ? null : message)
                // One that never ran started at the time that Go counts from, as upstream tells it.
                .withStartedAt(text(ended.startedAt() == null ? Instant.EPOCH : ended.startedAt()))
                .withFinishedAt(ended.finishedAt() == null ? null : text(ended.finishedAt()))
                .withContainerID(containerId(ended))
                .build()).build();
    }

    static String containerId(ObservedContainer container) {
        return "hyperd://" + container.id();
    }

    static String text(Instant at) {
        return at.truncatedTo(ChronoUnit.SECONDS).toString();
    }
}
