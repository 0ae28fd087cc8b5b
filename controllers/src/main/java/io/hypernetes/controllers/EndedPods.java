package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.controllers.pods.PodState;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Removes pods that ended, the oldest first, when a tenant has too many of them, and pods that are to go and never had a node. Pods whose
/// node is gone are [PodEviction]'s.
final class EndedPods implements Controller {
    private static final Logger LOG = LoggerFactory.getLogger(EndedPods.class);
    private static final Duration PERIOD = Duration.ofSeconds(20);

    private final Client client;
    private final int mostPerTenant;
    private final AtomicInteger sweeping = new AtomicInteger();
    private Caches caches;

    /// @param mostPerTenant upstream's 12,500 of a cluster
    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    EndedPods(Client client, int mostPerTenant) {
        this.client = client;
        this.mostPerTenant = mostPerTenant;
    }

    @Override
    public String name() {
        return "pod-gc";
    }

    /// One key stands for all: what matters is how many there are.
    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        caches.pods().handler(Caches.each(pod -> {
            if ((PodState.isEnded(pod) || PodState.isTerminating(pod)) && sweeping.compareAndSet(0, 1)) {
                wake.accept(ObjectKey.root("pods"));
            }
        }));
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        caches.pods().list(pod -> PodState.isTerminating(pod) && PodState.node(pod).isEmpty()).forEach(pod -> delete(pod, "unscheduled"));
        var byTenant = caches.pods().list(pod -> PodState.isEnded(pod) && !PodState.isTerminating(pod)).stream()
                .collect(java.util.stream.Collectors.groupingBy(pod -> ObjectKey.of(pod).tenant()));
        byTenant.values().forEach(this::trim);
        return Optional.of(PERIOD);
    }

    private void trim(List<Pod> ended) {
        ended.stream()
                .sorted(Comparator.comparing(pod -> String.valueOf(pod.getMetadata().getCreationTimestamp())))
                .limit(Math.max(0, ended.size() - mostPerTenant))
                .forEach(pod -> delete(pod, "too-many-ended"));
    }

    private void delete(Pod pod, String cause) {
        LOG.info("event=pod-collected pod={} cause={}", ObjectKey.of(pod), cause);
        client.of(Kind.POD).delete(ObjectKey.of(pod), Deletion.now(pod.getMetadata().getUid()));
    }
}
