package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.ObjectKey;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Pods that are bound to this node and never were here, as long as it cannot be said whether there is room for them. Who is here has no worker. For their table,
/// which does with them one thing at a time.
final class Newcomers {
    private static final Logger LOG = LoggerFactory.getLogger(Newcomers.class);

    private final Admission admission;
    private final Allocations allocations;
    private final PodEvents events;
    private final Map<String, Held> held = new HashMap<>();

    /// @param told whether somebody was told that it waits for room
    private record Held(Pod pod, boolean told) {}

    /// What is done with those of which something can be said.
    interface Door {
        /// @param rejection why the node does not take it; null when it does
        void letIn(Pod pod, @Nullable Rejection rejection);
    }

    /// @param allocations the node's, where they count from when they come
    Newcomers(Allocations allocations, PodEvents events) {
        this.admission = new Admission(allocations);
        this.allocations = allocations;
        this.events = events;
    }

    boolean isEmpty() {
        return held.isEmpty();
    }

    /// Holds it, or its newer version.
    void hold(Pod pod) {
        held.merge(uid(pod), new Held(pod, false), (before, now) -> new Held(pod, before.told()));
        try {
            allocations.await(pod);
        } catch (RuntimeException fault) {
            LOG.error("event=pod-admission-fault uid={}", uid(pod), fault);
        }
    }

    Optional<Pod> find(String uid) {
        return Optional.ofNullable(held.get(uid)).map(Held::pod);
    }

    void release(String uid) {
        held.remove(uid);
        allocations.decided(uid);
    }

    /// Lets in, or turns away, those of which something can be said: who waits in the order in which they were told to, then the oldest first. What goes wrong with one is not the others' to suffer.
    ///
    /// @param node as known
    /// @param askedFor those that were held before the node was asked for
    /// @return those for which it is to be asked anew
    Set<String> judge(Optional<Node> node, Set<String> askedFor, Door door) {
        Set<String> unsure = new HashSet<>();
        List<Pod> waiting = new ArrayList<>(held.values().stream().map(Held::pod).toList());
        waiting.sort(Comparator.comparingLong(allocations::place).thenComparing((Pod pod) -> String.valueOf(pod.getMetadata().getCreationTimestamp())).thenComparing(Newcomers::uid));
        for (Pod pod : waiting) {
            try {
                switch (admission.judge(pod, node, askedFor.contains(uid(pod)))) {
                    case Admission.Admitted _ -> letIn(door, pod, null);
                    case Admission.Rejected(Rejection why) -> letIn(door, pod, why);
                    case Admission.Waits(NodeRoom.Shortage until) -> tellThatItWaits(pod, until);
                    case Admission.Unsure _ -> unsure.add(uid(pod));
                }
            } catch (RuntimeException fault) {
                LOG.error("event=pod-admission-fault uid={}", uid(pod), fault);
                // Nor is what it asks for.
                allocations.decided(uid(pod));
            }
        }
        return unsure;
    }

    private void letIn(Door door, Pod pod, @Nullable Rejection rejection) {
        door.letIn(pod, rejection);
        release(uid(pod));
    }

    private void tellThatItWaits(Pod pod, NodeRoom.Shortage until) {
        allocations.promise(pod);
        Held before = held.put(uid(pod), new Held(pod, true));
        if (before == null || !before.told()) {
            events.normal(pod, "WaitingForRoom", "Waits until pods that are leaving the node have ended: " + until.message(ObjectKey.tenantOf(pod, ObjectKey.ROOT)));
        }
    }

    private static String uid(Pod pod) {
        return pod.getMetadata().getUid();
    }
}
