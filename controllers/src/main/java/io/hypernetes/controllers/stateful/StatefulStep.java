package io.hypernetes.controllers.stateful;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.fabric8.kubernetes.api.model.apps.RollingUpdateStatefulSetStrategy;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetStatus;
import io.fabric8.kubernetes.api.model.apps.StatefulSetStatusBuilder;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.EventRecorder.Type;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.controllers.history.RevisionHistory;
import io.hypernetes.controllers.pods.OwnWrites;
import io.hypernetes.controllers.pods.PodControl;
import io.hypernetes.controllers.pods.PodState;
import io.hypernetes.controllers.pods.Portion;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// One look at one StatefulSet: first what is missing is made, from the lowest ordinal, then what is too much is deleted, from the
/// highest, then what is of an old revision is deleted so that it is made anew.
final class StatefulStep {
    /// Pods that one look makes at most; the next look comes when the cache shows them.
    private static final int MOST_AT_ONCE = 500;

    private final Client client;
    private final EventRecorder events;
    private final OwnWrites<Pod> own;
    private final Instant now;
    private final ObjectKey key;
    private final StatefulSet set;
    private final StatefulClaims claims;
    private final ControllerRevision current;
    private final ControllerRevision update;
    private final int first;
    private final int wanted;
    /// Behind the last ordinal.
    private final int end;
    private final int minReady;
    private final boolean ordered;
    private final TreeMap<Integer, Pod> present = new TreeMap<>();
    /// The names of the revisions of the pods that were made: these may be large, and many.
    private final List<String> made = new ArrayList<>();
    private final List<Pod> deleted = new ArrayList<>();

    StatefulStep(Client client, EventRecorder events, OwnWrites<Pod> own, Instant now, ObjectKey key, StatefulSet set, StatefulClaims claims, List<Pod> pods,
            ControllerRevision current, ControllerRevision update) {
        this.client = client;
        this.events = events;
        this.own = own;
        this.now = now;
        this.key = key;
        this.set = set;
        this.claims = claims;
        this.current = current;
        this.update = update;
        var ordinals = set.getSpec().getOrdinals();
        this.first = ordinals == null || ordinals.getStart() == null ? 0 : ordinals.getStart();
        this.wanted = set.getSpec().getReplicas() == null ? 1 : set.getSpec().getReplicas();
        this.end = (int) Math.min((long) first + wanted, Integer.MAX_VALUE);
        this.minReady = set.getSpec().getMinReadySeconds() == null ? 0 : set.getSpec().getMinReadySeconds();
        this.ordered = !"Parallel".equals(set.getSpec().getPodManagementPolicy());
        pods.forEach(pod -> present.put(StatefulPods.ordinal(set, pod).orElseThrow(), pod));
    }

    /// @throws ApiException when something was refused; what was done before stays done
    void take() {
        if (set.getMetadata().getDeletionTimestamp() == null && fill() && shrink()) {
            renew();
        }
    }

    /// @return false when the rest has to wait
    private boolean fill() {
        for (int ordinal = first; ordinal < end; ordinal++) {
            Pod pod = present.get(ordinal);
            if (pod != null && PodState.isEnded(pod)) {
                if (!PodState.isTerminating(pod)) {
                    boolean failed = PodState.phase(pod).equals("Failed");
                    events.record(key.tenant(), set, failed ? Type.WARNING : Type.NORMAL,
                            failed ? "RecreatingFailedPod" : "RecreatingTerminatedPod",
                            "StatefulSet " + key.namespace() + "/" + key.name() + " is recreating " + (failed ? "failed" : "terminated")
                                    + " Pod " + pod.getMetadata().getName());
                    delete(pod);
                }
                if (ordered) {
                    return false;
                }
                continue;
            }
            if (pod == null) {
                // Of a claim that goes, or gets another owner, the cache tells.
                if (made.size() == MOST_AT_ONCE) {
                    return false;
                }
                if (!claims.areStale(ordinal)) {
                    create(ordinal);
                }
                if (ordered) {
                    return false;
                }
                continue;
            }
            if (PodState.phase(pod).equals("Pending")) {
                claims.make(ordinal);
            }
            if (ordered && !isHealthy(pod)) {
                return false;
            }
            claims.settle(pod, false);
        }
        return true;
    }

    private boolean shrink() {
        List<Pod> surplus = new ArrayList<>(present.headMap(first).values());
        surplus.addAll(present.tailMap(end).values());
        Pod firstUnhealthy = surplus.stream().filter(pod -> !isHealthy(pod)).findFirst().orElse(null);
        surplus.forEach(pod -> claims.settle(pod, true));
        for (Pod pod : surplus.reversed()) {
            if (PodState.isTerminating(pod)) {
                if (ordered) {
                    return false;
                }
                continue;
            }
            if (ordered && !isHealthy(pod) && pod != firstUnhealthy) {
                return false;
            }
            delete(pod);
            if (ordered) {
                return false;
            }
        }
        return true;
    }

    private void renew() {
        var strategy = set.getSpec().getUpdateStrategy();
        if (strategy != null && "OnDelete".equals(strategy.getType())) {
            return;
        }
        int most = mostUnavailable(strategy == null ? null : strategy.getRollingUpdate());
        var inRange = present.subMap(first, true, end, false).descendingMap();
        // Pods that were made just now are not in the cache and serve nobody yet, as upstream's `updateStatefulSetAfterInvariantEstablished`
        // counts them; so do unavailable ones below the partition.
        int unavailable = made.size() + (int) inRange.values().stream().filter(pod -> !isHealthy(pod)).count();
        int renewing = made.size() + (int) inRange.values().stream().filter(pod -> !isHealthy(pod) && !isOld(pod)).count();
        for (Map.Entry<Integer, Pod> entry : inRange.entrySet()) {
            if (entry.getKey() < (long) first + partition()) {
                return;
            }
            Pod pod = entry.getValue();
            if (!isOld(pod)) {
                continue;
            }
            // An old pod that serves nobody costs nothing, and waiting for it might be for ever; but no more than the budget at a time.
            boolean healthy = isHealthy(pod);
            if ((healthy ? unavailable : renewing) < most) {
                delete(pod);
                unavailable += healthy ? 1 : 0;
                renewing++;
            }
        }
    }

    /// Whether the pod has to go for one of the new revision, and is not on its way.
    private boolean isOld(Pod pod) {
        return !is(pod, update) && !PodState.isTerminating(pod);
    }

    private int mostUnavailable(@Nullable RollingUpdateStatefulSetStrategy rolling) {
        return rolling == null ? 1 : Math.max(1, Portion.up(rolling.getMaxUnavailable(), wanted, 1));
    }

    private int partition() {
        var strategy = set.getSpec().getUpdateStrategy();
        return strategy == null || strategy.getRollingUpdate() == null || strategy.getRollingUpdate().getPartition() == null
                ? 0 : strategy.getRollingUpdate().getPartition();
    }

    private boolean isHealthy(Pod pod) {
        return PodState.phase(pod).equals("Running") && !PodState.isTerminating(pod) && PodState.isAvailable(pod, minReady, now);
    }

    private void create(int ordinal) {
        claims.make(ordinal);
        var strategy = set.getSpec().getUpdateStrategy();
        boolean rolling = strategy == null || !"OnDelete".equals(strategy.getType());
        // Below the partition pods stay what they are, also when one of them is lost.
        ControllerRevision revision = rolling && ordinal < (long) first + partition() ? current : update;
        Pod wantedPod = StatefulPods.pod(
                set, revision == update ? set.getSpec().getTemplate() : RevisionHistory.template(revision), revision.getMetadata().getName(), ordinal);
        String name = wantedPod.getMetadata().getName();
        try {
            Pod pod = client.of(Kind.POD).create(key.tenant(), wantedPod);
            own.wrote(key, pod);
            made.add(StatefulPods.revisionOf(pod));
            events.record(key.tenant(), set, Type.NORMAL, "SuccessfulCreate", "create Pod " + name + " in StatefulSet " + key.name() + " successful");
        } catch (ApiException refused) {
            // The name is taken by a pod of the set that the cache does not show yet, or by a stranger.
            if (!PodControl.isTerminatingNamespace(refused)) {
                events.record(key.tenant(), set, Type.WARNING, "FailedCreate",
                        "create Pod " + name + " in StatefulSet " + key.name() + " failed error: " + PodControl.reason(refused));
            }
            throw refused;
        }
    }

    private void delete(Pod pod) {
        String name = pod.getMetadata().getName();
        try {
            client.of(Kind.POD).delete(ObjectKey.of(key.tenant(), pod), new Deletion(null, pod.getMetadata().getUid()));
            own.deleted(key, pod);
            deleted.add(pod);
            events.record(key.tenant(), set, Type.NORMAL, "SuccessfulDelete", "delete Pod " + name + " in StatefulSet " + key.name() + " successful");
        } catch (ApiException refused) {
            events.record(key.tenant(), set, Type.WARNING, "FailedDelete",
                    "delete Pod " + name + " in StatefulSet " + key.name() + " failed error: " + PodControl.reason(refused));
            throw refused;
        }
    }

    /// What there is after the step. When every pod is of the new revision and ready, that is the current one.
    StatefulSetStatus status(@Nullable Integer collisions) {
        int replicas = made.size();
        int ready = 0;
        int available = 0;
        int ofCurrent = (int) made.stream().filter(current.getMetadata().getName()::equals).count();
        int ofUpdate = (int) made.stream().filter(update.getMetadata().getName()::equals).count();
        for (Map.Entry<Integer, Pod> entry : present.entrySet()) {
            Pod pod = entry.getValue();
            replicas++;
            if (PodState.phase(pod).equals("Running") && PodState.isReady(pod)) {
                ready++;
                available += PodState.isAvailable(pod, minReady, now) ? 1 : 0;
            }
            if (!PodState.isTerminating(pod) && !deleted.contains(pod)) {
                ofCurrent += is(pod, current) ? 1 : 0;
                ofUpdate += is(pod, update) ? 1 : 0;
            }
        }
        var strategy = set.getSpec().getUpdateStrategy();
        boolean rolling = strategy == null || !"OnDelete".equals(strategy.getType());
        boolean whole = rolling && ofUpdate == replicas && ready == replicas && replicas == wanted;
        ControllerRevision shown = whole ? update : current;
        return new StatefulSetStatusBuilder()
                .withReplicas(replicas)
                .withReadyReplicas(ready == 0 ? null : (Integer) ready)
                .withAvailableReplicas(available)
                .withCurrentReplicas(orNull(whole ? ofUpdate : ofCurrent))
                .withUpdatedReplicas(orNull(ofUpdate))
                .withCurrentRevision(shown.getMetadata().getName())
                .withUpdateRevision(update.getMetadata().getName())
                .withCollisionCount(collisions == null ? 0 : collisions)
                .build();
    }

    private static boolean is(Pod pod, ControllerRevision revision) {
        return StatefulPods.revisionOf(pod).equals(revision.getMetadata().getName());
    }

    private static @Nullable Integer orNull(int count) {
        return count == 0 ? null : count;
    }
}
