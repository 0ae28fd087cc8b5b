package io.hypernetes.kubelet.staticpod;

import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.WorkLoop;
import io.hypernetes.client.WorkQueue;
import io.hypernetes.kubelet.pod.PodTable;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What of static pods the API shows: for each an object that mirrors it, in the tenant `root`. Whoever deletes the object does not end
/// the pod; it is there again at once. Stands before the table of pods in the stream of what is bound to this node: a mirror is not to be run.
public final class MirrorPods implements Informer.Handler<Pod>, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MirrorPods.class);

    private final Client client;
    private final PodTable pods;
    private final Map<ObjectKey, Pod> wanted = new ConcurrentHashMap<>();
    private final MachineCosts costs;
    /// Mirrors of what was taken away: what they tell is not of what is put back, though that says the same.
    private final Set<ObjectKey> past = ConcurrentHashMap.newKeySet();
    /// Mirrors of what nobody has told of, before all were told of.
    private final Set<ObjectKey> unclaimed = ConcurrentHashMap.newKeySet();
    private volatile boolean complete;
    private final WorkQueue<ObjectKey> queue = new WorkQueue<>(Duration.ofMillis(200), Duration.ofSeconds(30), System::nanoTime);
    private final WorkLoop<ObjectKey> loop;

    /// @param costs learns here what the API says of it
    public MirrorPods(Client client, PodTable pods, MachineCosts costs) {
        this.client = client;
        this.pods = pods;
        this.costs = costs;
        this.loop = new WorkLoop<>("mirror-pods", queue, 1, this::reconcile).start();
    }

    @Override
    public void added(Pod pod) {
        noteCost(pod);
        if (isMirror(pod)) {
            queue.add(ObjectKey.of(pod));
        } else {
            pods.added(pod);
        }
    }

    @Override
    public void updated(Pod before, Pod now) {
        noteCost(now);
        if (isMirror(now)) {
            queue.add(ObjectKey.of(now));
        } else {
            pods.updated(before, now);
        }
    }

    @Override
    public void deleted(Pod last) {
        if (isMirror(last)) {
            costs.forget(mirrored(last));
            queue.add(ObjectKey.of(last));
        } else {
            pods.deleted(last);
        }
    }

    @Override
    public void close() {
        loop.close();
    }

    /// Has the API show a static pod, of which the table knows.
    void wanted(Pod pod) {
        wanted.put(ObjectKey.of(pod), pod);
        tellCost(pod.getMetadata().getUid());
        queue.add(ObjectKey.of(pod));
    }

    /// All static pods have been told of: what else is mirrored is gone. Until then it is left alone, as upstream's kubelet does (HandlePodCleanups in kubelet_pods.go
    /// runs when all sources are ready).
    void complete() {
        complete = true;
        unclaimed.forEach(queue::add);
    }

    private void noteCost(Pod pod) {
        costs.saw(pod, mirrored(pod));
        if (isMirror(pod)) {
            tellCost(mirrored(pod));
        }
    }

    /// The scheduler counts what the mirror says, and a pod may wait for that.
    private void tellCost(String uid) {
        costs.ofMirrored(uid).ifPresent(cost -> pods.costs(uid, cost));
        pods.wake(uid);
    }

    void gone(Pod pod) {
        wanted.remove(ObjectKey.of(pod), pod);
        past.add(ObjectKey.of(pod));
        queue.add(ObjectKey.of(pod));
    }

    private Optional<Duration> reconcile(ObjectKey key) {
        Pod pod = wanted.get(key);
        if (pod == null) {
            // Before that is asked, or whoever says so meanwhile would not find it.
            unclaimed.add(key);
            if (!complete) {
                return Optional.empty();
            }
        }
        unclaimed.remove(key);
        Optional<Pod> shown = client.of(Kind.POD).find(key).filter(found -> key.tenant().equals(ObjectKey.ROOT) && !mirrored(found).isEmpty());
        boolean right = pod != null && !past.contains(key) && shown.isPresent() && shown.get().getMetadata().getDeletionTimestamp() == null
                && pod.getMetadata().getUid().equals(mirrored(shown.get()));
        if (right) {
            noteCost(shown.get());
            return Optional.empty();
        }
        if (shown.isPresent()) {
            client.of(Kind.POD).delete(key, Deletion.now(shown.get().getMetadata().getUid()));
        }
        past.remove(key);
        if (pod != null) {
            try {
                Pod made = client.of(Kind.POD).create(key.tenant(), pod.edit().editMetadata()
                        .withUid(null)
                        .addToAnnotations(StaticPodFile.MIRROR, pod.getMetadata().getUid())
                        .removeFromAnnotations(ObjectKey.TENANT_ANNOTATION)
                        .endMetadata().build());
                LOG.info("event=mirror-pod-made pod={}", key);
                costs.saw(made, pod.getMetadata().getUid());
                tellCost(pod.getMetadata().getUid());
                // What became of the pod before there was a mirror is still to be told.
                pods.tellAgain(pod.getMetadata().getUid());
            } catch (ApiException refused) {
                if (refused.isAlreadyExists()) {
                    // Somebody else's pod has the name; perhaps not for ever.
                    return Optional.of(Duration.ofSeconds(30));
                }
                throw refused;
            }
        }
        return Optional.empty();
    }

    /// Of the operator's tenant alone: what others say of their pods does not keep these from being seen.
    private static boolean isMirror(Pod pod) {
        return ObjectKey.of(pod).tenant().equals(ObjectKey.ROOT) && !mirrored(pod).isEmpty();
    }

    /// The uid of the static pod that an object mirrors; empty when it mirrors none.
    private static String mirrored(Pod pod) {
        return pod.getMetadata().getAnnotations() == null ? "" : pod.getMetadata().getAnnotations().getOrDefault(StaticPodFile.MIRROR, "");
    }
}
