package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.hypernetes.kubelet.cri.ObservedContainer;

/// What the status asks of the probes, for running containers only.
interface Readiness {
    boolean started(Container container, ObservedContainer running);

    boolean ready(Container container, ObservedContainer running);
}
