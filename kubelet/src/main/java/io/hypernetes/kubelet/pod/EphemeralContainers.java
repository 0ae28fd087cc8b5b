package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.EphemeralContainer;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The containers that were added to a running pod, by `kubectl debug` for instance. They are started once, in any state of the others,
/// and never again; neither the phase nor the end of the pod depends on them.
final class EphemeralContainers {
    private EphemeralContainers() {}

    /// They differ from ordinary ones by what they may not have, and by the container at whose processes they look.
    static List<Container> of(Pod pod) {
        return pod.getSpec().getEphemeralContainers().stream().map(EphemeralContainers::asContainer).toList();
    }

    /// The name of the container whose processes this one sees; null when it sees its own.
    static @Nullable String target(Pod pod, Container container) {
        return pod.getSpec().getEphemeralContainers().stream()
                .filter(each -> each.getName().equals(container.getName()))
                .map(EphemeralContainer::getTargetContainerName)
                .filter(name -> name != null && !name.isEmpty())
                .findFirst().orElse(null);
    }

    private static Container asContainer(EphemeralContainer from) {
        return new ContainerBuilder()
                .withName(from.getName())
                .withImage(from.getImage())
                .withImagePullPolicy(from.getImagePullPolicy())
                .withCommand(from.getCommand())
                .withArgs(from.getArgs())
                .withWorkingDir(from.getWorkingDir())
                .withEnv(from.getEnv())
                .withEnvFrom(from.getEnvFrom())
                .withVolumeMounts(from.getVolumeMounts())
                .withVolumeDevices(from.getVolumeDevices())
                .withSecurityContext(from.getSecurityContext())
                .withStdin(from.getStdin())
                .withStdinOnce(from.getStdinOnce())
                .withTty(from.getTty())
                .withTerminationMessagePath(from.getTerminationMessagePath())
                .withTerminationMessagePolicy(from.getTerminationMessagePolicy())
                .build();
    }
}
