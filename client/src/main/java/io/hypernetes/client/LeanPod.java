package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What components that decide about pods, and do not run them, need of one. With it a cache of many pods is a fraction of the size; a pod
/// that went through it must not be written back.
public final class LeanPod {
    private LeanPod() {}

    /// Drops what only who runs the pod reads: commands, environments, mounts, volumes filled from other objects, probes, hooks and the like. For [Informer#trimmedBy].
    public static void trim(Pod pod) {
        if (pod.getMetadata().getAnnotations() != null) {
            pod.getMetadata().getAnnotations().remove("kubectl.kubernetes.io/last-applied-configuration");
        }
        if (pod.getSpec() == null) {
            return;
        }
        if (pod.getSpec().getVolumes() != null) {
            // Claims decide where a pod may run; what a volume is filled with is for who mounts it.
            pod.getSpec().setVolumes(pod.getSpec().getVolumes().stream().filter(volume -> !isFilled(volume)).toList());
        }
        withoutUnknownFields(pod);
        trim(pod.getSpec().getContainers());
        trim(pod.getSpec().getInitContainers());
        pod.getSpec().setImagePullSecrets(null);
        pod.getSpec().setSecurityContext(null);
        pod.getSpec().setDnsConfig(null);
    }

    private static boolean isFilled(Volume volume) {
        return volume.getProjected() != null || volume.getConfigMap() != null || volume.getSecret() != null
                || volume.getDownwardAPI() != null || volume.getEmptyDir() != null;
    }

    /// Each model object keeps a map for fields that it does not know, most often empty: together they are larger than what is known.
    private static void withoutUnknownFields(Pod pod) {
        pod.setAdditionalProperties(Map.of());
        pod.getMetadata().setAdditionalProperties(Map.of());
        pod.getSpec().setAdditionalProperties(Map.of());
        if (pod.getSpec().getTolerations() != null) {
            pod.getSpec().getTolerations().forEach(toleration -> toleration.setAdditionalProperties(Map.of()));
        }
        if (pod.getStatus() == null) {
            return;
        }
        pod.getStatus().setAdditionalProperties(Map.of());
        if (pod.getStatus().getConditions() != null) {
            pod.getStatus().getConditions().forEach(condition -> condition.setAdditionalProperties(Map.of()));
        }
        if (pod.getStatus().getContainerStatuses() != null) {
            pod.getStatus().getContainerStatuses().forEach(status -> status.setAdditionalProperties(Map.of()));
        }
    }

    private static void trim(@Nullable List<Container> containers) {
        if (containers == null) {
            return;
        }
        for (Container container : containers) {
            container.setAdditionalProperties(Map.of());
            if (container.getResources() != null) {
                container.getResources().setAdditionalProperties(Map.of());
            }
            if (container.getPorts() != null) {
                container.getPorts().forEach(port -> port.setAdditionalProperties(Map.of()));
            }
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
