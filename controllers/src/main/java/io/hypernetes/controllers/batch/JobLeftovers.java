package io.hypernetes.controllers.batch;

import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.hypernetes.client.Client;
import io.hypernetes.client.Index;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.controllers.Caches;
import io.hypernetes.controllers.Controller;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/// Lets go of pods that are held to be counted by a Job that is no more, or that is not theirs any more.
public final class JobLeftovers implements Controller {
    private final Client client;
    private Caches caches;

    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    public JobLeftovers(Client client) {
        this.client = client;
    }

    @Override
    public String name() {
        return "job-leftovers";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        Index<Pod> pods = caches.byController(Kind.POD);
        caches.pods().handler(Caches.each(pod -> {
            if (JobPods.isTracked(pod)) {
                wake.accept(ObjectKey.of(pod));
            }
        }));
        caches.of(Kind.JOB).handler(new Informer.Handler<Job>() {
            @Override
            public void added(Job job) {}

            @Override
            public void updated(Job before, Job now) {}

            @Override
            public void deleted(Job last) {
                Caches.controlledBy(pods, ObjectKey.of(last), last.getMetadata().getUid()).forEach(pod -> wake.accept(ObjectKey.of(pod)));
            }
        });
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        Pod pod = caches.pods().get(key).orElse(null);
        if (pod == null || !JobPods.isTracked(pod) || belongs(key, pod)) {
            return Optional.empty();
        }
        Jobs.release(client, key, pod);
        return Optional.empty();
    }

    private boolean belongs(ObjectKey key, Pod pod) {
        OwnerReference owner = Caches.controllerRef(pod);
        if (owner == null) {
            return false;
        }
        if (!owner.getKind().equals(Kind.JOB.kind()) || !owner.getApiVersion().equals(Kind.JOB.apiVersion())) {
            // Another controller that holds its pods so lets go of them itself.
            return true;
        }
        ObjectKey job = new ObjectKey(key.tenant(), key.namespace(), owner.getName());
        // The cache may lag; that the Job is gone is for the API server to say.
        return caches.of(Kind.JOB).get(job).or(() -> client.of(Kind.JOB).find(job))
                .filter(found -> owner.getUid().equals(found.getMetadata().getUid()))
                .isPresent();
    }
}
