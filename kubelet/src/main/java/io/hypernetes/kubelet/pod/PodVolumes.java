package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.kubelet.volume.Disks;
import io.hypernetes.kubelet.volume.PodFields;
import io.hypernetes.kubelet.volume.VolumeException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The files and disks that one pod is given: there before its machine is, and as new as the API while it runs. For the pod's worker.
final class PodVolumes {
    private static final Logger LOG = LoggerFactory.getLogger(PodVolumes.class);
    /// How long a changed ConfigMap may take to reach a pod.
    /// At most; half of the time between two looks when that is less, which is never in step with passes that others cause.
    private static final Duration REFRESH = Duration.ofSeconds(20);

    private final PodServices services;
    private final ObjectKey key;
    private final String uid;
    private final Runnable free;
    private final Set<String> told = new HashSet<>();
    private @Nullable Instant refreshedAt;

    /// @param free called by any thread when a disk that another pod had can be taken
    PodVolumes(PodServices services, ObjectKey key, String uid, Runnable free) {
        this.services = services;
        this.key = key;
        this.uid = uid;
        this.free = free;
    }

    /// Makes the files, and takes the disks, for a machine that is to be.
    List<Disks.Disk> prepared(Pod now) {
        prepareFiles(now, List.of());
        try {
            List<Disks.Disk> disks = services.disks().of(key.tenant(), now);
            services.disks().attach(uid, key.name(), disks, free);
            // Once, also when the machine fails again and again.
            disks.stream().filter(disk -> told.add(disk.persistentVolume())).forEach(disk -> services.events().normal(now, "SuccessfulAttachVolume",
                    "AttachVolume.Attach succeeded for volume \"" + disk.persistentVolume() + "\" "));
            return disks;
        } catch (Disks.InUseException inUse) {
            services.events().warning(now, "FailedAttachVolume", String.valueOf(inUse.getMessage()));
            throw inUse;
        } catch (VolumeException failed) {
            services.events().warning(now, "FailedMount", String.valueOf(failed.getMessage()));
            throw failed;
        }
    }

    /// Before a start, and now and then: this is how a changed ConfigMap reaches a running pod.
    void refresh(Pod now, Plan.Run run) {
        Instant at = services.clock().instant();
        Instant last = refreshedAt;
        if (last != null && at.isBefore(last.plus(pause())) && run.start().isEmpty()) {
            return;
        }
        try {
            prepareFiles(now, run.sandbox().ips());
        } catch (ApiException unreachable) {
            if (!services.volumes().present(now)) {
                throw unreachable;
            }
            // The files are there, perhaps a little old: better than a pod that cannot restart while the master is away.
            LOG.warn("event=volumes-not-refreshed pod={} reason=\"{}\"", key, unreachable.getMessage());
        } catch (VolumeException failed) {
            if (!services.volumes().present(now)) {
                throw failed;
            }
            // Of what has become too large, or has gone, the pod keeps what there was. It has been told so.
        }
        refreshedAt = at;
    }

    private Duration pause() {
        Duration half = services.settings().syncFrequency().dividedBy(2);
        return half.compareTo(REFRESH) < 0 ? half : REFRESH;
    }

    private void prepareFiles(Pod now, List<String> ips) {
        try {
            services.volumes().prepare(key.tenant(), new PodFields(now, ips, services.settings().nodeIp(), services.allocatable().get()));
        } catch (VolumeException failed) {
            services.events().warning(now, "FailedMount", String.valueOf(failed.getMessage()));
            throw failed;
        }
    }
}
