package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.kubelet.cri.Labels;
import io.hypernetes.kubelet.cri.ObservedContainer;
import io.hypernetes.kubelet.cri.ObservedPod;
import io.hypernetes.kubelet.cri.ObservedSandbox;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/// What to do next for a pod that should be alive: a pure function of its spec and of what the runtime holds, so a kubelet that
/// was killed goes on where the last one stopped.
sealed interface Plan {

    /// Every container has run its course.
    record Finished() implements Plan {}

    /// There is no ready sandbox: stop what is left of the last one, then make one with this attempt number.
    record NewSandbox(int attempt) implements Plan {}

    /// First end the containers of `stop`, then start those of `start`.
    record Run(ObservedSandbox sandbox, List<Stop> stop, List<Container> start) implements Plan {}

    /// A running container that must end.
    record Stop(Container container, ObservedContainer running, Why why) {}

    /// Why a running container must end.
    enum Why {
        LIVENESS,
        STARTUP,
        CHANGED,
        RESIZED,
        /// What it does after its start has failed.
        FIRST_ACT
    }

    /// What the probes say of running containers.
    interface Health {
        /// True when the container's startup probe has succeeded or there is none.
        boolean started(Container container, ObservedContainer running);

        /// Set when a probe, a resize or its first act demands the end of the container.
        Optional<Why> condemned(Container container, ObservedContainer running);
    }

    static Plan of(Pod pod, ObservedPod seen, Health health) {
        if (finished(pod, seen)) {
            return new Finished();
        }
        Optional<ObservedSandbox> sandbox = seen.readySandbox();
        if (sandbox.isEmpty()) {
            return new NewSandbox(seen.sandbox().map(last -> last.attempt() + 1).orElse(0));
        }
        String here = sandbox.get().id();
        List<Stop> stop = new ArrayList<>();
        for (Container container : all(pod)) {
            seen.container(container.getName())
                    .filter(ObservedContainer::running)
                    .ifPresent(running -> reason(pod, container, running, health)
                            .ifPresent(why -> stop.add(new Stop(container, running, why))));
        }
        return new Run(sandbox.get(), stop, toStart(pod, seen, health, here));
    }

    /// True when nothing of the pod runs and nothing will be started again.
    static boolean finished(Pod pod, ObservedPod seen) {
        String policy = policy(pod);
        boolean initFailed = pod.getSpec().getInitContainers().stream()
                .filter(Predicate.not(Plan::isSidecar))
                .anyMatch(init -> policy.equals("Never")
                        && seen.container(init.getName()).map(last -> last.ended() && last.exitCode() != 0).orElse(false));
        return initFailed || pod.getSpec().getContainers().stream().allMatch(container -> seen.container(container.getName())
                .map(last -> last.ended() && !restarts(policy, last))
                .orElse(false));
    }

    private static Optional<Why> reason(Pod pod, Container container, ObservedContainer running, Health health) {
        String hash = running.annotations().get(Labels.HASH);
        if (hash != null && !hash.equals(hash(container)) && !policy(pod).equals("Never")) {
            return Optional.of(Why.CHANGED);
        }
        return health.condemned(container, running);
    }

    private static List<Container> toStart(Pod pod, ObservedPod seen, Health health, String here) {
        List<Container> start = new ArrayList<>();
        for (Container ephemeral : EphemeralContainers.of(pod)) {
            // One that was created but not started by a kubelet that died is started; one that ran is not started again.
            if (seen.container(ephemeral.getName()).map(last -> last.state() == ObservedContainer.State.CREATED).orElse(!wasStarted(pod, ephemeral))) {
                start.add(ephemeral);
            }
        }
        start.addAll(ordinaryToStart(pod, seen, health, here));
        return start;
    }

    /// Whether the API tells of a run that the runtime has forgotten.
    private static boolean wasStarted(Pod pod, Container ephemeral) {
        return pod.getStatus() != null && pod.getStatus().getEphemeralContainerStatuses().stream()
                .anyMatch(told -> told.getName().equals(ephemeral.getName())
                        && told.getContainerID() != null && !told.getContainerID().isEmpty());
    }

    private static List<Container> ordinaryToStart(Pod pod, ObservedPod seen, Health health, String here) {
        String policy = policy(pod);
        boolean initialized = pod.getSpec().getContainers().stream().anyMatch(container -> isHere(seen, container, here));
        List<Container> start = new ArrayList<>();
        for (Container init : pod.getSpec().getInitContainers()) {
            Optional<ObservedContainer> last = seen.container(init.getName()).filter(each -> each.sandboxId().equals(here));
            boolean running = last.map(ObservedContainer::running).orElse(false);
            if (isSidecar(init)) {
                if (!running) {
                    start.add(init);
                }
                boolean started = running && last.map(each -> health.started(init, each)).orElse(false);
                if (!started && !initialized) {
                    return start;
                }
                continue;
            }
            if (initialized) {
                continue;
            }
            boolean complete = last.map(each -> each.ended() && each.exitCode() == 0).orElse(false);
            if (!complete) {
                if (!running) {
                    start.add(init);
                }
                return start;
            }
        }
        for (Container container : pod.getSpec().getContainers()) {
            Optional<ObservedContainer> last = seen.container(container.getName());
            boolean running = last.map(each -> each.running() && each.sandboxId().equals(here)).orElse(false);
            if (!running && last.map(each -> !each.ended() || restarts(policy, each)).orElse(true)) {
                start.add(container);
            }
        }
        return start;
    }

    private static boolean isHere(ObservedPod seen, Container container, String sandboxId) {
        return seen.containers(container.getName()).stream().anyMatch(each -> each.sandboxId().equals(sandboxId));
    }

    /// Whether an ordinary container that ended so is started again.
    static boolean restarts(String policy, ObservedContainer ended) {
        return switch (policy) {
            case "Never" -> false;
            case "OnFailure" -> ended.exitCode() != 0 || ended.state() == ObservedContainer.State.UNKNOWN;
            default -> true;
        };
    }

    static String policy(Pod pod) {
        String policy = pod.getSpec().getRestartPolicy();
        return policy == null || policy.isEmpty() ? "Always" : policy;
    }

    /// An init container that stays: `restartPolicy: Always`.
    static boolean isSidecar(Container container) {
        return "Always".equals(container.getRestartPolicy());
    }

    /// Init containers, then the others, as the pod was declared.
    static List<Container> declared(Pod pod) {
        List<Container> declared = new ArrayList<>(pod.getSpec().getInitContainers());
        declared.addAll(pod.getSpec().getContainers());
        return declared;
    }

    /// Those declared, then those added while the pod ran.
    static List<Container> all(Pod pod) {
        List<Container> all = declared(pod);
        all.addAll(EphemeralContainers.of(pod));
        return all;
    }

    /// Of the only thing that may change in a running container, its image; not of the whole spec, whose encoding may change.
    static String hash(Container container) {
        return Integer.toHexString((container.getName() + "\0" + container.getImage()).hashCode());
    }
}
