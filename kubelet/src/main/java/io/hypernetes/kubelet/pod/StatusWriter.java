package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.WorkLoop;
import io.hypernetes.client.WorkQueue;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells the API what became of the pods, apart from the pods' own threads: an API server that is away must not keep a pod from
/// being run or ended. Of several statuses of one pod only the newest is written; the deletion comes after it.
public final class StatusWriter implements AutoCloseable {
    /// One tenant has half of them at most: its webhooks are asked about a status too.
    private static final int WRITERS = 16;

    /// @param uid the pod object meant; another one of the same name is left alone
    private record Meant(ObjectKey key, String uid) {}

    private record Wanted(@Nullable PodStatus status, boolean delete) {}

    private static final Logger LOG = LoggerFactory.getLogger(StatusWriter.class);

    private final Client client;
    private final Map<Meant, Wanted> wanted = new ConcurrentHashMap<>();
    private final WorkQueue<Meant> queue = new WorkQueue<>(pod -> pod.key.tenant(), Duration.ofMillis(100), Duration.ofSeconds(20), System::nanoTime);
    private final WorkLoop<Meant> loop;

    public StatusWriter(Client client) {
        this.client = client;
        this.loop = new WorkLoop<>("pod-status", queue, WRITERS, this::write).start();
    }

    /// This status is the truth now.
    void write(ObjectKey key, String uid, PodStatus status) {
        Meant pod = new Meant(key, uid);
        wanted.merge(pod, new Wanted(status, false), (before, now) -> new Wanted(status, before.delete));
        queue.add(pod);
    }

    /// Nothing of the pod is left on this node: the object may go, after its last status is written.
    void delete(ObjectKey key, String uid) {
        Meant pod = new Meant(key, uid);
        wanted.merge(pod, new Wanted(null, true), (before, now) -> new Wanted(before.status, true));
        queue.add(pod);
    }

    /// What has not been written of it yet is not to be.
    void drop(ObjectKey key, String uid) {
        wanted.remove(new Meant(key, uid));
    }

    @Override
    public void close() {
        loop.close();
    }

    private Optional<Duration> write(Meant pod) {
        Wanted now = wanted.get(pod);
        if (now == null) {
            return Optional.empty();
        }
        PodStatus status = now.status;
        try {
            if (status != null) {
                tell(pod, status, now.delete);
            }
            if (now.delete) {
                client.of(Kind.POD).delete(pod.key, Deletion.now(pod.uid));
            }
        } catch (ApiException refused) {
            if (refused.code() != 403) {
                throw refused;
            }
            // Another pod of this name is bound to another node by now: ours is gone.
            LOG.info("event=pod-status-dropped pod={} uid={} reason=\"{}\"", pod.key, pod.uid, refused.getMessage());
        }
        wanted.remove(pod, now);
        return Optional.empty();
    }

    /// What others wrote into the status may be what the API has nothing of any more; a pod that is gone is gone all the same, and who holds its object waits
    /// to read that.
    private void tell(Meant pod, PodStatus status, boolean last) {
        if (tell(pod, last, current -> status) || tell(pod, last, current -> withoutContainers(status, current))) {
            return;
        }
        tell(pod, last, current -> current.edit().withPhase(status.getPhase()).withReason(status.getReason()).withMessage(status.getMessage()).build());
    }

    /// @return false when the API refuses the last status of a pod
    private boolean tell(Meant meant, boolean last, UnaryOperator<PodStatus> told) {
        try {
            client.of(Kind.POD).change(meant.key, "status", pod -> apply(pod, meant.uid, told));
            return true;
        } catch (ApiException refused) {
            if (refused.code() != 422 || !last) {
                throw refused;
            }
            LOG.warn("event=last-pod-status-refused pod={} uid={} next=\"less of it is told\" reason=\"{}\"", meant.key, meant.uid, refused.getMessage());
            return false;
        }
    }

    private static PodStatus withoutContainers(PodStatus status, PodStatus current) {
        return status.edit()
                .withContainerStatuses(current.getContainerStatuses())
                .withInitContainerStatuses(current.getInitContainerStatuses())
                .withEphemeralContainerStatuses(current.getEphemeralContainerStatuses())
                .build();
    }

    /// A static pod's status is written to the object that mirrors it, which has a uid of its own.
    private static boolean isMeant(Pod pod, String uid) {
        Map<String, String> annotations = pod.getMetadata().getAnnotations();
        return uid.equals(pod.getMetadata().getUid()) || (annotations != null && uid.equals(annotations.get("kubernetes.io/config.mirror")));
    }

    private static @Nullable Pod apply(@Nullable Pod pod, String uid, UnaryOperator<PodStatus> told) {
        if (pod == null || !isMeant(pod, uid)) {
            return null;
        }
        PodStatus current = pod.getStatus() == null ? new PodStatus() : pod.getStatus();
        PodStatus status = told.apply(current);
        PodStatus merged = status.edit().withConditions(Conditions.merge(status.getConditions(), current.getConditions())).build();
        merged.setResize(current.getResize());
        merged.setResourceClaimStatuses(current.getResourceClaimStatuses());
        if (Objects.equals(merged, current)) {
            return null;
        }
        pod.setStatus(merged);
        return pod;
    }
}
