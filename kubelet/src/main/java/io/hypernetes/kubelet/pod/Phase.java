package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The phase that follows from the containers' states.
final class Phase {
    private Phase() {}

    /// @param ending true when no container will be started again, whatever the restart policy
    static String of(Pod pod, List<ContainerStatus> init, List<ContainerStatus> main, boolean ending) {
        boolean never = Plan.policy(pod).equals("Never");
        boolean initPending = false;
        for (int i = 0; i < init.size(); i++) {
            Container container = pod.getSpec().getInitContainers().get(i);
            ContainerState state = init.get(i).getState();
            if (Plan.isSidecar(container)) {
                initPending |= state.getWaiting() != null && state(init.get(i).getLastState()).getTerminated() == null;
                continue;
            }
            boolean failed = state.getTerminated() != null && state.getTerminated().getExitCode() != 0;
            if (failed && (never || ending)) {
                return "Failed";
            }
            initPending |= state.getTerminated() == null || failed;
        }
        int waiting = 0;
        int running = 0;
        int stopped = 0;
        int succeeded = 0;
        for (ContainerStatus status : main) {
            ContainerState state = status.getState();
            if (state.getRunning() != null) {
                running++;
            } else if (state.getTerminated() != null) {
                stopped++;
                succeeded += state.getTerminated().getExitCode() == 0 ? 1 : 0;
            } else if (state(status.getLastState()).getTerminated() != null) {
                stopped++;
            } else {
                waiting++;
            }
        }
        if (ending && running == 0) {
            return waiting == 0 && stopped == succeeded ? "Succeeded" : "Failed";
        }
        if (waiting > 0 || (initPending && running == 0 && stopped == 0)) {
            return "Pending";
        }
        if (running > 0 || main.isEmpty()) {
            return running > 0 ? "Running" : "Pending";
        }
        if (Plan.policy(pod).equals("Always")) {
            return "Running";
        }
        if (stopped == succeeded) {
            return "Succeeded";
        }
        return never ? "Failed" : "Running";
    }

    /// Whether nothing comes after it.
    static boolean isFinal(@Nullable String phase) {
        return "Succeeded".equals(phase) || "Failed".equals(phase);
    }

    private static ContainerState state(@Nullable ContainerState state) {
        return state == null ? new ContainerState() : state;
    }
}
