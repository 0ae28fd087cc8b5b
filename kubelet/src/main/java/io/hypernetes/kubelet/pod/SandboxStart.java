package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.kubelet.cri.CriException;
import io.hypernetes.kubelet.cri.ObservedPod;
import io.hypernetes.kubelet.cri.ObservedSandbox;
import io.hypernetes.kubelet.volume.Disks;
import io.hypernetes.kubelet.volume.VolumeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Gives one pod a machine, the first or another in the place of one that has gone. For the pod's worker.
final class SandboxStart {
    private static final Logger LOG = LoggerFactory.getLogger(SandboxStart.class);
    private static final int LONGEST_NAME = 64;

    private final PodServices services;
    private final CriConfigs configs;
    private final PodVolumes volumes;
    private final PodTrace trace;
    private final ObjectKey key;
    private final String uid;
    private final SandboxRetry retry;
    /// Made by this worker; how it started was not told yet.
    private @Nullable String fresh;

    SandboxStart(PodServices services, CriConfigs configs, PodVolumes volumes, PodTrace trace, ObjectKey key, String uid) {
        this.services = services;
        this.configs = configs;
        this.volumes = volumes;
        this.trace = trace;
        this.key = key;
        this.uid = uid;
        this.retry = new SandboxRetry(services.clock());
    }

    /// How long the next try must still wait for the last one that failed; zero when it may go ahead.
    Duration held() {
        return retry.left();
    }

    /// @param attempt how many machines the pod had before
    /// @throws CriException when the runtime cannot, now
    /// @throws VolumeException when what the machine is to be given is not there
    void start(Pod now, ObservedPod seen, int attempt) {
        if (attempt > 0) {
            trace.skip();
            // A runtime that has only just come back may not know its machines yet: do not take one for dead.
            Optional<String> why = services.cri().unreadiness();
            if (why.isPresent()) {
                throw new CriException(io.grpc.Status.Code.UNAVAILABLE, "the runtime is not ready: " + why.get());
            }
        }
        for (ObservedSandbox old : seen.sandboxes()) {
            services.cri().stopSandbox(old.id());
        }
        // The last one stays for its logs and exit codes; older ones have nothing to tell.
        for (ObservedSandbox old : seen.sandboxes().subList(Math.min(1, seen.sandboxes().size()), seen.sandboxes().size())) {
            services.cri().removeSandbox(old.id());
        }
        if (attempt > 0) {
            services.events().normal(now, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
        }
        List<Disks.Disk> disks = trace.timed("volumes", "", () -> volumes.prepared(now));
        Path logs = configs.logFolder(key.tenant(), now);
        try {
            Files.createDirectories(logs);
            String handler = runtimeHandler(now);
            checkName(now);
            String id = trace.calling(
                    "sandbox", "", () -> services.cri().runSandbox(configs.sandbox(key.tenant(), now, attempt, disks), handler));
            LOG.info("event=sandbox-ready pod={} uid={} sandbox={} attempt={}", key, uid, id, attempt);
            fresh = id;
            retry.succeeded();
        } catch (CriException refused) {
            retry.failed();
            services.events().warning(now, "FailedCreatePodSandBox", "Failed to create pod sandbox: " + refused.getMessage());
            throw refused;
        } catch (IOException broken) {
            throw new VolumeException("the log folder " + logs + " cannot be made: " + broken, broken);
        }
    }

    /// A kernel takes no longer name.
    private void checkName(Pod now) {
        String name = HostsFile.machineName(now, services.settings().clusterDomain());
        if (name.length() > LONGEST_NAME) {
            String message = "failed to construct FQDN from pod hostname and cluster domain, FQDN " + name + " is too long (" + LONGEST_NAME
                    + " characters is the max, " + name.length() + " characters requested)";
            services.events().warning(now, "FailedCreatePodSandBox", "Failed to create pod sandbox: " + message);
            throw new VolumeException(message);
        }
    }

    private String runtimeHandler(Pod now) {
        String name = now.getSpec().getRuntimeClassName();
        if (name == null || name.isEmpty()) {
            return "";
        }
        Optional<String> handler = services.sources().runtimeHandler(key.tenant(), name);
        if (handler.isEmpty()) {
            String message = "failed to get sandbox runtime: RuntimeClass \"" + name + "\" not found";
            services.events().warning(now, "FailedCreatePodSandBox", "Failed to create pod sandbox: " + message);
            throw new VolumeException(message);
        }
        return handler.get();
    }

    /// A machine that took seconds instead of a fraction of one says why. Asked when the pod's containers have been started, which must not wait for it.
    void tellColdStart(Pod now) {
        String id = fresh;
        fresh = null;
        if (id == null) {
            return;
        }
        try {
            services.cri().coldReason(id).ifPresent(reason ->
                    services.events().normal(now, "ColdStart", "The pod's machine was booted instead of copied from a template: " + reason));
        } catch (CriException gone) {
            LOG.debug("event=cold-start-unknown pod={} sandbox={} error=\"{}\"", key, id, gone.getMessage());
        }
    }
}
