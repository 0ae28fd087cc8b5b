package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Containers of which no end is known when their pod has come to its own: they count as failed, and what they waited for is told no more (upstream's
/// status_manager.go, TerminatePod). What waits behind init containers that never were done says so still.
final class LostContainers {
    private LostContainers() {}

    /// @param containerId null for one that never was
    static ContainerState state(@Nullable String containerId) {
        return new ContainerStateBuilder().withNewTerminated()
                .withExitCode(137)
                .withReason("ContainerStatusUnknown")
                .withMessage("The container could not be located when the pod was terminated")
                .withContainerID(containerId)
                .endTerminated().build();
    }

    static List<ContainerStatus> main(Pod pod, List<ContainerStatus> init, List<ContainerStatus> main) {
        return isInitialized(pod, init, main) ? main.stream().map(LostContainers::ended).toList() : main;
    }

    /// Of those that may have begun; the first one may have.
    static List<ContainerStatus> init(List<ContainerStatus> init) {
        int begun = Math.min(1, init.size());
        for (int i = 0; i < init.size(); i++) {
            begun = init.get(i).getState().getWaiting() == null || hasEndedBefore(init.get(i)) ? i + 1 : begun;
        }
        List<ContainerStatus> statuses = new ArrayList<>(init);
        statuses.subList(0, begun).replaceAll(LostContainers::ended);
        return statuses;
    }

    private static ContainerStatus ended(ContainerStatus status) {
        return status.getState().getTerminated() != null ? status : status.edit().withState(state(null)).withReady(false).withStarted(false).build();
    }

    private static boolean isInitialized(Pod pod, List<ContainerStatus> init, List<ContainerStatus> main) {
        if (init.isEmpty() || main.stream().anyMatch(status -> status.getState().getWaiting() == null || hasEndedBefore(status))) {
            return true;
        }
        Container last = pod.getSpec().getInitContainers().getLast();
        ContainerStatus status = init.getLast();
        return Plan.isSidecar(last) ? status.getState().getRunning() != null && Boolean.TRUE.equals(status.getStarted())
                : endedWell(status.getState()) || endedWell(status.getLastState());
    }

    private static boolean hasEndedBefore(ContainerStatus status) {
        return status.getLastState() != null && status.getLastState().getTerminated() != null;
    }

    private static boolean endedWell(@Nullable ContainerState state) {
        return state != null && state.getTerminated() != null && Integer.valueOf(0).equals(state.getTerminated().getExitCode());
    }
}
