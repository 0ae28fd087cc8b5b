package io.hypernetes.controllers.batch;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatus;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatusBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.UncountedTerminatedPodsBuilder;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.EventRecorder.Type;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Patch;
import io.hypernetes.client.Selectors;
import io.hypernetes.controllers.Caches;
import io.hypernetes.controllers.Controller;
import io.hypernetes.controllers.pods.Claims;
import io.hypernetes.controllers.pods.OwnWrites;
import io.hypernetes.controllers.pods.PodControl;
import io.hypernetes.controllers.pods.PodState;
import io.hypernetes.objects.selector.LabelSelector;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Runs the pods of Jobs until enough have succeeded, or too many have failed.
///
/// No pod is counted twice and none is missed, whatever dies when: a pod is held by a finalizer until its end is noted in the Job's
/// status by its uid; then it is let go; then the note becomes a count.
public final class Jobs implements Controller {
    private static final Duration UNSEEN = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(10);
    private static final int MOST_AT_ONCE = 500;

    private final Client client;
    private final EventRecorder events;
    private final InstantSource clock;
    private final Duration firstPause;
    private final Map<ObjectKey, Failures> failures = new ConcurrentHashMap<>();
    private Caches caches;
    private Claims<Job, Pod> claims;
    private PodControl control;

    /// Failures in a row, and when the last of them was.
    private record Failures(int count, Instant last) {}

    /// @param firstPause how long to wait after a first failure; each further one doubles it
    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    public Jobs(Client client, EventRecorder events, InstantSource clock, Duration firstPause) {
        this.client = client;
        this.events = events;
        this.clock = clock;
        this.firstPause = firstPause;
    }

    @Override
    public String name() {
        return "job";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        this.claims = new Claims<>(client, Kind.JOB, Kind.POD, caches.byController(Kind.POD));
        this.control = new PodControl(client, events, Kind.JOB, new OwnWrites<>(caches.pods()));
        var jobs = caches.byNamespace(Kind.JOB);
        caches.of(Kind.JOB).handler(Caches.keys(wake));
        caches.pods().handler(Caches.controllers(Kind.JOB, wake));
        caches.pods().handler(Caches.each(orphan -> {
            if (Caches.controllerRef(orphan) == null) {
                jobs.get(Caches.namespaceOf(ObjectKey.of(orphan))).stream()
                        .filter(job -> Selectors.of(job.getSpec().getSelector())
                                .filter(labels -> labels.matches(Selectors.labelsOf(orphan)))
                                .isPresent())
                        .forEach(job -> wake.accept(ObjectKey.of(job)));
            }
        }));
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) throws InterruptedException {
        Job job = caches.of(Kind.JOB).get(key).orElse(null);
        LabelSelector selector = job == null ? null : Selectors.of(job.getSpec().getSelector()).orElse(null);
        if (job == null || selector == null || selector.isEverything()) {
            failures.remove(key);
            return Optional.empty();
        }
        String managedBy = job.getSpec().getManagedBy();
        if (managedBy != null && !managedBy.equals("kubernetes.io/job-controller")) {
            return Optional.empty();
        }
        if (!control.own().visible(key)) {
            return Optional.of(UNSEEN);
        }
        Instant now = clock.instant();
        JobStep step = new JobStep(job, claims.of(key, job, selector), now);
        if (JobConditions.isFinished(job)) {
            failures.remove(key);
            letGo(key, step.letGo);
            return Optional.empty();
        }
        return new Look(key, job, step, now).take();
    }

    /// Takes the finalizer of pods whose end is noted.
    private void letGo(ObjectKey key, List<Pod> pods) throws InterruptedException {
        PodControl.atOnce(0, pods.size(), number -> release(client, key, pods.get(number)));
    }

    static void release(Client client, ObjectKey key, Pod pod) {
        if (!JobPods.isTracked(pod)) {
            return;
        }
        List<String> left = pod.getMetadata().getFinalizers().stream().filter(name -> !name.equals(JobPods.TRACKING)).toList();
        Map<String, @Nullable Object> meta = new HashMap<>();
        meta.put("uid", pod.getMetadata().getUid());
        meta.put("resourceVersion", pod.getMetadata().getResourceVersion());
        meta.put("finalizers", left.isEmpty() ? null : left);
        try {
            client.of(Kind.POD).patch(ObjectKey.of(key.tenant(), pod), Patch.merge(Map.of("metadata", meta)));
        } catch (ApiException refused) {
            if (!refused.isNotFound()) {
                throw refused;
            }
        }
    }

    /// One look at one Job that goes on.
    private final class Look {
        private final ObjectKey key;
        private final Job job;
        private final JobStep step;
        private final Instant now;
        private List<JobCondition> conditions;
        private int activeAfter;
        /// Of what the status says anew: told once it is written, as a look whose write is refused is taken again.
        private final List<Runnable> news = new ArrayList<>();
        private final @Nullable Failures known;

        Look(ObjectKey key, Job job, JobStep step, Instant now) {
            this.key = key;
            this.job = job;
            this.step = step;
            this.now = now;
            this.conditions = JobConditions.of(job);
            this.activeAfter = step.active.size();
            this.known = knownFailures();
        }

        Optional<Duration> take() throws InterruptedException {
            Optional<Duration> again = Optional.empty();
            RuntimeException failure = null;
            JobCondition verdict = step.verdict();
            if (verdict != null) {
                conditions = JobConditions.with(conditions, verdict);
                if (!step.active.isEmpty() && JobConditions.holds(JobConditions.of(job), verdict.getType())) {
                    // Only once the verdict is durable, so that the pods' ends are not taken for failures of their own.
                    control.deleteAll(key, job, step.active);
                    activeAfter = 0;
                }
            } else {
                noteSuspension();
                try {
                    again = manage();
                } catch (ApiException refused) {
                    failure = refused;
                }
            }
            boolean gone = step.active.isEmpty() && step.terminating() == 0;
            boolean nothingNoted = step.uncountedFailed.isEmpty() && step.uncountedSucceeded.isEmpty() && step.letGo.isEmpty();
            JobStatus status = status(verdict != null);
            if (verdict != null && gone && nothingNoted && JobConditions.holds(JobConditions.of(job), verdict.getType())) {
                finish(status, verdict);
            }
            Job written = write(status);
            if (written != null) {
                rememberFailures();
                news.forEach(Runnable::run);
            }
            if (failure != null) {
                throw failure;
            }
            if (written != null) {
                letGo(key, step.letGo);
            }
            Duration left = step.untilDeadline();
            if (verdict == null && left != null && !step.suspended) {
                return again.filter(sooner -> sooner.compareTo(left) < 0).or(() -> Optional.of(left.plusMillis(10)));
            }
            return again;
        }

        private void finish(JobStatus status, JobCondition verdict) {
            boolean well = verdict.getType().equals(JobConditions.SUCCESS);
            conditions = JobConditions.with(conditions, JobConditions.make(
                    well ? JobConditions.COMPLETE : JobConditions.FAILED, "True", verdict.getReason(), verdict.getMessage(), now));
            status.setConditions(conditions);
            if (well) {
                status.setCompletionTime(text(now));
            }
            if (well && step.completions != null && step.succeededSoFar() > step.completions) {
                news.add(() -> events.record(key.tenant(), job, Type.WARNING, "TooManySucceededPods",
                        "Too many succeeded pods running after completion count reached"));
            }
            news.add(() -> events.record(key.tenant(), job, well ? Type.NORMAL : Type.WARNING, well ? "Completed" : verdict.getReason(),
                    well ? "Job completed" : verdict.getMessage()));
        }

        /// With those that are seen for the first time.
        private @Nullable Failures knownFailures() {
            Failures all = failures.get(key);
            for (Pod pod : step.newlyEnded) {
                if (PodState.phase(pod).equals("Succeeded")) {
                    all = null;
                } else {
                    Instant end = JobPods.finished(pod, now);
                    all = all == null ? new Failures(1, end) : new Failures(all.count + 1, end.isAfter(all.last) ? end : all.last);
                }
            }
            return all;
        }

        /// Once they are written, as the next look sees those anew whose write was refused.
        private void rememberFailures() {
            if (known == null) {
                failures.remove(key);
            } else {
                failures.put(key, known);
            }
        }

        /// How long new pods have to wait because others failed.
        private Duration pause() {
            return known == null ? Duration.ZERO : pause(known.count, known.last);
        }

        /// How long an index of a Job that counts failures by index has to wait because its own pods failed; those of others are no matter
        /// (getPodCreationInfoForIndependentIndexes in upstream's pkg/controller/job/job_controller.go).
        private Duration pause(int index) {
            Pod last = step.lastFailed.get(index);
            return last == null ? Duration.ZERO
                    : pause(JobPods.failuresBefore(last) + JobPods.ignoredBefore(last) + 1, JobPods.finished(last, now));
        }

        private Duration pause(int failed, Instant last) {
            Duration length = firstPause;
            for (int i = 1; i < failed && length.compareTo(LONGEST_PAUSE) < 0; i++) {
                length = length.multipliedBy(2);
            }
            Duration left = Duration.between(now, last.plus(length.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : length));
            return left.isNegative() ? Duration.ZERO : left;
        }

        private void noteSuspension() {
            JobCondition standing = JobConditions.find(conditions, JobConditions.SUSPENDED);
            boolean was = standing != null && "True".equals(standing.getStatus());
            if (step.suspended && !was) {
                conditions = JobConditions.with(conditions, JobConditions.make(JobConditions.SUSPENDED, "True", "JobSuspended", "Job suspended", now));
                news.add(() -> events.record(key.tenant(), job, Type.NORMAL, "Suspended", "Job suspended"));
            } else if (!step.suspended && was) {
                conditions = JobConditions.with(conditions, JobConditions.make(JobConditions.SUSPENDED, "False", "JobResumed", "Job resumed", now));
                news.add(() -> events.record(key.tenant(), job, Type.NORMAL, "Resumed", "Job resumed"));
            }
        }

        private Optional<Duration> manage() throws InterruptedException {
            if (job.getMetadata().getDeletionTimestamp() != null) {
                return Optional.empty();
            }
            int wanted = step.wantedActive();
            List<Pod> surplus = step.active.size() > wanted ? step.surplus(step.active.size() - wanted) : step.useless();
            if (!surplus.isEmpty()) {
                // Let go first: what is taken away is nobody's failure.
                PodControl.atOnce(0, surplus.size(), number -> {
                    release(client, key, surplus.get(number));
                    control.delete(key, job, surplus.get(number));
                });
                activeAfter -= surplus.size();
                return Optional.empty();
            }
            int missing = Math.min(MOST_AT_ONCE, wanted - step.takenPlaces());
            if (missing <= 0) {
                return Optional.empty();
            }
            boolean perIndex = job.getSpec().getBackoffLimitPerIndex() != null;
            List<Integer> open = step.indexed ? step.openIndexes(missing) : List.of();
            List<Integer> indexes = perIndex ? open.stream().filter(index -> !pause(index).isPositive()).toList() : open;
            Duration pause = !perIndex ? pause()
                    : indexes.isEmpty() ? open.stream().map(this::pause).min(Duration::compareTo).orElse(Duration.ZERO) : Duration.ZERO;
            if (pause.isPositive()) {
                return Optional.of(pause);
            }
            // A pod whose end is noted may be seen let go before the note itself: a Job that is not the newest must begin nothing.
            String version = job.getMetadata().getResourceVersion();
            if (client.of(Kind.JOB).find(key).filter(newest -> newest.getMetadata().getResourceVersion().equals(version)).isEmpty()) {
                return Optional.of(UNSEEN);
            }
            int count = step.indexed ? indexes.size() : missing;
            Pod template = JobPods.tracked(control.fromTemplate(job, job.getSpec().getTemplate()));
            PodControl.slowStart(count, number -> control.create(key, job, step.indexed ? indexed(template, indexes.get(number)) : template));
            activeAfter += count;
            return Optional.empty();
        }

        private Pod indexed(Pod template, int index) {
            if (job.getSpec().getBackoffLimitPerIndex() == null) {
                return JobPods.indexed(template, job, index, -1, 0);
            }
            Pod last = step.lastFailed.get(index);
            if (last == null) {
                return JobPods.indexed(template, job, index, 0, 0);
            }
            int counts = FailurePolicy.of(job, last).action() != FailurePolicy.Action.IGNORE ? 1 : 0;
            return JobPods.indexed(template, job, index, JobPods.failuresBefore(last) + counts, JobPods.ignoredBefore(last) + 1 - counts);
        }

        /// When it began; null while it is suspended, unless it ends so: what is over has begun, if there was anything to do.
        private @Nullable String started(JobStatus before, boolean over) {
            boolean paused = step.suspended && (!over || Objects.equals(step.completions, 0));
            boolean resumed = !step.suspended && !over && JobConditions.holds(JobConditions.of(job), JobConditions.SUSPENDED);
            return paused ? null : resumed || before.getStartTime() == null ? text(now) : before.getStartTime();
        }

        private JobStatus status(boolean over) {
            JobStatus before = job.getStatus() == null ? new JobStatus() : job.getStatus();
            JobStatusBuilder status = new JobStatusBuilder(before)
                    .withConditions(conditions)
                    .withStartTime(started(before, over))
                    .withActive(orNull(activeAfter))
                    .withReady(Math.min(step.ready(), activeAfter))
                    .withTerminating(step.terminating())
                    .withSucceeded(orNull(step.indexed ? step.succeededIndexes.cardinality() : step.succeeded))
                    .withFailed(orNull(step.failed))
                    .withUncountedTerminatedPods(new UncountedTerminatedPodsBuilder()
                            .withSucceeded(new ArrayList<>(new TreeSet<>(step.uncountedSucceeded)))
                            .withFailed(new ArrayList<>(new TreeSet<>(step.uncountedFailed)))
                            .build());
            if (step.indexed) {
                String done = Indexes.text(step.succeededIndexes);
                status.withCompletedIndexes(done.isEmpty() ? null : done);
                if (job.getSpec().getBackoffLimitPerIndex() != null) {
                    status.withFailedIndexes(Indexes.text(step.failedIndexes));
                }
            }
            return status.build();
        }

        /// @return the Job as it is now; null when it is gone
        private @Nullable Job write(JobStatus status) {
            if (Objects.equals(status, job.getStatus())) {
                return job;
            }
            try {
                return client.of(Kind.JOB).update(key.tenant(), new JobBuilder(job).withStatus(status).build(), "status");
            } catch (ApiException refused) {
                if (refused.isNotFound()) {
                    return null;
                }
                throw refused;
            }
        }
    }

    private static String text(Instant now) {
        return now.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    private static @Nullable Integer orNull(int count) {
        return count == 0 ? null : count;
    }
}
