package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.kubelet.cri.ObservedContainer;
import io.hypernetes.kubelet.cri.ObservedPod;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/// Which containers of a pod ended because its tenant is suspended, and is not to be told that they have: an end that was told could not be taken back.
/// Used by the pod's own thread.
final class SuspendedEnds {
    private final PodServices services;
    private final Predicate<ObservedContainer> told;
    /// Ids of those that ran during this suspension. When they end they end in it, whatever the clocks of the node and of who suspended the tenant say.
    private final Set<String> ran = new HashSet<>();

    /// What is left to be told of the pod.
    ///
    /// @param waits the containers that are to begin again, by their names
    record Left(ObservedPod seen, Map<String, Waiting> waits) {}

    /// @param told whether the API was told of a container's end
    SuspendedEnds(PodServices services, Predicate<ObservedContainer> told) {
        this.services = services;
        this.told = told;
    }

    /// To be called with each look before anything of it is ended.
    void saw(ObservedPod looked) {
        looked.containers().stream().filter(ObservedContainer::running).map(ObservedContainer::id).forEach(ran::add);
    }

    /// Has the runtime forget those whose newest run ended, with the earlier ones, which would be taken for the newest else. What runs is left to end as its pod
    /// does, and what was told to have ended has. One that was added while the pod ran stays, as it is not to begin again.
    ///
    /// @param since what the mark says, for those that an earlier kubelet ended
    /// @return what was seen without them
    Left forget(Pod pod, ObservedPod seen, Instant since) {
        Set<String> declared = Plan.declared(pod).stream().map(Container::getName).collect(Collectors.toSet());
        Map<String, Waiting> waits = new HashMap<>();
        List<ObservedContainer> forgotten = new ArrayList<>();
        for (ObservedContainer ended : seen.containers()) {
            boolean newest = seen.container(ended.name()).filter(ended::equals).isPresent();
            if (!newest || !ended.ended() || !endedSince(ended, since) || told.test(ended)) {
                continue;
            }
            if (declared.contains(ended.name())) {
                forgotten.addAll(seen.containers(ended.name()));
            } else {
                waits.put(ended.name(), Suspended.WAITING);
            }
        }
        // The newest last, by which a kubelet that is killed meanwhile is followed by one that knows what to do.
        forgotten.reversed().stream().distinct().forEach(container -> services.cri().removeContainer(container.id()));
        ObservedPod left = seen.without(forgotten);
        declared.stream().filter(name -> left.container(name).isEmpty()).forEach(name -> waits.put(name, Suspended.WAITING));
        return new Left(left, waits);
    }

    /// An earlier kubelet may have been killed meanwhile. Among them may be some that ended by themselves within the second that the mark names.
    private boolean endedSince(ObservedContainer ended, Instant since) {
        return ran.contains(ended.id()) || ended.finishedAt() == null || !ended.finishedAt().isBefore(since);
    }

    /// The pod is to run.
    void over() {
        ran.clear();
    }
}
