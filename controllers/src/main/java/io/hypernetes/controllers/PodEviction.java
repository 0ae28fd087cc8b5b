package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Index;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Placement;
import io.hypernetes.controllers.PodEnding.Disruption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Moves pods off nodes that do not want them (NoExecute taints, each pod's tolerations and their seconds), and removes pods whose node
/// has been missing for a while, as upstream's pkg/controller/podgc does: a node may be made anew under its name.
final class PodEviction implements Controller {
    private static final Logger LOG = LoggerFactory.getLogger(PodEviction.class);
    private static final Disruption TAINTED = new Disruption("DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint");
    private static final Disruption ORPHANED = new Disruption("DeletionByPodGC", "PodGC: node no longer exists");

    private final Client client;
    private final EventRecorder events;
    private final PodEnding ending;
    private final InstantSource clock;
    private final Duration quarantine;
    /// When a pod was first seen under taints that do not say since when they are there, as those that people add do not.
    private final Map<ObjectKey, Instant> underTaints = new ConcurrentHashMap<>();
    /// What is to go once the time is over that it tolerates its node's taints.
    private final Set<ObjectKey> due = ConcurrentHashMap.newKeySet();
    /// Since when a pod was seen without its node.
    private final Map<ObjectKey, Instant> lost = new ConcurrentHashMap<>();
    private Caches caches;

    /// @param quarantine how long a node is missing before its pods go
    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    PodEviction(Client client, EventRecorder events, PodEnding ending, InstantSource clock, Duration quarantine) {
        this.client = client;
        this.events = events;
        this.ending = ending;
        this.clock = clock;
        this.quarantine = quarantine;
    }

    @Override
    public String name() {
        return "pod-eviction";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        caches.pods().handler(Caches.keys(wake));
        Index<Pod> byNode = caches.podsByNode();
        caches.nodes().handler(Caches.each(node -> byNode.get(node.getMetadata().getName()).forEach(pod -> wake.accept(ObjectKey.of(pod)))));
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        Pod pod = caches.pods().get(key).orElse(null);
        if (pod == null || nodeOf(pod).isEmpty()) {
            underTaints.remove(key);
            due.remove(key);
            lost.remove(key);
            return Optional.empty();
        }
        Node node = caches.nodes().get(ObjectKey.root(nodeOf(pod))).orElse(null);
        if (node == null) {
            return withoutNode(key, pod);
        }
        lost.remove(key);
        Instant now = clock.instant();
        Instant evictAt = Instant.MAX;
        for (Taint taint : NodeLife.taintsOf(node)) {
            if ("NoExecute".equals(taint.getEffect())) {
                Instant since = taint.getTimeAdded() == null ? underTaints.computeIfAbsent(key, _ -> now) : Instant.parse(taint.getTimeAdded());
                Instant until = toleratedUntil(pod, taint, now, since);
                evictAt = until.isBefore(evictAt) ? until : evictAt;
            }
        }
        if (evictAt.equals(Instant.MAX)) {
            underTaints.remove(key);
            if (due.remove(key) && pod.getMetadata().getDeletionTimestamp() == null) {
                events.record(key.tenant(), pod, EventRecorder.Type.NORMAL, "TaintManagerEviction", "Cancelling deletion of Pod " + key.namespace() + "/" + key.name());
            }
        }
        if (evictAt.equals(Instant.MAX) || pod.getMetadata().getDeletionTimestamp() != null) {
            return Optional.empty();
        }
        if (evictAt.isAfter(now)) {
            due.add(key);
            return Optional.of(Duration.between(now, evictAt));
        }
        due.remove(key);
        LOG.info("event=pod-evicted pod={} node={}", key, node.getMetadata().getName());
        events.record(key.tenant(), pod, EventRecorder.Type.NORMAL, "TaintManagerEviction", "Marking for deletion Pod " + key.namespace() + "/" + key.name());
        ending.ask(key, pod, TAINTED);
        return Optional.empty();
    }

    /// The cache may lag: only when the API server itself knows no such node is the pod removed.
    private Optional<Duration> withoutNode(ObjectKey key, Pod pod) {
        Instant now = clock.instant();
        Instant over = lost.computeIfAbsent(key, _ -> now).plus(quarantine);
        if (over.isAfter(now)) {
            return Optional.of(Duration.between(now, over));
        }
        if (client.of(Kind.NODE).find(ObjectKey.root(nodeOf(pod))).isPresent()) {
            return Optional.of(Duration.ofSeconds(1));
        }
        LOG.info("event=pod-orphaned pod={} node={}", key, nodeOf(pod));
        ending.force(key, pod, ORPHANED);
        return Optional.empty();
    }

    private static Instant toleratedUntil(Pod pod, Taint taint, Instant now, Instant since) {
        List<Toleration> tolerations = pod.getSpec().getTolerations() == null ? List.of() : pod.getSpec().getTolerations();
        Instant best = null;
        for (Toleration toleration : tolerations) {
            if (!Placement.tolerates(toleration, taint)) {
                continue;
            }
            if (toleration.getTolerationSeconds() == null) {
                return Instant.MAX;
            }
            Instant until = since.plusSeconds(Math.max(0, toleration.getTolerationSeconds()));
            best = best == null || until.isBefore(best) ? until : best;
        }
        return best == null ? now : best;
    }

    private static String nodeOf(Pod pod) {
        return pod.getSpec() == null || pod.getSpec().getNodeName() == null ? "" : pod.getSpec().getNodeName();
    }
}
