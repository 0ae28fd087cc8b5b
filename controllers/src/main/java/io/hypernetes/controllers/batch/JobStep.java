package io.hypernetes.controllers.batch;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import io.fabric8.kubernetes.api.model.batch.v1.SuccessPolicyRule;
import io.hypernetes.controllers.pods.PodState;
import io.hypernetes.controllers.pods.ScaleDown;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What one look at a Job and its pods comes to: who is counted, whether it is over, how many pods are to be made or deleted. Decides
/// only; changes nothing.
final class JobStep {
    /// How many ends a status notes at most, so that it stays small (`MaxUncountedPods` in upstream's pkg/controller/job/job_controller.go).
    static final int MOST_NOTED = 500;

    /// A hundred years: what is written may be more than a time can be.
    private static final long FARTHEST_SECONDS = Duration.ofDays(36_525).toSeconds();

    private final Job job;
    private final List<Pod> pods;
    private final Instant now;
    final boolean indexed;
    final boolean suspended;
    final int parallelism;
    final @Nullable Integer completions;
    /// Pods count as failed when they failed; without this also when they are being deleted.
    private final boolean onlyFailed;

    final Set<String> uncountedSucceeded;
    final Set<String> uncountedFailed;
    /// Pods that ended and whose end is noted from now on; they are let go once that is durable.
    final List<Pod> letGo = new ArrayList<>();
    /// Those among them that are new, in the order of their ends.
    final List<Pod> newlyEnded = new ArrayList<>();
    final BitSet succeededIndexes;
    final BitSet failedIndexes;
    /// The failed pod of each index that waits for its successor, which takes over its count.
    final Map<Integer, Pod> lastFailed = new HashMap<>();
    final List<Pod> active;
    int succeeded;
    int failed;
    /// Pods that ended and are not noted yet, as there is no room.
    private int moreSucceeded;
    private int moreFailed;
    private @Nullable String failJob;
    private boolean settled;

    JobStep(Job job, List<Pod> pods, Instant now) {
        this.job = job;
        this.pods = pods;
        this.now = now;
        this.indexed = JobPods.isIndexed(job);
        this.suspended = Boolean.TRUE.equals(job.getSpec().getSuspend());
        this.parallelism = job.getSpec().getParallelism() == null ? 1 : job.getSpec().getParallelism();
        this.completions = job.getSpec().getCompletions();
        this.onlyFailed = "Failed".equals(job.getSpec().getPodReplacementPolicy()) || job.getSpec().getPodFailurePolicy() != null;
        this.active = pods.stream().filter(PodState::isActive).toList();
        var status = job.getStatus();
        var noted = status == null ? null : status.getUncountedTerminatedPods();
        this.uncountedSucceeded = new HashSet<>(noted == null || noted.getSucceeded() == null ? List.of() : noted.getSucceeded());
        this.uncountedFailed = new HashSet<>(noted == null || noted.getFailed() == null ? List.of() : noted.getFailed());
        int limit = completions == null ? 0 : completions;
        this.succeededIndexes = indexed ? Indexes.parse(status == null ? null : status.getCompletedIndexes(), limit) : new BitSet();
        this.failedIndexes = indexed ? Indexes.parse(status == null ? null : status.getFailedIndexes(), limit) : new BitSet();
        this.succeeded = status == null || status.getSucceeded() == null ? 0 : status.getSucceeded();
        this.failed = status == null || status.getFailed() == null ? 0 : status.getFailed();
        settle();
        note();
    }

    /// What was noted and whose pod is let go is counted.
    private void settle() {
        Set<String> held = new HashSet<>();
        pods.stream().filter(JobPods::isTracked).forEach(pod -> held.add(pod.getMetadata().getUid()));
        int before = uncountedSucceeded.size() + uncountedFailed.size();
        succeeded += count(uncountedSucceeded, held);
        failed += count(uncountedFailed, held);
        settled = before != uncountedSucceeded.size() + uncountedFailed.size();
    }

    /// Whether counts went up by what was noted before.
    boolean hasSettled() {
        return settled;
    }

    private static int count(Set<String> noted, Set<String> held) {
        int before = noted.size();
        noted.removeIf(uid -> !held.contains(uid));
        return before - noted.size();
    }

    private boolean hasFailed(Pod pod) {
        String phase = PodState.phase(pod);
        if (phase.equals("Failed")) {
            return true;
        }
        return !onlyFailed && PodState.isTerminating(pod) && !phase.equals("Succeeded");
    }

    private void note() {
        boolean perIndex = job.getSpec().getBackoffLimitPerIndex() != null;
        boolean over = JobConditions.holds(JobConditions.of(job), JobConditions.FAILURE_TARGET)
                || JobConditions.holds(JobConditions.of(job), JobConditions.SUCCESS)
                || JobConditions.isFinished(job)
                || job.getMetadata().getDeletionTimestamp() != null;
        if (indexed && perIndex && !over) {
            keepLastFailures();
        }
        List<Pod> ended = pods.stream()
                .filter(JobPods::isTracked)
                .filter(pod -> PodState.isEnded(pod) || (PodState.isTerminating(pod) && (!onlyFailed || over)))
                .sorted(Comparator.comparing(pod -> JobPods.finished(pod, now)))
                .toList();
        boolean failing = JobConditions.holds(JobConditions.of(job), JobConditions.FAILURE_TARGET) || JobConditions.holds(JobConditions.of(job), JobConditions.FAILED);
        for (Pod pod : ended) {
            boolean kept = lastFailed.values().stream().anyMatch(last -> last == pod);
            if (PodState.phase(pod).equals("Succeeded")) {
                noteSuccess(pod);
                continue;
            }
            FailurePolicy.Answer answer = PodState.phase(pod).equals("Failed") && !suspended
                    ? FailurePolicy.of(job, pod) : new FailurePolicy.Answer(FailurePolicy.Action.COUNT, "");
            if (answer.action() == FailurePolicy.Action.FAIL_JOB && failJob == null) {
                failJob = answer.message();
            }
            if (!kept) {
                // Pods that went because the Job was suspended are nobody's failure, nor are those that go as enough have succeeded.
                boolean counts = (hasFailed(pod) || failing) && isOfTheJob(pod)
                        && answer.action() != FailurePolicy.Action.IGNORE && !(suspended && PodState.isTerminating(pod));
                noteFailure(pod, counts);
            }
        }
    }

    private void noteSuccess(Pod pod) {
        String uid = pod.getMetadata().getUid();
        if (indexed) {
            JobPods.index(pod).ifPresent(index -> {
                if (isOfTheJob(pod) && !failedIndexes.get(index) && !succeededIndexes.get(index)) {
                    succeededIndexes.set(index);
                    newlyEnded.add(pod);
                }
            });
        } else if (!uncountedFailed.contains(uid) && !uncountedSucceeded.contains(uid)) {
            if (isFull()) {
                moreSucceeded++;
                return;
            }
            uncountedSucceeded.add(uid);
            newlyEnded.add(pod);
        }
        letGo(pod);
    }

    private void noteFailure(Pod pod, boolean counts) {
        String uid = pod.getMetadata().getUid();
        if (counts && !uncountedSucceeded.contains(uid) && !uncountedFailed.contains(uid)) {
            if (isFull()) {
                moreFailed++;
                return;
            }
            uncountedFailed.add(uid);
            newlyEnded.add(pod);
        }
        letGo(pod);
    }

    private void letGo(Pod pod) {
        if (letGo.size() < MOST_NOTED) {
            letGo.add(pod);
        }
    }

    private boolean isFull() {
        return uncountedSucceeded.size() + uncountedFailed.size() >= MOST_NOTED;
    }

    /// Whether it counts at all: of an indexed Job, when it is of one of its indexes.
    private boolean isOfTheJob(Pod pod) {
        return !indexed || (completions != null && JobPods.index(pod).orElse(Integer.MAX_VALUE) < completions);
    }

    /// Of each index the pod that failed last stays, and with it how often the index failed, until there is a new one.
    private void keepLastFailures() {
        int limit = job.getSpec().getBackoffLimitPerIndex();
        Map<Integer, Integer> newest = new HashMap<>();
        active.forEach(pod -> JobPods.index(pod).ifPresent(index -> newest.merge(index, JobPods.failuresBefore(pod), Math::max)));
        for (Pod pod : pods) {
            OptionalInt index = JobPods.index(pod);
            if (index.isEmpty() || !isOfTheJob(pod) || !JobPods.isTracked(pod) || !hasFailed(pod)) {
                continue;
            }
            int at = index.getAsInt();
            FailurePolicy.Action action = FailurePolicy.of(job, pod).action();
            if (action == FailurePolicy.Action.FAIL_INDEX || (action != FailurePolicy.Action.IGNORE && JobPods.failuresBefore(pod) >= limit)) {
                if (!succeededIndexes.get(at)) {
                    failedIndexes.set(at);
                }
                continue;
            }
            boolean replaced = newest.getOrDefault(at, -1) > JobPods.failuresBefore(pod) || (newest.containsKey(at) && action == FailurePolicy.Action.IGNORE);
            Pod known = lastFailed.get(at);
            if (!replaced && (known == null || JobPods.failuresBefore(known) + JobPods.ignoredBefore(known) < JobPods.failuresBefore(pod) + JobPods.ignoredBefore(pod))) {
                lastFailed.put(at, pod);
            }
        }
        lastFailed.keySet().removeIf(index -> failedIndexes.get(index) || succeededIndexes.get(index));
    }

    int succeededSoFar() {
        return indexed ? succeededIndexes.cardinality() : succeeded + uncountedSucceeded.size() + moreSucceeded;
    }

    int failedSoFar() {
        return failed + uncountedFailed.size() + moreFailed;
    }

    int terminating() {
        return (int) pods.stream().filter(pod -> PodState.isTerminating(pod) && !PodState.isEnded(pod)).count();
    }

    int ready() {
        return (int) active.stream().filter(PodState::isReady).count();
    }

    /// Why the Job is over, or will be once its pods are gone: a condition FailureTarget or SuccessCriteriaMet; null while it goes on.
    @Nullable JobCondition verdict() {
        List<JobCondition> conditions = JobConditions.of(job);
        for (String type : List.of(JobConditions.FAILURE_TARGET, JobConditions.SUCCESS)) {
            JobCondition standing = JobConditions.find(conditions, type);
            if (standing != null && "True".equals(standing.getStatus())) {
                return standing;
            }
        }
        if (failJob != null) {
            return failure("PodFailurePolicy", failJob);
        }
        int limit = job.getSpec().getBackoffLimit() == null ? 6 : job.getSpec().getBackoffLimit();
        if (failedSoFar() > limit || restartsExceed(limit)) {
            return failure("BackoffLimitExceeded", "Job has reached the specified backoff limit");
        }
        Duration left = untilDeadline();
        if (left != null && !left.isPositive() && !suspended) {
            return failure("DeadlineExceeded", "Job was active longer than specified deadline");
        }
        if (indexed && completions != null) {
            Integer most = job.getSpec().getMaxFailedIndexes();
            if (job.getSpec().getBackoffLimitPerIndex() != null) {
                if (most != null && failedIndexes.cardinality() > most) {
                    return failure("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes");
                }
                if (!failedIndexes.isEmpty() && failedIndexes.cardinality() + succeededIndexes.cardinality() >= completions) {
                    return failure("FailedIndexes", "Job has failed indexes");
                }
            }
            JobCondition met = successPolicy();
            if (met != null) {
                return met;
            }
        }
        boolean done = completions == null
                ? succeededSoFar() > 0 && active.isEmpty()
                : succeededSoFar() >= completions && active.isEmpty();
        return done
                ? JobConditions.make(JobConditions.SUCCESS, "True", "CompletionsReached", "Reached expected number of succeeded pods", now)
                : null;
    }

    private JobCondition failure(String reason, String message) {
        return JobConditions.make(JobConditions.FAILURE_TARGET, "True", reason, message, now);
    }

    private @Nullable JobCondition successPolicy() {
        if (job.getSpec().getSuccessPolicy() == null || job.getSpec().getSuccessPolicy().getRules() == null) {
            return null;
        }
        List<SuccessPolicyRule> rules = job.getSpec().getSuccessPolicy().getRules();
        for (int i = 0; i < rules.size(); i++) {
            SuccessPolicyRule rule = rules.get(i);
            BitSet asked = new BitSet();
            if (rule.getSucceededIndexes() == null) {
                asked.set(0, completions == null ? 0 : completions);
            } else {
                asked = Indexes.parse(rule.getSucceededIndexes(), completions == null ? 0 : completions);
            }
            int wanted = rule.getSucceededCount() == null ? asked.cardinality() : rule.getSucceededCount();
            asked.and(succeededIndexes);
            if (asked.cardinality() >= wanted) {
                return JobConditions.make(JobConditions.SUCCESS, "True", "SuccessPolicy", "Matched rules at index " + i, now);
            }
        }
        return null;
    }

    /// Containers that are started again in their pod count too.
    private boolean restartsExceed(int limit) {
        if (!"OnFailure".equals(job.getSpec().getTemplate().getSpec().getRestartPolicy())) {
            return false;
        }
        int restarts = active.stream().mapToInt(JobStep::restarts).sum();
        return limit == 0 ? restarts > 0 : restarts >= limit;
    }

    private static int restarts(Pod pod) {
        int restarts = 0;
        if (pod.getStatus() != null) {
            for (var list : List.of(
                    pod.getStatus().getInitContainerStatuses() == null ? List.<io.fabric8.kubernetes.api.model.ContainerStatus>of() : pod.getStatus().getInitContainerStatuses(),
                    pod.getStatus().getContainerStatuses() == null ? List.<io.fabric8.kubernetes.api.model.ContainerStatus>of() : pod.getStatus().getContainerStatuses())) {
                for (var container : list) {
                    restarts += container.getRestartCount() == null ? 0 : container.getRestartCount();
                }
            }
        }
        return restarts;
    }

    /// How long the Job may still be active; null when it has no deadline or did not start.
    @Nullable Duration untilDeadline() {
        Long seconds = job.getSpec().getActiveDeadlineSeconds();
        Optional<Instant> started = PodState.time(job.getStatus() == null ? null : job.getStatus().getStartTime());
        return seconds == null || started.isEmpty() ? null : Duration.between(now, started.get().plusSeconds(Math.min(seconds, FARTHEST_SECONDS)));
    }

    /// How many pods are to be active.
    int wantedActive() {
        if (suspended) {
            return 0;
        }
        if (completions == null) {
            // Once one has succeeded, the others end by themselves, however many there may be.
            return succeededSoFar() > 0 ? active.size() : parallelism;
        }
        int left = completions - succeededSoFar() - failedIndexes.cardinality();
        return Math.max(0, Math.min(left, parallelism));
    }

    /// How many pods take a place of those wanted.
    int takenPlaces() {
        return active.size() + ("Failed".equals(job.getSpec().getPodReplacementPolicy()) ? terminating() : 0);
    }

    /// The active pods that go first: those whose index is done, out of range or taken twice, then those that did the least.
    List<Pod> surplus(int count) {
        List<Pod> first = new ArrayList<>();
        List<Pod> rest = new ArrayList<>(indexed ? List.of() : active);
        if (indexed) {
            Map<Integer, List<Pod>> byIndex = new TreeMap<>();
            for (Pod pod : active) {
                int index = JobPods.index(pod).orElse(-1);
                if (index >= 0 && isOfTheJob(pod) && !succeededIndexes.get(index)) {
                    byIndex.computeIfAbsent(index, _ -> new ArrayList<>()).add(pod);
                } else {
                    first.add(pod);
                }
            }
            for (List<Pod> same : byIndex.values()) {
                // Of several that one stays that has come furthest (appendPodsWithSameIndexForRemovalAndRemaining in upstream's indexed_job_utils.go).
                List<Pod> less = same.size() == 1 ? List.of() : ScaleDown.first(same.size() - 1, same, same, now);
                first.addAll(less);
                same.stream().filter(pod -> less.stream().noneMatch(other -> other == pod)).forEach(rest::add);
            }
        }
        if (first.size() < count) {
            first.addAll(ScaleDown.first(count - first.size(), rest, rest, now));
        }
        return first;
    }

    /// Active pods of indexes that are done, out of range, failed or taken twice.
    List<Pod> useless() {
        return indexed ? surplus(0) : List.of();
    }

    /// The lowest indexes without a pod.
    List<Integer> openIndexes(int count) {
        BitSet taken = (BitSet) succeededIndexes.clone();
        taken.or(failedIndexes);
        // What a pod says of itself may be any number, and a set of bits is as large as the greatest of them.
        active.stream().filter(this::isOfTheJob).forEach(pod -> JobPods.index(pod).ifPresent(taken::set));
        if (onlyFailed) {
            pods.stream().filter(pod -> PodState.isTerminating(pod) && !PodState.isEnded(pod) && isOfTheJob(pod)).forEach(pod -> JobPods.index(pod).ifPresent(taken::set));
        }
        List<Integer> open = new ArrayList<>();
        for (int index = taken.nextClearBit(0); completions != null && index < completions && open.size() < count; index = taken.nextClearBit(index + 1)) {
            open.add(index);
        }
        return open;
    }
}
