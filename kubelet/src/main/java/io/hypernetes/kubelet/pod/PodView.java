package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.kubelet.cri.ObservedPod;
import java.math.RoundingMode;
import java.util.List;

/// A pod as it was granted and what the runtime held of it at the last look.
///
/// @param counted the pod as it counts for the node
public record PodView(Pod pod, ObservedPod seen, Pod counted) {
    /// What the node keeps of a resource for the pod and its machine, in whole units.
    public long promised(String resource) {
        return PodTotals.requestsWithMachine(counted, resource).setScale(0, RoundingMode.CEILING).longValue();
    }

    /// Every container of the pod, of any sort.
    public List<Container> containers() {
        return Plan.all(pod);
    }
}
