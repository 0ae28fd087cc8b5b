package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;

/// What components that decide about pods, and do not run them, need of one. With it a cache of many pods is a fraction of the size; a pod
/// that went through it must not be written back or changed: equal parts of several pods are one object.
public final class LeanPod {
    static final SharedParts PARTS = new SharedParts();
    /// Reads pods without what only who runs one reads: commands, environments, mounts, volumes filled from other objects, probes, hooks and the like.
    static final JsonMapper MAPPER = Json.MAPPER.rebuild()
            .addModule(new SimpleModule("lean-pods").addDeserializer(PodSpec.class, LeanPart.SPEC).addDeserializer(PodStatus.class, LeanPart.STATUS))
            .build();

    private LeanPod() {}

    /// Puts what the mapper read of a pod beside its spec and status into little room.
    static void trim(Pod pod) {
        pod.setAdditionalProperties(Map.of());
        if (pod.getMetadata().getAnnotations() != null) {
            pod.getMetadata().getAnnotations().remove("kubectl.kubernetes.io/last-applied-configuration");
        }
        compact(pod.getMetadata());
    }

    /// A spec that no other pod had before, in little room, with parts of others': those do not depend on the node.
    static PodSpec spec(PodSpec spec) {
        trim(spec);
        spec.setContainers(shared(Container.class, spec.getContainers()));
        spec.setInitContainers(shared(Container.class, spec.getInitContainers()));
        spec.setTolerations(shared(Toleration.class, spec.getTolerations()));
        if (spec.getAffinity() != null) {
            spec.setAffinity(PARTS.one(Affinity.class, spec.getAffinity()));
        }
        return spec;
    }

    /// A status in little room.
    static PodStatus status(PodStatus status) {
        trim(status);
        return status;
    }

    private static <T> @Nullable List<T> shared(Class<T> type, @Nullable List<T> parts) {
        return parts == null ? null : small(parts.stream().map(part -> PARTS.one(type, part)).toList());
    }

    /// Puts an object's metadata into as little room as it needs: each object of the model has a map for fields that it does not know and a
    /// list for each field that may have several values, most of them empty and together larger than what they hold.
    public static void compact(ObjectMeta meta) {
        meta.setAdditionalProperties(Map.of());
        meta.setAnnotations(small(meta.getAnnotations()));
        meta.setLabels(small(meta.getLabels()));
        meta.setFinalizers(small(meta.getFinalizers()));
        meta.setOwnerReferences(small(meta.getOwnerReferences()));
        if (meta.getOwnerReferences() != null) {
            meta.getOwnerReferences().forEach(owner -> owner.setAdditionalProperties(Map.of()));
        }
    }

    private static void trim(PodSpec spec) {
        spec.setAdditionalProperties(Map.of());
        spec.setVolumes(small(spec.getVolumes()));
        spec.setContainers(small(spec.getContainers()));
        spec.setInitContainers(small(spec.getInitContainers()));
        trim(spec.getContainers());
        trim(spec.getInitContainers());
        spec.setImagePullSecrets(List.of());
        spec.setSecurityContext(null);
        spec.setDnsConfig(null);
        spec.setEphemeralContainers(small(spec.getEphemeralContainers()));
        spec.setHostAliases(List.of());
        spec.setReadinessGates(small(spec.getReadinessGates()));
        spec.setResourceClaims(small(spec.getResourceClaims()));
        spec.setSchedulingGates(small(spec.getSchedulingGates()));
        spec.setTopologySpreadConstraints(small(spec.getTopologySpreadConstraints()));
        spec.setNodeSelector(small(spec.getNodeSelector()));
        spec.setOverhead(quantities(spec.getOverhead()));
        spec.setTolerations(small(spec.getTolerations()));
        if (spec.getTolerations() != null) {
            spec.getTolerations().forEach(toleration -> toleration.setAdditionalProperties(Map.of()));
        }
    }

    private static void trim(@Nullable List<Container> containers) {
        if (containers == null) {
            return;
        }
        for (Container container : containers) {
            container.setAdditionalProperties(Map.of());
            trim(container.getResources());
            container.setPorts(small(container.getPorts()));
            if (container.getPorts() != null) {
                container.getPorts().forEach(port -> port.setAdditionalProperties(Map.of()));
            }
            container.setResizePolicy(List.of());
            container.setCommand(List.of());
            container.setArgs(List.of());
            container.setEnv(List.of());
            container.setEnvFrom(List.of());
            container.setVolumeMounts(List.of());
            container.setVolumeDevices(List.of());
            container.setLivenessProbe(null);
            container.setReadinessProbe(null);
            container.setStartupProbe(null);
            container.setLifecycle(null);
            container.setSecurityContext(null);
        }
    }

    private static void trim(@Nullable ResourceRequirements resources) {
        if (resources == null) {
            return;
        }
        resources.setAdditionalProperties(Map.of());
        resources.setClaims(small(resources.getClaims()));
        resources.setRequests(quantities(resources.getRequests()));
        resources.setLimits(quantities(resources.getLimits()));
    }

    private static void trim(PodStatus status) {
        status.setAdditionalProperties(Map.of());
        status.setAllocatedResources(quantities(status.getAllocatedResources()));
        trim(status.getResources());
        status.setHostIPs(small(status.getHostIPs()));
        status.setPodIPs(small(status.getPodIPs()));
        status.setResourceClaimStatuses(small(status.getResourceClaimStatuses()));
        status.setEphemeralContainerStatuses(small(status.getEphemeralContainerStatuses()));
        status.setConditions(small(status.getConditions()));
        if (status.getConditions() != null) {
            status.getConditions().forEach(condition -> condition.setAdditionalProperties(Map.of()));
        }
        status.setInitContainerStatuses(small(status.getInitContainerStatuses()));
        status.setContainerStatuses(small(status.getContainerStatuses()));
        trimStates(status.getInitContainerStatuses());
        trimStates(status.getContainerStatuses());
    }

    private static void trimStates(@Nullable List<ContainerStatus> statuses) {
        if (statuses == null) {
            return;
        }
        for (ContainerStatus status : statuses) {
            status.setAdditionalProperties(Map.of());
            status.setVolumeMounts(List.of());
            status.setAllocatedResources(quantities(status.getAllocatedResources()));
            trim(status.getResources());
            trim(status.getState());
            trim(status.getLastState());
        }
    }

    private static void trim(@Nullable ContainerState state) {
        if (state == null) {
            return;
        }
        state.setAdditionalProperties(Map.of());
        if (state.getRunning() != null) {
            state.getRunning().setAdditionalProperties(Map.of());
        }
        if (state.getWaiting() != null) {
            state.getWaiting().setAdditionalProperties(Map.of());
        }
        if (state.getTerminated() != null) {
            state.getTerminated().setAdditionalProperties(Map.of());
        }
    }

    private static @Nullable Map<String, Quantity> quantities(@Nullable Map<String, Quantity> amounts) {
        if (amounts == null) {
            return null;
        }
        amounts.values().forEach(amount -> amount.setAdditionalProperties(Map.of()));
        return small(amounts);
    }

    private static <T> @Nullable List<T> small(@Nullable List<T> list) {
        return list == null || list.stream().anyMatch(Objects::isNull) ? list : List.copyOf(list);
    }

    private static <T> @Nullable Map<String, T> small(@Nullable Map<String, T> map) {
        // The set of entries, since a map keeps the view of its values once it was asked for it.
        return map == null || map.entrySet().stream().anyMatch(entry -> entry.getValue() == null) ? map : Map.copyOf(map);
    }
}
