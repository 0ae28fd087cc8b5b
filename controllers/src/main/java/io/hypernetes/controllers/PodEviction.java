package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Index;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Placement;
import io.hypernetes.controllers.PodEnding.Disruption;
import io.hypernetes.controllers.pods.PodState;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Moves pods off nodes that do not want them (NoExecute taints, each pod's tolerations and their seconds), and removes pods whose node
/// has been missing for a while, as upstream's pkg/controller/podgc does: a node may be made anew under its name.
final class PodEviction implements Controller {
    private static final Logger LOG = LoggerFactory.getLogger(PodEviction.class);
    private static final Disruption TAINTED = new Disruption("DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint");
    private static final Disruption ORPHANED = new Disruption("DeletionByPodGC", "PodGC: node no longer exists");

    /// A hundred years: what is written may be more than a time can be.
    private static final long FARTHEST_SECONDS = Duration.ofDays(36_525).toSeconds();

    private final Client client;
    private final EventRecorder events;
    private final PodEnding ending;
    private final InstantSource clock;
    private final Duration quarantine;
    /// Of pods on nodes with taints.
    private final Map<ObjectKey, Stay> stays = new ConcurrentHashMap<>();
    /// Since when a pod was seen without its node.
    private final Map<ObjectKey, Instant> lost = new ConcurrentHashMap<>();
    private Caches caches;

    /// A pod under the taints of a node.
    private static final class Stay {
        private final @Nullable String uid;
        private final String node;
        /// When each taint was first seen on the node and the pod there, by the keys of the taints.
        private final Map<String, Instant> seen = new HashMap<>();
        /// Whether it is to go once the time is over that it tolerates the taints.
        boolean due;

        Stay(Pod pod) {
            this.uid = pod.getMetadata().getUid();
            this.node = nodeOf(pod);
        }

        boolean isOf(Pod pod) {
            return Objects.equals(uid, pod.getMetadata().getUid()) && node.equals(nodeOf(pod));
        }

        /// How long it may stay; for ever where it tolerates all taints so.
        Instant until(Pod pod, List<Taint> taints, Instant now) {
            seen.keySet().retainAll(taints.stream().map(Taint::getKey).toList());
            Instant soonest = Instant.MAX;
            for (Taint taint : taints) {
                Instant until = until(pod, taint, begin(pod, taint, seen.computeIfAbsent(taint.getKey(), any -> now)), now);
                soonest = until.isBefore(soonest) ? until : soonest;
            }
            return soonest;
        }

        /// What it tolerates begins when both are there: the taint, which may say since when, and the pod. Upstream begins when it sees both, and anew with
        /// each of its processes; nobody's words make it later than that.
        private static Instant begin(Pod pod, Taint taint, Instant seen) {
            PodCondition scheduled = PodState.condition(pod, "PodScheduled");
            Instant came = PodState.time(scheduled == null ? pod.getMetadata().getCreationTimestamp() : scheduled.getLastTransitionTime()).orElse(seen);
            Instant added = PodState.time(taint.getTimeAdded()).orElse(seen);
            Instant both = came.isAfter(added) ? came : added;
            return both.isBefore(seen) ? both : seen;
        }

        /// Of several tolerations the first that fits counts (GetMatchingTolerations in upstream's pkg/apis/core/v1/helper/helpers.go).
        private static Instant until(Pod pod, Taint taint, Instant begin, Instant now) {
            List<Toleration> tolerations = pod.getSpec().getTolerations() == null ? List.of() : pod.getSpec().getTolerations();
            for (Toleration toleration : tolerations) {
                if (Placement.tolerates(toleration, taint)) {
                    Long seconds = toleration.getTolerationSeconds();
                    return seconds == null ? Instant.MAX : begin.plusSeconds(Math.clamp(seconds, 0, FARTHEST_SECONDS));
                }
            }
            return now;
        }
    }

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
            stays.remove(key);
            lost.remove(key);
            return Optional.empty();
        }
        Node node = caches.nodes().get(ObjectKey.root(nodeOf(pod))).orElse(null);
        if (node == null) {
            stays.remove(key);
            return withoutNode(key, pod);
        }
        lost.remove(key);
        List<Taint> taints = NodeLife.taintsOf(node).stream().filter(taint -> "NoExecute".equals(taint.getEffect())).toList();
        if (taints.isEmpty()) {
            tellOfStaying(key, pod, stays.remove(key));
            return Optional.empty();
        }
        Instant now = clock.instant();
        Stay stay = stays.compute(key, (any, known) -> known != null && known.isOf(pod) ? known : new Stay(pod));
        Instant until = stay.until(pod, taints, now);
        if (until.equals(Instant.MAX)) {
            tellOfStaying(key, pod, stay);
            return Optional.empty();
        }
        if (pod.getMetadata().getDeletionTimestamp() != null) {
            return Optional.empty();
        }
        if (until.isAfter(now)) {
            stay.due = true;
            return Optional.of(Duration.between(now, until));
        }
        stay.due = false;
        LOG.info("event=pod-evicted pod={} node={}", key, node.getMetadata().getName());
        events.record(key.tenant(), pod, EventRecorder.Type.NORMAL, "TaintManagerEviction", "Marking for deletion Pod " + key.namespace() + "/" + key.name());
        ending.ask(key, pod, TAINTED);
        return Optional.empty();
    }

    /// What was to go may stay.
    private void tellOfStaying(ObjectKey key, Pod pod, @Nullable Stay stay) {
        if (stay != null && stay.due && stay.isOf(pod) && pod.getMetadata().getDeletionTimestamp() == null) {
            events.record(key.tenant(), pod, EventRecorder.Type.NORMAL, "TaintManagerEviction", "Cancelling deletion of Pod " + key.namespace() + "/" + key.name());
        }
        if (stay != null) {
            stay.due = false;
        }
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

    private static String nodeOf(Pod pod) {
        return pod.getSpec() == null || pod.getSpec().getNodeName() == null ? "" : pod.getSpec().getNodeName();
    }
}
