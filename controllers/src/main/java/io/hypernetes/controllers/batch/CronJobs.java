package io.hypernetes.controllers.batch;

import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.ObjectReferenceBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.CronJobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.CronJobStatus;
import io.fabric8.kubernetes.api.model.batch.v1.CronJobStatusBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.EventRecorder.Type;
import io.hypernetes.client.Index;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.controllers.Caches;
import io.hypernetes.controllers.Controller;
import io.hypernetes.controllers.pods.Claims;
import io.hypernetes.controllers.pods.OwnWrites;
import io.hypernetes.controllers.pods.PodControl;
import io.hypernetes.controllers.pods.PodState;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes a Job each time the schedule of a CronJob says so. Of times that were missed, when nobody was there to see them, only the last is
/// made up for.
public final class CronJobs implements Controller {
    private static final String SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp";
    private static final Duration UNSEEN = Duration.ofSeconds(1);
    private static final int MANY = 100;
    private static final Logger LOG = LoggerFactory.getLogger(CronJobs.class);

    private final Client client;
    private final EventRecorder events;
    private final InstantSource clock;
    private Caches caches;
    private Index<Job> jobs;
    private OwnWrites<Job> own;

    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    public CronJobs(Client client, EventRecorder events, InstantSource clock) {
        this.client = client;
        this.events = events;
        this.clock = clock;
    }

    @Override
    public String name() {
        return "cronjob";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        this.jobs = caches.byController(Kind.JOB);
        this.own = new OwnWrites<>(caches.of(Kind.JOB));
        caches.of(Kind.CRON_JOB).handler(Caches.keys(wake));
        caches.of(Kind.JOB).handler(Caches.controllers(Kind.CRON_JOB, wake));
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        CronJob cron = caches.of(Kind.CRON_JOB).get(key).orElse(null);
        if (cron == null) {
            return Optional.empty();
        }
        if (!own.visible(key)) {
            return Optional.of(UNSEEN);
        }
        return new Look(key, cron).take();
    }

    /// One look at one CronJob.
    private final class Look {
        private final ObjectKey key;
        private final CronJob cron;
        private final Instant now = clock.instant();
        private final List<Job> mine;
        private List<ObjectReference> active;
        private @Nullable String lastSchedule;
        private @Nullable String lastSuccess;

        Look(ObjectKey key, CronJob cron) {
            this.key = key;
            this.cron = cron;
            this.mine = Caches.controlledBy(jobs, key, cron.getMetadata().getUid()).stream()
                    .sorted(Comparator.comparing((Job job) -> String.valueOf(job.getMetadata().getCreationTimestamp()))
                            .thenComparing(job -> job.getMetadata().getName()))
                    .toList();
            CronJobStatus status = cron.getStatus() == null ? new CronJobStatus() : cron.getStatus();
            this.active = new ArrayList<>(status.getActive() == null ? List.of() : status.getActive());
            this.lastSchedule = status.getLastScheduleTime();
            this.lastSuccess = status.getLastSuccessfulTime();
        }

        Optional<Duration> take() {
            cleanUp();
            count();
            Optional<Duration> again = cron.getMetadata().getDeletionTimestamp() == null ? schedule() : Optional.empty();
            write();
            return again;
        }

        private void count() {
            List<ObjectReference> still = new ArrayList<>();
            for (Job job : mine) {
                boolean known = active.stream().anyMatch(reference -> reference.getUid().equals(job.getMetadata().getUid()));
                if (!JobConditions.isFinished(job)) {
                    if (known || isScheduled(job)) {
                        still.add(reference(job));
                    } else {
                        events.record(key.tenant(), cron, Type.WARNING, "UnexpectedJob",
                                "Saw a job that the controller did not create or forgot: " + job.getMetadata().getName());
                    }
                    continue;
                }
                if (known) {
                    boolean well = JobConditions.holds(JobConditions.of(job), JobConditions.COMPLETE);
                    events.record(key.tenant(), cron, Type.NORMAL, "SawCompletedJob", "Saw completed job: " + job.getMetadata().getName()
                            + ", condition: " + (well ? JobConditions.COMPLETE : JobConditions.FAILED));
                }
                String end = job.getStatus().getCompletionTime();
                boolean later = PodState.time(end).isPresent()
                        && (lastSuccess == null || PodState.time(lastSuccess).orElse(Instant.MIN).isBefore(PodState.time(end).get()));
                if (later && JobConditions.holds(JobConditions.of(job), JobConditions.COMPLETE)) {
                    lastSuccess = end;
                }
            }
            for (ObjectReference reference : active) {
                if (mine.stream().noneMatch(job -> job.getMetadata().getUid().equals(reference.getUid()))) {
                    events.record(key.tenant(), cron, Type.NORMAL, "MissingJob", "Active job went missing: " + reference.getName());
                }
            }
            active = still;
        }

        /// Whether the schedule made it: somebody's own (`kubectl create job --from=cronjob/…`) neither holds it up nor is replaced.
        private static boolean isScheduled(Job job) {
            return job.getMetadata().getAnnotations() != null && job.getMetadata().getAnnotations().containsKey(SCHEDULED);
        }

        private Optional<Duration> schedule() {
            ZoneId zone;
            try {
                zone = cron.getSpec().getTimeZone() == null ? ZoneOffset.UTC : Schedule.zone(cron.getSpec().getTimeZone());
            } catch (IllegalArgumentException unknown) {
                return refused("UnknownTimeZone", "invalid timeZone: \"" + Schedule.shown(cron.getSpec().getTimeZone()) + "\": " + unknown.getMessage());
            }
            if (Boolean.TRUE.equals(cron.getSpec().getSuspend())) {
                return Optional.empty();
            }
            String text = cron.getSpec().getSchedule();
            if (text.contains("TZ")) {
                events.record(key.tenant(), cron, Type.WARNING, "UnsupportedSchedule", "CRON_TZ or TZ used in schedule \"" + Schedule.shown(text) + "\" is not officially supported, "
                        + "see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details");
            }
            Schedule schedule;
            try {
                schedule = Schedule.parse(text, zone);
            } catch (IllegalArgumentException malformed) {
                return refused("UnparseableSchedule", "unparseable schedule: \"" + Schedule.shown(text) + "\" : " + malformed.getMessage());
            }
            if (schedule.next(last()).isEmpty()) {
                return refused("InvalidSchedule", "invalid schedule: " + Schedule.shown(text) + " : time difference between two schedules is less than 1 second");
            }
            Optional<Duration> untilNext = untilNext(schedule);
            Instant due = lastDue(schedule);
            if (due == null) {
                return untilNext;
            }
            Long deadline = cron.getSpec().getStartingDeadlineSeconds();
            if (deadline != null && isOlder(due, deadline)) {
                events.record(key.tenant(), cron, Type.WARNING, "MissSchedule", "Missed scheduled time to start a job: "
                        + DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss Z", Locale.ROOT).format(due.atZone(ZoneOffset.UTC)));
                return untilNext;
            }
            String name = cron.getMetadata().getName() + "-" + due.getEpochSecond() / 60;
            boolean made = active.stream().anyMatch(reference -> reference.getName().equals(name))
                    || PodState.time(lastSchedule).filter(due::equals).isPresent();
            if (made) {
                return untilNext;
            }
            String policy = cron.getSpec().getConcurrencyPolicy();
            if ("Forbid".equals(policy) && !active.isEmpty()) {
                events.record(key.tenant(), cron, Type.NORMAL, "JobAlreadyActive",
                        "Not starting job because prior execution is running and concurrency policy is Forbid");
                return untilNext;
            }
            if ("Replace".equals(policy)) {
                for (Job job : mine) {
                    if (active.stream().anyMatch(reference -> reference.getUid().equals(job.getMetadata().getUid()))) {
                        delete(job);
                    }
                }
                active.clear();
            }
            start(name, due, zone);
            return untilNext;
        }

        /// Somebody has to change it; that wakes us.
        private Optional<Duration> refused(String reason, String message) {
            events.record(key.tenant(), cron, Type.WARNING, reason, message);
            return Optional.empty();
        }

        /// What it ran for last; that it was made when it did not run yet.
        private Instant last() {
            return PodState.time(lastSchedule)
                    .or(() -> PodState.time(cron.getMetadata().getCreationTimestamp()))
                    .orElse(now);
        }

        /// Until the time after the latest that has come, by the schedule itself: one at a steady pace does not slip with each look (`nextScheduleTimeDuration` in
        /// upstream's pkg/controller/cronjob/utils.go).
        private Optional<Duration> untilNext(Schedule schedule) {
            return schedule.upcoming(last(), now).map(next -> Duration.between(now, next).plusMillis(100));
        }

        /// The latest time up to now that the schedule names and that no Job was made for; null when there is none.
        private @Nullable Instant lastDue(Schedule schedule) {
            Instant from = last();
            Long deadline = cron.getSpec().getStartingDeadlineSeconds();
            if (deadline != null && isOlder(from, deadline)) {
                from = now.minusSeconds(deadline);
            }
            Instant due = null;
            int missed = 0;
            for (Instant time = schedule.next(from).orElse(null); time != null && !time.isAfter(now) && missed <= MANY; time = schedule.next(time).orElse(null)) {
                due = time;
                missed++;
            }
            if (due == null || missed <= MANY) {
                return due;
            }
            events.record(key.tenant(), cron, Type.WARNING, "TooManyMissedTimes",
                    "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew");
            // From here on in one leap: a year of missed minutes must not be walked through.
            return schedule.latest(due, now).orElse(due);
        }

        /// Not by the time that is so many seconds away: of so many as a tenant may write there is none.
        private boolean isOlder(Instant time, long seconds) {
            return Duration.between(time, now).compareTo(Duration.ofSeconds(seconds)) > 0;
        }

        private void start(String name, Instant due, ZoneId zone) {
            var template = cron.getSpec().getJobTemplate();
            Map<String, String> labels = new HashMap<>();
            Map<String, String> annotations = new HashMap<>();
            if (template.getMetadata() != null) {
                labels.putAll(template.getMetadata().getLabels() == null ? Map.of() : template.getMetadata().getLabels());
                annotations.putAll(template.getMetadata().getAnnotations() == null ? Map.of() : template.getMetadata().getAnnotations());
            }
            annotations.put(SCHEDULED, DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(due.atZone(zone)));
            Job wanted = new JobBuilder()
                    .withNewMetadata()
                    .withName(name)
                    .withNamespace(key.namespace())
                    .withLabels(labels)
                    .withAnnotations(annotations)
                    .withOwnerReferences(Claims.reference(Kind.CRON_JOB, cron))
                    .endMetadata()
                    .withSpec(template.getSpec())
                    .build();
            Job made;
            try {
                made = client.of(Kind.JOB).create(key.tenant(), wanted);
                events.record(key.tenant(), cron, Type.NORMAL, "SuccessfulCreate", "Created job " + name);
            } catch (ApiException refused) {
                if (PodControl.isTerminatingNamespace(refused)) {
                    return;
                }
                Job there = refused.isAlreadyExists() ? client.of(Kind.JOB).find(ObjectKey.of(key.tenant(), wanted)).orElse(null) : null;
                var owner = there == null ? null : Caches.controllerRef(there);
                if (there == null || owner == null || !owner.getUid().equals(cron.getMetadata().getUid())) {
                    events.record(key.tenant(), cron, Type.WARNING, "FailedCreate", "Error creating job: " + PodControl.reason(refused));
                    throw refused;
                }
                made = there;
            }
            own.wrote(key, made);
            active.add(reference(made));
            lastSchedule = due.truncatedTo(ChronoUnit.SECONDS).toString();
        }

        private void cleanUp() {
            if (cron.getMetadata().getDeletionTimestamp() != null) {
                return;
            }
            trim(JobConditions.COMPLETE, cron.getSpec().getSuccessfulJobsHistoryLimit());
            trim(JobConditions.FAILED, cron.getSpec().getFailedJobsHistoryLimit());
        }

        private void trim(String condition, @Nullable Integer limit) {
            if (limit == null) {
                return;
            }
            List<Job> ended = mine.stream().filter(job -> JobConditions.holds(JobConditions.of(job), condition)
                    && job.getMetadata().getDeletionTimestamp() == null).toList();
            for (Job job : ended.subList(0, Math.max(0, ended.size() - limit))) {
                try {
                    delete(job);
                } catch (ApiException refused) {
                    // One that somebody keeps from going holds nothing up, neither the others nor the schedule; it is tried at each look.
                    LOG.info("event=old-job-not-deleted job={} cause=\"{}\"", ObjectKey.of(key.tenant(), job), refused.getMessage());
                }
            }
        }

        private void delete(Job job) {
            try {
                client.of(Kind.JOB).delete(
                        ObjectKey.of(key.tenant(), job), Deletion.of(job.getMetadata().getUid(), Deletion.Propagation.BACKGROUND));
            } catch (ApiException refused) {
                events.record(key.tenant(), cron, Type.WARNING, "FailedDelete", "Deleted job: " + PodControl.reason(refused));
                throw refused;
            }
            own.deleted(key, job);
            events.record(key.tenant(), cron, Type.NORMAL, "SuccessfulDelete", "Deleted job " + job.getMetadata().getName());
        }

        private void write() {
            CronJobStatus status = new CronJobStatusBuilder(cron.getStatus() == null ? new CronJobStatus() : cron.getStatus())
                    .withActive(active)
                    .withLastScheduleTime(lastSchedule)
                    .withLastSuccessfulTime(lastSuccess)
                    .build();
            if (Objects.equals(status, cron.getStatus() == null ? new CronJobStatus() : cron.getStatus())) {
                return;
            }
            try {
                client.of(Kind.CRON_JOB).update(key.tenant(), new CronJobBuilder(cron).withStatus(status).build(), "status");
            } catch (ApiException refused) {
                if (!refused.isNotFound()) {
                    throw refused;
                }
            }
        }

        private ObjectReference reference(Job job) {
            // The same reference as long as it is the same Job, whatever version of it was seen.
            return active.stream().filter(known -> known.getUid().equals(job.getMetadata().getUid())).findFirst()
                    .orElseGet(() -> new ObjectReferenceBuilder()
                            .withApiVersion("batch/v1").withKind("Job").withName(job.getMetadata().getName())
                            .withNamespace(key.namespace()).withUid(job.getMetadata().getUid())
                            .withResourceVersion(job.getMetadata().getResourceVersion()).build());
        }
    }
}
