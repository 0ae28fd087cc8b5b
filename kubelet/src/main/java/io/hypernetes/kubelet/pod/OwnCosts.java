package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Pod;

/// What the machines of the node's own pods cost beside their containers, which their files do not say. Safe for use by many threads.
public interface OwnCosts {
    /// The pod with what its machine costs, as far as that is known.
    Pod with(Pod pod);

    /// Whether that is known, be it nothing.
    boolean isKnown(Pod pod);
}
