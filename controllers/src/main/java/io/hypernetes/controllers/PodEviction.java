package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Moves pods off nodes that do not want them (NoExecute taints, each pod's tolerations and their seconds), and removes pods whose node
/// no longer exists.
final class PodEviction implements Controller {
    private static final Logger LOG = LoggerFactory.getLogger(PodEviction.class);

    private final Client client;
    private final InstantSource clock;
    private Caches caches;

    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    PodEviction(Client client, InstantSource clock) {
        this.client = client;
        this.clock = clock;
    }

    @Override
    public String name() {
        return "pod-eviction";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        caches.pods().handler(Caches.keys(wake));
        caches.nodes().handler(Caches.each(node -> caches.pods().list(pod -> node.getMetadata().getName().equals(nodeOf(pod))).stream()
                .map(ObjectKey::of)
                .forEach(wake)));
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        Pod pod = caches.pods().get(key).orElse(null);
        if (pod == null || nodeOf(pod).isEmpty()) {
            return Optional.empty();
        }
        Node node = caches.nodes().get(ObjectKey.root(nodeOf(pod))).orElse(null);
        if (node == null) {
            return withoutNode(key, pod);
        }
        Instant now = clock.instant();
        Instant evictAt = Instant.MAX;
        for (Taint taint : NodeLife.taintsOf(node)) {
            if ("NoExecute".equals(taint.getEffect())) {
                Instant until = toleratedUntil(pod, taint, now);
                evictAt = until.isBefore(evictAt) ? until : evictAt;
            }
        }
        if (evictAt.equals(Instant.MAX) || pod.getMetadata().getDeletionTimestamp() != null) {
            return Optional.empty();
        }
        if (evictAt.isAfter(now)) {
            return Optional.of(Duration.between(now, evictAt));
        }
        LOG.info("event=pod-evicted pod={} node={}", key, node.getMetadata().getName());
        client.of(Kind.POD).delete(key, new Deletion(null, pod.getMetadata().getUid()));
        return Optional.empty();
    }

    /// The cache may lag: only when the API server itself knows no such node is the pod removed.
    private Optional<Duration> withoutNode(ObjectKey key, Pod pod) {
        if (client.of(Kind.NODE).find(ObjectKey.root(nodeOf(pod))).isPresent()) {
            return Optional.of(Duration.ofSeconds(1));
        }
        LOG.info("event=pod-orphaned pod={} node={}", key, nodeOf(pod));
        client.of(Kind.POD).delete(key, Deletion.now(pod.getMetadata().getUid()));
        return Optional.empty();
    }

    private static Instant toleratedUntil(Pod pod, Taint taint, Instant now) {
        List<Toleration> tolerations = pod.getSpec().getTolerations() == null ? List.of() : pod.getSpec().getTolerations();
        Instant best = null;
        for (Toleration toleration : tolerations) {
            if (!tolerates(toleration, taint)) {
                continue;
            }
            if (toleration.getTolerationSeconds() == null) {
                return Instant.MAX;
            }
            Instant since = taint.getTimeAdded() == null ? now : Instant.parse(taint.getTimeAdded());
            Instant until = since.plusSeconds(Math.max(0, toleration.getTolerationSeconds()));
            best = best == null || until.isBefore(best) ? until : best;
        }
        return best == null ? now : best;
    }

    private static boolean tolerates(Toleration toleration, Taint taint) {
        boolean anyKey = toleration.getKey() == null || toleration.getKey().isEmpty();
        boolean key = anyKey ? "Exists".equals(toleration.getOperator()) : toleration.getKey().equals(taint.getKey());
        boolean effect = toleration.getEffect() == null || toleration.getEffect().isEmpty() || toleration.getEffect().equals(taint.getEffect());
        String wanted = toleration.getValue() == null ? "" : toleration.getValue();
        String value = taint.getValue() == null ? "" : taint.getValue();
        return key && effect && ("Exists".equals(toleration.getOperator()) || wanted.equals(value));
    }

    private static String nodeOf(Pod pod) {
        return pod.getSpec() == null || pod.getSpec().getNodeName() == null ? "" : pod.getSpec().getNodeName();
    }
}
