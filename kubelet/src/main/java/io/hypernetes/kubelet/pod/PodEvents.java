package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;

/// Where the kubelet's events about a pod go; the words of reasons are upstream's.
public interface PodEvents {
    void normal(Pod pod, String reason, String message);

    void warning(Pod pod, String reason, String message);

    /// About one container: `kubectl describe` shows which.
    void normal(Pod pod, Container container, String reason, String message);

    void warning(Pod pod, Container container, String reason, String message);
}
