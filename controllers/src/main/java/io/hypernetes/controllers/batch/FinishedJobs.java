package io.hypernetes.controllers.batch;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.controllers.Caches;
import io.hypernetes.controllers.Controller;
import io.hypernetes.controllers.pods.PodState;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Consumer;

/// Deletes Jobs some time after they ended, when they ask for it (`ttlSecondsAfterFinished`).
public final class FinishedJobs implements Controller {
    private final Client client;
    private final InstantSource clock;
    private Caches caches;

    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    public FinishedJobs(Client client, InstantSource clock) {
        this.client = client;
        this.clock = clock;
    }

    @Override
    public String name() {
        return "ttl-after-finished";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        caches.of(Kind.JOB).handler(Caches.each(job -> {
            if (job.getSpec().getTtlSecondsAfterFinished() != null && JobConditions.isFinished(job)) {
                wake.accept(ObjectKey.of(job));
            }
        }));
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        Optional<Duration> left = caches.of(Kind.JOB).get(key).flatMap(this::left);
        if (left.isEmpty() || left.get().isPositive()) {
            return left;
        }
        // What the cache shows may have been changed to live longer.
        client.of(Kind.JOB).find(key)
                .filter(job -> left(job).map(now -> !now.isPositive()).orElse(false))
                .ifPresent(job -> client.of(Kind.JOB).delete(
                        key, Deletion.of(job.getMetadata().getUid(), Deletion.Propagation.FOREGROUND)));
        return Optional.empty();
    }

    private Optional<Duration> left(Job job) {
        Integer seconds = job.getSpec().getTtlSecondsAfterFinished();
        if (seconds == null || job.getMetadata().getDeletionTimestamp() != null || !JobConditions.isFinished(job)) {
            return Optional.empty();
        }
        Optional<Instant> end = JobConditions.of(job).stream()
                .filter(condition -> condition.getType().equals(JobConditions.COMPLETE) || condition.getType().equals(JobConditions.FAILED))
                .filter(condition -> "True".equals(condition.getStatus()))
                .map(JobCondition::getLastTransitionTime)
                .flatMap(time -> PodState.time(time).stream())
                .findFirst();
        return end.map(time -> Duration.between(clock.instant(), time.plusSeconds(seconds)));
    }
}
