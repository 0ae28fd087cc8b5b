package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Placement;
import io.hypernetes.controllers.pods.PodState;
import java.time.Duration;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
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
    /// Tenants of which pods are being removed: their webhooks may be slow or refuse, which holds up nobody else.
    private final Set<String> busy = ConcurrentHashMap.newKeySet();
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
        byTenant(PodState::isTerminating, this::leaving);
        byTenant(pod -> PodState.isEnded(pod) && !PodState.isTerminating(pod), this::tooMany);
        return Optional.of(PERIOD);
    }

    private void byTenant(Predicate<Pod> which, Function<List<Pod>, Map<Pod, String>> judge) {
        caches.pods().list(which).stream().collect(Collectors.groupingBy(pod -> ObjectKey.of(pod).tenant())).forEach((tenant, pods) -> {
            Map<Pod, String> causes = judge.apply(pods);
            if (!causes.isEmpty() && busy.add(tenant)) {
                Thread.ofVirtual().name("pod-gc-" + tenant).start(() -> {
                    try {
                        causes.forEach(this::end);
                    } finally {
                        busy.remove(tenant);
                    }
                });
            }
        });
    }

    private Map<Pod, String> leaving(List<Pod> terminating) {
        Map<Pod, String> causes = new IdentityHashMap<>();
        for (Pod pod : terminating) {
            String node = PodState.node(pod);
            if (node.isEmpty()) {
                causes.put(pod, "unscheduled");
            } else if (caches.nodes().get(ObjectKey.root(node)).filter(PodGarbage::isOutOfService).isPresent()) {
                causes.put(pod, "node-out-of-service");
            }
        }
        return causes;
    }

    private Map<Pod, String> tooMany(List<Pod> ended) {
        Map<Pod, String> causes = new IdentityHashMap<>();
        ended.stream()
                .sorted(FIRST_TO_GO)
                .limit(Math.max(0, ended.size() - mostPerTenant))
                .forEach(pod -> causes.put(pod, "too-many-ended"));
        return causes;
    }

    private static boolean isEvicted(Pod pod) {
        return "Failed".equals(PodState.phase(pod)) && "Evicted".equals(pod.getStatus().getReason());
    }

    /// The taint alone is not enough: what is ready may still run what would then run twice.
    private static boolean isOutOfService(Node node) {
        return !NodeLife.isReady(node) && Placement.taints(node).stream().anyMatch(taint -> OUT_OF_SERVICE.equals(taint.getKey()));
    }

    private void end(Pod pod, String cause) {
        ObjectKey key = ObjectKey.of(pod);
        try {
            ending.force(key, pod, null);
            LOG.info("event=pod-collected pod={} cause={}", key, cause);
        } catch (ApiException refused) {
            LOG.warn("event=pod-not-collected pod={} cause={} reason=\"{}\" next=\"tried again in {} s\"", key, cause, refused.getMessage(), PERIOD.toSeconds());
        }
    }
}
