package io.hypernetes.controllers.batch;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.hypernetes.controllers.pods.PodState;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/// The pods of a Job: how they look, and what they say about how they ended.
final class JobPods {
    /// Holds a pod until the Job has counted it.
    static final String TRACKING = "batch.kubernetes.io/job-tracking";
    static final String INDEX = "batch.kubernetes.io/job-completion-index";
    static final String FAILURES = "batch.kubernetes.io/job-index-failure-count";
    static final String IGNORED = "batch.kubernetes.io/job-index-ignored-failure-count";
    private static final String INDEX_VARIABLE = "JOB_COMPLETION_INDEX";

    private JobPods() {}

    static boolean isIndexed(Job job) {
        return "Indexed".equals(job.getSpec().getCompletionMode());
    }

    static boolean isTracked(Pod pod) {
        return pod.getMetadata().getFinalizers() != null && pod.getMetadata().getFinalizers().contains(TRACKING);
    }

    static OptionalInt index(Pod pod) {
        Map<String, String> annotations = pod.getMetadata().getAnnotations();
        String text = annotations == null ? null : annotations.get(INDEX);
        return text == null || !text.matches("[0-9]{1,9}") ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(text));
    }

    /// How often pods of its index had failed before this one.
    static int failuresBefore(Pod pod) {
        return number(pod, FAILURES);
    }

    /// How often pods of its index had failed before this one without that being counted, as a policy said to ignore it.
    static int ignoredBefore(Pod pod) {
        return number(pod, IGNORED);
    }

    private static int number(Pod pod, String annotation) {
        Map<String, String> annotations = pod.getMetadata().getAnnotations();
        String text = annotations == null ? null : annotations.get(annotation);
        return text == null || !text.matches("[0-9]{1,9}") ? 0 : Integer.parseInt(text);
    }

    /// A pod that is held until it is counted.
    static Pod tracked(Pod pod) {
        List<String> finalizers = new ArrayList<>(pod.getMetadata().getFinalizers() == null ? List.of() : pod.getMetadata().getFinalizers());
        finalizers.add(TRACKING);
        return new PodBuilder(pod).editMetadata().withFinalizers(finalizers).endMetadata().build();
    }

    /// A pod that knows which part of the work is its own.
    ///
    /// @param failures how often the index has failed; negative when the Job does not count that
    /// @param ignored how often it has failed beside that, as a policy said to ignore it
    static Pod indexed(Pod pod, Job job, int index, int failures, int ignored) {
        String text = String.valueOf(index);
        String name = job.getMetadata().getName() + "-" + index;
        PodBuilder indexed = new PodBuilder(pod)
                .editMetadata()
                .withGenerateName(name + "-")
                .addToAnnotations(INDEX, text)
                .addToLabels(INDEX, text)
                .endMetadata()
                .editSpec()
                .withHostname(name)
                .withContainers(withIndex(pod.getSpec().getContainers()))
                .withInitContainers(withIndex(pod.getSpec().getInitContainers()))
                .endSpec();
        if (failures >= 0) {
            indexed.editMetadata().addToAnnotations(FAILURES, String.valueOf(failures)).endMetadata();
        }
        if (ignored > 0) {
            indexed.editMetadata().addToAnnotations(IGNORED, String.valueOf(ignored)).endMetadata();
        }
        return indexed.build();
    }

    private static List<Container> withIndex(@Nullable List<Container> containers) {
        List<Container> changed = new ArrayList<>();
        for (Container container : containers == null ? List.<Container>of() : containers) {
            boolean has = container.getEnv() != null && container.getEnv().stream().map(EnvVar::getName).anyMatch(INDEX_VARIABLE::equals);
            changed.add(has ? container : new ContainerBuilder(container).addToEnv(new EnvVarBuilder().withName(INDEX_VARIABLE)
                    .withNewValueFrom().withNewFieldRef().withFieldPath("metadata.labels['" + INDEX + "']").endFieldRef().endValueFrom()
                    .build()).build());
        }
        return changed;
    }

    /// When a pod ended, or was asked to: the same at every look, so that a pause after it comes to its end. As getFinishedTime in upstream's
    /// `pkg/controller/job/backoff_utils.go`: the end of its last container; else since when it is not ready; else, of one that was lost with its
    /// node and is taken away, when that was asked for; else when it was made.
    ///
    /// @param now of a pod without any time, which no API server has
    static Instant finished(Pod pod, Instant now) {
        return lastEnd(pod).or(() -> notReadySince(pod)).or(() -> askedToGo(pod))
                .or(() -> PodState.time(pod.getMetadata().getCreationTimestamp()))
                .orElse(now);
    }

    /// Empty when a container has not ended, or nobody ever said that it did: what the others say is then older than the end of the pod.
    private static Optional<Instant> lastEnd(Pod pod) {
        if (pod.getStatus() == null) {
            return Optional.empty();
        }
        List<ContainerStatus> all = new ArrayList<>(orEmpty(pod.getStatus().getContainerStatuses()));
        // A sidecar ends after the others.
        List<String> sidecars = orEmpty(pod.getSpec() == null ? null : pod.getSpec().getInitContainers()).stream()
                .filter(container -> "Always".equals(container.getRestartPolicy())).map(Container::getName).toList();
        orEmpty(pod.getStatus().getInitContainerStatuses()).stream().filter(status -> sidecars.contains(status.getName())).forEach(all::add);
        List<Instant> ends = all.stream()
                .map(ContainerStatus::getState)
                .filter(state -> state != null && state.getTerminated() != null)
                .flatMap(state -> PodState.time(state.getTerminated().getFinishedAt()).stream())
                .toList();
        return ends.size() < all.size() ? Optional.empty() : ends.stream().max(Instant::compareTo);
    }

    private static Optional<Instant> notReadySince(Pod pod) {
        PodCondition ready = PodState.condition(pod, "Ready");
        return ready == null || !"False".equals(ready.getStatus()) ? Optional.empty() : PodState.time(ready.getLastTransitionTime());
    }

    private static Optional<Instant> askedToGo(Pod pod) {
        Long grace = pod.getMetadata().getDeletionGracePeriodSeconds();
        return PodState.time(pod.getMetadata().getDeletionTimestamp()).map(gone -> gone.minusSeconds(grace == null ? 0 : grace));
    }

    private static <T> List<T> orEmpty(@Nullable List<T> list) {
        return list == null ? List.of() : list;
    }
}
