package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.kubelet.cri.Labels;
import io.hypernetes.kubelet.cri.ObservedPod;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The pods of the node's own, of which a name is one's at a time: who takes the place of another, or is put back while it ends, begins when nothing of that is
/// left (upstream's pkg/kubelet/pod_workers.go, allowPodStart). Nothing begins before it has been seen what an earlier kubelet left of them.
///
/// Calls nobody, and is safe for use by many threads.
final class OwnPods {
    /// Names of those of which something is here, by uid.
    private final Map<String, ObjectKey> here = new HashMap<>();
    /// The newest of each name: who waited before is wanted no more.
    private final Map<ObjectKey, Pod> waiting = new HashMap<>();
    /// Uids of what was found of them before it was known which of them are wanted.
    private final Set<String> left = new HashSet<>();
    private boolean complete;

    /// Whether what the runtime holds is of such a pod: only their uids are what their files say.
    static boolean ranAs(String uid, ObservedPod seen) {
        return seen.sandbox().filter(sandbox -> ObjectKey.ROOT.equals(sandbox.labels().get(Labels.TENANT)) && uid.equals(sandbox.annotations().get(Labels.CONFIG_HASH))).isPresent();
    }

    synchronized void await(Pod pod) {
        waiting.put(ObjectKey.of(pod), pod);
    }

    /// @return whether it waited
    synchronized boolean dismiss(String uid) {
        return waiting.values().removeIf(pod -> uid.equals(uid(pod)));
    }

    synchronized boolean awaits(String uid) {
        return waiting(uid).isPresent();
    }

    /// All that have been told of and have not begun.
    synchronized List<Pod> waiting() {
        return List.copyOf(waiting.values());
    }

    /// Something of it was found here.
    ///
    /// @return the pod itself, which goes on, if it is wanted
    synchronized Optional<Pod> found(String uid, ObjectKey key) {
        here.put(uid, key);
        Optional<Pod> wanted = waiting(uid);
        wanted.ifPresent(pod -> waiting.remove(ObjectKey.of(pod)));
        return wanted;
    }

    /// Whether something is here of one of them. What a pod says of itself is no answer, as anybody may write that on theirs.
    synchronized boolean has(String uid) {
        return here.containsKey(uid);
    }

    /// Something of it was found here, which is left as it is until it is known which of them are wanted.
    ///
    /// @return whether that is known only later
    synchronized boolean leaves(String uid) {
        if (!complete) {
            left.add(uid);
        }
        return !complete;
    }

    /// All that are wanted have been told of, and all of which something is here have been found.
    ///
    /// @return uids of what was left as it was, each once
    synchronized List<String> complete() {
        complete = true;
        List<String> before = List.copyOf(left);
        left.clear();
        return before;
    }

    /// Nothing of it is here any more.
    ///
    /// @return whether it was one of them
    synchronized boolean left(String uid) {
        return here.remove(uid) != null;
    }

    /// Those that may begin, which are here from now on.
    synchronized List<Pod> next() {
        List<Pod> next = new ArrayList<>();
        if (complete) {
            waiting.forEach((key, pod) -> {
                if (!here.containsValue(key)) {
                    next.add(pod);
                }
            });
        }
        next.forEach(pod -> {
            waiting.remove(ObjectKey.of(pod));
            here.put(uid(pod), ObjectKey.of(pod));
        });
        return next;
    }

    private Optional<Pod> waiting(String uid) {
        return waiting.values().stream().filter(pod -> uid.equals(uid(pod))).findFirst();
    }

    private static String uid(Pod pod) {
        return pod.getMetadata().getUid();
    }
}
