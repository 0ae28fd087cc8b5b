package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What components that decide about pods, and do not run them, need of one. With it a cache of many pods is a fraction of the size; a pod
/// that went through it must not be written back.
public final class LeanPod {
    private LeanPod() {}

    /// Drops what only who runs the pod reads: commands, environments, mounts, probes, hooks and the like. For [Informer#trimmedBy].
    public static void trim(Pod pod) {
        if (pod.getMetadata().getAnnotations() != null) {
            pod.getMetadata().getAnnotations().remove("kubectl.kubernetes.io/last-applied-configuration");
        }
        if (pod.getSpec() == null) {
            return;
        }
        trim(pod.getSpec().getContainers());
        trim(pod.getSpec().getInitContainers());
        pod.getSpec().setImagePullSecrets(null);
        pod.getSpec().setSecurityContext(null);
        pod.getSpec().setDnsConfig(null);
    }

    private static void trim(@Nullable List<Container> containers) {
        if (containers == null) {
            return;
        }
        for (Container container : containers) {
            container.setCommand(null);
            container.setArgs(null);
            container.setEnv(null);
            container.setEnvFrom(null);
            container.setVolumeMounts(null);
            container.setVolumeDevices(null);
            container.setLivenessProbe(null);
            container.setReadinessProbe(null);
            container.setStartupProbe(null);
            container.setLifecycle(null);
            container.setSecurityContext(null);
        }
    }
}
