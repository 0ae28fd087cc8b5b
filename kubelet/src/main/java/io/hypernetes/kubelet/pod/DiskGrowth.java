package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.grpc.Status;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.LeanVolume;
import io.hypernetes.client.LocalVolume;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.VolumeMatch;
import io.hypernetes.client.WorkLoop;
import io.hypernetes.client.WorkQueue;
import io.hypernetes.kubelet.cri.CriException;
import io.hypernetes.kubelet.cri.CriRuntime;
import io.hypernetes.kubelet.cri.ObservedSandbox;
import io.hypernetes.kubelet.volume.Disks;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes disks larger whose PersistentVolumes say so while pods run with them, and tells the claims.
///
/// What is still to be done is what the API says: a claim whose status has less than its volume. Every step can be taken again, so nothing is
/// remembered that a kubelet that was killed would miss. A pod that starts brings the size along that its volume has then.
public final class DiskGrowth implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DiskGrowth.class);
    /// Until a pod that is on its way has a machine, or what failed may work.
    private static final Duration SOON = Duration.ofSeconds(5);
    /// Until a machine that cannot grow its disk has gone.
    private static final Duration LATER = Duration.ofMinutes(1);
    private static final Set<Status.Code> LASTING =
            Set.of(Status.Code.UNIMPLEMENTED, Status.Code.FAILED_PRECONDITION, Status.Code.INVALID_ARGUMENT, Status.Code.RESOURCE_EXHAUSTED);
    private static final Set<String> CONDITIONS = Set.of("Resizing", "FileSystemResizePending", "ControllerResizeError", "NodeResizeError");

    private final Client client;
    private final CriRuntime cri;
    private final EventRecorder events;
    private final PodTable pods;
    private final String node;
    /// By volume what was last told of a failure, so that it is told once.
    private final Map<ObjectKey, String> failures = new ConcurrentHashMap<>();
    private final WorkQueue<ObjectKey> queue = new WorkQueue<>(ObjectKey::tenant);
    private final WorkLoop<ObjectKey> loop = new WorkLoop<>("disk-growth", queue, 4, this::reconcile);
    private final Informer<PersistentVolume> volumes;

    /// A pod whose volume the disk is, and its machine.
    private record User(Pod pod, String volume, @Nullable ObservedSandbox machine) {}

    /// @param node the name of this node
    public DiskGrowth(Client client, CriRuntime cri, EventRecorder events, PodTable pods, String node) {
        this.client = client;
        this.cri = cri;
        this.events = events;
        this.pods = pods;
        this.node = node;
        this.volumes = LeanVolume.informer(client, node)
                .handler(new Informer.Handler<>() {
                    @Override
                    public void added(PersistentVolume volume) {
                        queue.add(ObjectKey.of(volume));
                    }

                    @Override
                    public void updated(PersistentVolume before, PersistentVolume now) {
                        if (LocalVolume.storage(before.getSpec().getCapacity()) != LocalVolume.storage(now.getSpec().getCapacity())) {
                            queue.add(ObjectKey.of(now));
                        }
                    }

                    @Override
                    public void deleted(PersistentVolume last) {
                        failures.remove(ObjectKey.of(last));
                    }
                });
    }

    /// To be called when the table has the pods that the API has.
    public DiskGrowth start() {
        volumes.start();
        loop.start();
        return this;
    }

    private Optional<Duration> reconcile(ObjectKey key) {
        PersistentVolume volume = volumes.get(key).orElse(null);
        LocalVolume local = volume == null ? null : LocalVolume.of(volume).filter(disk -> disk.node().equals(node)).orElse(null);
        ObjectReference bound = volume == null ? null : volume.getSpec().getClaimRef();
        if (volume == null || local == null || bound == null || volume.getMetadata().getDeletionTimestamp() != null) {
            return Optional.empty();
        }
        List<User> users = users(key.tenant(), bound);
        if (users.isEmpty()) {
            // Whoever comes next brings the new size along.
            return Optional.empty();
        }
        ObjectKey claimKey = new ObjectKey(key.tenant(), bound.getNamespace(), bound.getName());
        PersistentVolumeClaim claim = client.of(Kind.PERSISTENT_VOLUME_CLAIM).find(claimKey)
                .filter(found -> found.getMetadata().getUid().equals(bound.getUid()))
                .orElse(null);
        if (claim == null || told(claim) == 0 || told(claim) >= local.bytes()) {
            return Optional.empty();
        }
        User user = users.stream().filter(each -> each.machine() != null).findFirst().orElse(users.getFirst());
        ObservedSandbox machine = user.machine();
        if (machine == null) {
            return Optional.of(SOON);
        }
        try {
            // Also when its pod started with that size: whether its file system took all of it was not told then.
            cri.growDisk(machine.id(), user.volume(), local.bytes());
            LOG.info("event=disk-grown volume={} pod={} bytes={}", key, ObjectKey.of(user.pod()), local.bytes());
        } catch (CriException refused) {
            boolean cannotSay = refused.code() == Status.Code.UNIMPLEMENTED && Disks.bytes(machine.annotations(), user.volume()) >= local.bytes();
            if (!cannotSay) {
                return failed(key, claim, user, refused);
            }
        }
        failures.remove(key);
        tell(claimKey, volume, user);
        return Optional.empty();
    }

    private List<User> users(String tenant, ObjectReference claim) {
        return pods.views().stream()
                .filter(view -> ObjectKey.of(view.pod()).tenant().equals(tenant) && claim.getNamespace().equals(view.pod().getMetadata().getNamespace()))
                .flatMap(view -> view.pod().getSpec().getVolumes().stream()
                        .filter(volume -> claim.getName().equals(VolumeMatch.claimOf(view.pod(), volume)))
                        .map(volume -> new User(view.pod(), volume.getName(), view.seen().readySandbox().orElse(null))))
                .toList();
    }

    private Optional<Duration> failed(ObjectKey key, PersistentVolumeClaim claim, User user, CriException refused) {
        String why = String.valueOf(refused.getMessage());
        if (!refused.isUnavailable() && !refused.isNotFound() && !why.equals(failures.put(key, why))) {
            String message = "MountVolume.NodeExpandVolume failed for volume \"" + key.name() + "\" " + node + " : " + why;
            events.record(key.tenant(), user.pod(), EventRecorder.Type.WARNING, "VolumeResizeFailed", message);
            events.record(key.tenant(), claim, EventRecorder.Type.WARNING, "VolumeResizeFailed", message);
            LOG.warn("event=disk-not-grown volume={} pod={} reason=\"{}\"", key, ObjectKey.of(user.pod()), why);
        }
        return Optional.of(LASTING.contains(refused.code()) ? LATER : SOON);
    }

    private void tell(ObjectKey claimKey, PersistentVolume volume, User user) {
        client.of(Kind.PERSISTENT_VOLUME_CLAIM).change(claimKey, "status", now -> {
            if (now.getStatus() == null || told(now) >= LocalVolume.storage(volume.getSpec().getCapacity())) {
                return null;
            }
            now.getStatus().getCapacity().put("storage", volume.getSpec().getCapacity().get("storage"));
            now.getStatus().setConditions(now.getStatus().getConditions().stream()
                    .filter(condition -> !CONDITIONS.contains(condition.getType()))
                    .toList());
            return now;
        }).ifPresent(claim -> {
            String message = "MountVolume.NodeExpandVolume succeeded for volume \"" + volume.getMetadata().getName() + "\" " + node;
            events.record(claimKey.tenant(), user.pod(), EventRecorder.Type.NORMAL, "FileSystemResizeSuccessful", message);
            events.record(claimKey.tenant(), claim, EventRecorder.Type.NORMAL, "FileSystemResizeSuccessful", message);
        });
    }

    private static long told(PersistentVolumeClaim claim) {
        return claim.getStatus() == null ? 0 : LocalVolume.storage(claim.getStatus().getCapacity());
    }

    @Override
    public void close() {
        volumes.close();
        loop.close();
    }
}
