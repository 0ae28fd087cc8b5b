package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodConditionBuilder;
import io.fabric8.kubernetes.api.model.PodReadinessGate;
import io.hypernetes.kubelet.cri.ObservedPod;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The conditions that the kubelet owns; those of others are left as they are.
final class Conditions {
    static final Set<String> OWNED =
            Set.of("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled", Resizing.PENDING, Resizing.IN_PROGRESS);

    record Verdict(boolean holds, @Nullable String reason, @Nullable String message) {
        static final Verdict TRUE = new Verdict(true, null, null);
    }

    private Conditions() {}

    static List<PodCondition> of(
            Pod pod, String phase, ObservedPod seen, List<ContainerStatus> init, List<ContainerStatus> main, List<PodCondition> before, Instant now) {
        boolean address = seen.readySandbox().map(sandbox -> !sandbox.ips().isEmpty()).orElse(false);
        Verdict containers = containersReady(phase, init, main, pod);
        List<PodCondition> conditions = new ArrayList<>();
        conditions.add(condition(pod, "PodReadyToStartContainers", new Verdict(address, null, null), before, now));
        conditions.add(condition(pod, "Initialized", initialized(phase, init, main, pod), before, now));
        conditions.add(condition(pod, "Ready", ready(containers, pod, before), before, now));
        conditions.add(condition(pod, "ContainersReady", containers, before, now));
        conditions.add(condition(pod, "PodScheduled", Verdict.TRUE, before, now));
        return conditions;
    }

    /// Says that somebody ended the pod who is not its owner.
    static PodCondition disrupted(Pod pod, String reason, String message, Instant now) {
        return new PodConditionBuilder()
                .withType("DisruptionTarget").withStatus("True").withReason(reason).withMessage(message)
                .withLastTransitionTime(StatusOf.text(now))
                .withObservedGeneration(pod.getMetadata().getGeneration())
                .build();
    }

    /// `current` with ours in place of the owned ones, and of those that ours speak of: one of a type.
    static List<PodCondition> merge(List<PodCondition> ours, List<PodCondition> current) {
        Set<String> replaced = new HashSet<>(OWNED);
        ours.forEach(condition -> replaced.add(condition.getType()));
        List<PodCondition> merged = new ArrayList<>(ours);
        current.stream().filter(condition -> !replaced.contains(condition.getType())).forEach(merged::add);
        return merged;
    }

    static Verdict initialized(String phase, List<ContainerStatus> init, List<ContainerStatus> main, Pod pod) {
        List<String> incomplete = new ArrayList<>();
        for (int i = 0; i < init.size(); i++) {
            ContainerStatus status = init.get(i);
            boolean done = Plan.isSidecar(pod.getSpec().getInitContainers().get(i))
                    ? Boolean.TRUE.equals(status.getStarted())
                    : status.getState().getTerminated() != null && status.getState().getTerminated().getExitCode() == 0;
            if (!done) {
                incomplete.add(status.getName());
            }
        }
        if (phase.equals("Succeeded")) {
            return new Verdict(true, "PodCompleted", null);
        }
        // A sidecar that restarts, or ended with its pod, takes nothing back: others run, or ran, since all were there. As upstream's
        // `GeneratePodInitializedCondition`; without it `kubectl get pods` says Init:Error of every pod with a sidecar that failed.
        boolean begun = main.stream()
                .map(ContainerStatus::getState)
                .anyMatch(state -> state != null && (state.getRunning() != null || state.getTerminated() != null));
        if (begun) {
            return Verdict.TRUE;
        }
        return incomplete.isEmpty() ? Verdict.TRUE
                : new Verdict(false, "ContainersNotInitialized", "containers with incomplete status: " + list(incomplete));
    }

    private static Verdict containersReady(String phase, List<ContainerStatus> init, List<ContainerStatus> main, Pod pod) {
        if (phase.equals("Succeeded")) {
            return new Verdict(false, "PodCompleted", null);
        }
        if (phase.equals("Failed")) {
            return new Verdict(false, "PodFailed", null);
        }
        List<String> unready = new ArrayList<>();
        for (int i = 0; i < init.size(); i++) {
            if (Plan.isSidecar(pod.getSpec().getInitContainers().get(i)) && !Boolean.TRUE.equals(init.get(i).getReady())) {
                unready.add(init.get(i).getName());
            }
        }
        main.stream().filter(status -> !Boolean.TRUE.equals(status.getReady())).forEach(status -> unready.add(status.getName()));
        return unready.isEmpty() ? Verdict.TRUE
                : new Verdict(false, "ContainersNotReady", "containers with unready status: " + list(unready));
    }

    static Verdict ready(Verdict containers, Pod pod, List<PodCondition> before) {
        if (!containers.holds) {
            return containers;
        }
        List<String> shut = new ArrayList<>();
        for (PodReadinessGate gate : pod.getSpec().getReadinessGates()) {
            String status = before.stream()
                    .filter(condition -> condition.getType().equals(gate.getConditionType()))
                    .map(PodCondition::getStatus)
                    .findFirst()
                    .orElse(null);
            if (status == null) {
                shut.add("corresponding condition of pod readiness gate \"" + gate.getConditionType() + "\" does not exist.");
            } else if (!status.equals("True")) {
                shut.add("the status of pod readiness gate \"" + gate.getConditionType() + "\" is not \"True\", but " + status);
            }
        }
        if (!shut.isEmpty()) {
            return new Verdict(false, "ReadinessGatesNotReady", String.join(", ", shut));
        }
        return containers;
    }

    private static PodCondition condition(Pod pod, String type, Verdict verdict, List<PodCondition> before, Instant now) {
        String status = verdict.holds ? "True" : "False";
        Optional<PodCondition> known = before.stream().filter(condition -> condition.getType().equals(type)).findFirst();
        String since = known.filter(condition -> Objects.equals(condition.getStatus(), status))
                .map(PodCondition::getLastTransitionTime)
                .orElse(StatusOf.text(now));
        return new PodConditionBuilder()
                .withType(type).withStatus(status)
                .withReason(verdict.reason).withMessage(verdict.message)
                .withLastTransitionTime(since)
                .withObservedGeneration(pod.getMetadata().getGeneration())
                .build();
    }

    private static String list(List<String> names) {
        return "[" + String.join(" ", names) + "]";
    }
}
