package io.hypernetes.kubelet.pod;

import io.hypernetes.client.ObjectKey;
import io.hypernetes.kubelet.cri.ObservedContainer;
import io.hypernetes.kubelet.cri.ObservedPod;
import io.hypernetes.kubelet.cri.ObservedSandbox;
import io.hypernetes.kubelet.volume.AtomicFolder;
import io.hypernetes.kubelet.volume.VolumeException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What is on this node of one pod whose containers have ended: its machine, what the runtime knows of it, its files. For the pod's worker.
final class PodRemains {
    private static final Logger LOG = LoggerFactory.getLogger(PodRemains.class);

    private final PodServices services;
    private final SuspendedMemory memory;
    private final ObjectKey key;
    private final String uid;
    /// Sandboxes whose machines were ended by this kubelet and that nothing has brought back since.
    private final Set<String> ended = new HashSet<>();

    /// @param memory what is kept of it while its tenant is suspended
    PodRemains(PodServices services, SuspendedMemory memory, ObjectKey key, String uid) {
        this.services = services;
        this.memory = memory;
        this.key = key;
        this.uid = uid;
    }

    /// Ends the machine; how its containers ended stays in sight.
    void endMachine(ObservedPod seen) {
        for (ObservedSandbox sandbox : seen.sandboxes()) {
            // Also of one that is not ready: the runtime may be bringing it back, though nobody waits for that any more.
            if (sandbox.ready() || !ended.contains(sandbox.id())) {
                services.cri().stopSandbox(sandbox.id());
                ended.add(sandbox.id());
            }
        }
        services.disks().seen(uid, key.name(), Map.of());
    }

    /// The runtime is asked for a machine that has ended.
    void machineMayComeBack() {
        ended.clear();
    }

    /// Removes all of it.
    ///
    /// @return false when the runtime still holds something, which is to be removed by another call
    boolean remove(ObservedPod seen) {
        for (ObservedSandbox sandbox : seen.sandboxes()) {
            services.cri().stopSandbox(sandbox.id());
        }
        services.disks().seen(uid, key.name(), Map.of());
        for (ObservedContainer container : seen.containers()) {
            services.cri().removeContainer(container.id());
        }
        for (ObservedSandbox sandbox : seen.sandboxes()) {
            services.cri().removeSandbox(sandbox.id());
        }
        ObservedPod left = services.cri().observe(uid);
        if (!left.sandboxes().isEmpty() || !left.containers().isEmpty()) {
            return false;
        }
        memory.forget();
        services.volumes().remove(uid);
        removeLogs();
        LOG.info("event=pod-gone pod={} uid={}", key, uid);
        return true;
    }

    private void removeLogs() {
        Path folder = services.settings().logFolder().resolve("pods")
                .resolve(key.tenant() + "_" + key.namespace() + "_" + key.name() + "_" + uid);
        try {
            AtomicFolder.remove(folder);
        } catch (IOException broken) {
            throw new VolumeException("removing the logs in " + folder + " failed: " + broken, broken);
        }
    }
}
