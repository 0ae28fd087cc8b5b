package io.hypernetes.guest;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a pod is made of, or what is added to it: done in the order of the components.
///
/// @param pod the pod's own settings; null to leave them
/// @param volumes volumes to declare
/// @param containers containers to prepare, and to start where they say so
public record PodPlan(@Nullable PodSettings pod, List<VolumeSpec> volumes, List<ContainerSpec> containers) {

    public PodPlan {
        volumes = List.copyOf(volumes);
        containers = List.copyOf(containers);
    }

    /// A plan that adds one container (and the volumes it needs) to a pod.
    public static PodPlan ofContainer(List<VolumeSpec> volumes, ContainerSpec container) {
        return new PodPlan(null, volumes, List.of(container));
    }
}
