package io.hypernetes.controllers.batch;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.PodFailurePolicyOnExitCodesRequirement;
import io.fabric8.kubernetes.api.model.batch.v1.PodFailurePolicyRule;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a Job wants done about a pod that failed.
final class FailurePolicy {

    /// The answer of the first rule that matches; COUNT when none does.
    ///
    /// @param message why, in the words of the condition; empty when no rule matched
    record Answer(Action action, String message) {}

    enum Action {
        COUNT,
        IGNORE,
        FAIL_JOB,
        FAIL_INDEX
    }

    private FailurePolicy() {}

    static Answer of(Job job, Pod pod) {
        var policy = job.getSpec().getPodFailurePolicy();
        if (policy == null || policy.getRules() == null) {
            return new Answer(Action.COUNT, "");
        }
        List<PodFailurePolicyRule> rules = policy.getRules();
        for (int i = 0; i < rules.size(); i++) {
            PodFailurePolicyRule rule = rules.get(i);
            String match = matches(rule, pod);
            if (match != null) {
                return new Answer(action(rule), match + " matching " + rule.getAction() + " rule at index " + i);
            }
        }
        return new Answer(Action.COUNT, "");
    }

    private static Action action(PodFailurePolicyRule rule) {
        return switch (rule.getAction()) {
            case "Ignore" -> Action.IGNORE;
            case "FailJob" -> Action.FAIL_JOB;
            case "FailIndex" -> Action.FAIL_INDEX;
            case null, default -> Action.COUNT;
        };
    }

    private static @Nullable String matches(PodFailurePolicyRule rule, Pod pod) {
        String name = pod.getMetadata().getNamespace() + "/" + pod.getMetadata().getName();
        if (rule.getOnExitCodes() != null) {
            for (ContainerStatus container : containers(pod)) {
                if (container.getState() != null && container.getState().getTerminated() != null) {
                    int code = container.getState().getTerminated().getExitCode();
                    if (code != 0 && matches(rule.getOnExitCodes(), container.getName(), code)) {
                        return "Container " + container.getName() + " for pod " + name + " failed with exit code " + code;
                    }
                }
            }
            return null;
        }
        if (rule.getOnPodConditions() == null || pod.getStatus() == null || pod.getStatus().getConditions() == null) {
            return null;
        }
        for (PodCondition condition : pod.getStatus().getConditions()) {
            boolean match = rule.getOnPodConditions().stream().anyMatch(pattern ->
                    pattern.getType().equals(condition.getType())
                            && (pattern.getStatus() == null ? "True" : pattern.getStatus()).equals(condition.getStatus()));
            if (match) {
                return "Pod " + name + " has condition " + condition.getType();
            }
        }
        return null;
    }

    private static boolean matches(PodFailurePolicyOnExitCodesRequirement wanted, String container, int code) {
        if (wanted.getContainerName() != null && !wanted.getContainerName().equals(container)) {
            return false;
        }
        boolean listed = wanted.getValues().contains(code);
        return "In".equals(wanted.getOperator()) ? listed : "NotIn".equals(wanted.getOperator()) && !listed;
    }

    private static List<ContainerStatus> containers(Pod pod) {
        List<ContainerStatus> all = new ArrayList<>();
        if (pod.getStatus() != null) {
            if (pod.getStatus().getContainerStatuses() != null) {
                all.addAll(pod.getStatus().getContainerStatuses());
            }
            if (pod.getStatus().getInitContainerStatuses() != null) {
                all.addAll(pod.getStatus().getInitContainerStatuses());
            }
        }
        return all;
    }
}
