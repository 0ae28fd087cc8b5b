package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.cri.v1.Image;

/// `runAsNonRoot`: a promise that is kept before anything starts.
final class NonRoot {
    private NonRoot() {}

    /// Whether the spec asks for it.
    static boolean asked(Pod pod, Container container) {
        Boolean own = container.getSecurityContext() == null ? null : container.getSecurityContext().getRunAsNonRoot();
        Boolean shared = pod.getSpec().getSecurityContext() == null ? null : pod.getSpec().getSecurityContext().getRunAsNonRoot();
        return Boolean.TRUE.equals(own == null ? shared : own);
    }

    /// For a container whose user only its image says.
    ///
    /// @return the image's user, to be asked for when the container is made, so that what was checked is what runs
    /// @throws ConfigException when that is root, or has a name only, which may mean root in the image's own list of users
    static long check(Pod pod, Container container, Image image) {
        if (image.hasUid() && image.getUid().getValue() != 0) {
            return image.getUid().getValue();
        }
        String where = " (pod: \"" + pod.getMetadata().getName() + "_" + pod.getMetadata().getNamespace() + "(" + pod.getMetadata().getUid()
                + ")\", container: " + container.getName() + ")";
        throw new ConfigException(image.hasUid() || image.getUsername().isEmpty()
                ? "container has runAsNonRoot and image will run as root" + where
                : "container has runAsNonRoot and image has non-numeric user (" + image.getUsername() + "), cannot verify user is non-root" + where);
    }
}
