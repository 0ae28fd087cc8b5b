package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Placement;
import io.hypernetes.controllers.pods.PodState;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Removes pods that nobody else will: those that ended, when a tenant has too many of them; and of those that are to go the ones that never
/// had a node, and the ones whose node its operator declared out of service, so that what runs once can be elsewhere. Pods whose node is gone
/// are [PodEviction]'s.
final class PodGarbage implements Controller {
    private static final Logger LOG = LoggerFactory.getLogger(PodGarbage.class);
    private static final Duration PERIOD = Duration.ofSeconds(20);
    private static final String OUT_OF_SERVICE = "node.kubernetes.io/out-of-service";

    /// Evicted ones first, which say least; then the oldest.
    private static final Comparator<Pod> FIRST_TO_GO = Comparator
            .<Pod, Boolean>comparing(pod -> !isEvicted(pod))
            .thenComparing(pod -> String.valueOf(pod.getMetadata().getCreationTimestamp()))
            .thenComparing(pod -> pod.getMetadata().getName());

    private final PodEnding ending;
    private final int mostPerTenant;
    private final AtomicBoolean sweeping = new AtomicBoolean();
    private Caches caches;

    /// @param mostPerTenant upstream's 12,500 of a cluster
    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    PodGarbage(PodEnding ending, int mostPerTenant) {
        this.ending = ending;
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
        caches.nodes();
        caches.pods().handler(Caches.each(pod -> {
            if ((PodState.isEnded(pod) || PodState.isTerminating(pod)) && sweeping.compareAndSet(false, true)) {
                wake.accept(ObjectKey.root("pods"));
            }
        }));
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        for (Pod pod : caches.pods().list(PodState::isTerminating)) {
            String node = PodState.node(pod);
            if (node.isEmpty()) {
                end(pod, "unscheduled");
            } else if (caches.nodes().get(ObjectKey.root(node)).filter(PodGarbage::isOutOfService).isPresent()) {
                end(pod, "node-out-of-service");
            }
        }
        caches.pods().list(pod -> PodState.isEnded(pod) && !PodState.isTerminating(pod)).stream()
                .collect(Collectors.groupingBy(pod -> ObjectKey.of(pod).tenant()))
                .values().forEach(this::trim);
        return Optional.of(PERIOD);
    }

    private void trim(List<Pod> ended) {
        ended.stream()
                .sorted(FIRST_TO_GO)
                .limit(Math.max(0, ended.size() - mostPerTenant))
                .forEach(pod -> end(pod, "too-many-ended"));
    }

    private static boolean isEvicted(Pod pod) {
        return "Failed".equals(PodState.phase(pod)) && "Evicted".equals(pod.getStatus().getReason());
    }

    /// The taint alone is not enough: what is ready may still run what would then run twice.
    private static boolean isOutOfService(Node node) {
        return !NodeLife.isReady(node) && Placement.taints(node).stream().anyMatch(taint -> OUT_OF_SERVICE.equals(taint.getKey()));
    }

    private void end(Pod pod, String cause) {
        LOG.info("event=pod-collected pod={} cause={}", ObjectKey.of(pod), cause);
        ending.force(ObjectKey.of(pod), pod, null);
    }
}
