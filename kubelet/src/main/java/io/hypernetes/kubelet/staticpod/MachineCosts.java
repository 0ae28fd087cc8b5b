package io.hypernetes.kubelet.staticpod;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.client.ObjectKey;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// What the API says that the machines of static pods cost beside their containers: a file says nothing of it, and admission adds it to each pod (the master's
/// setting, or the RuntimeClass where that says more). What it says of the pod's mirror counts, and before there is one, what it said last of a pod of the
/// operator's of the same class. Others may have their pods changed by whom they like.
///
/// Safe for use by many threads.
public final class MachineCosts {
    private final Map<String, Map<String, Quantity>> ofMirrored = new ConcurrentHashMap<>();
    private final Map<String, Map<String, Quantity>> ofClass = new ConcurrentHashMap<>();

    /// The API has this pod.
    ///
    /// @param mirrored the uid of the static pod that it mirrors; empty when it mirrors none
    void saw(Pod pod, String mirrored) {
        Map<String, Quantity> cost = pod.getSpec().getOverhead();
        if (!ObjectKey.of(pod).tenant().equals(ObjectKey.ROOT) || cost == null || cost.isEmpty()) {
            return;
        }
        ofClass.put(runtimeClass(pod), cost);
        if (!mirrored.isEmpty()) {
            ofMirrored.put(mirrored, cost);
        }
    }

    /// The static pod has no mirror any more.
    void forget(String mirrored) {
        ofMirrored.remove(mirrored);
    }

    /// What its mirror says; empty as long as there is none.
    Optional<Map<String, Quantity>> ofMirrored(String uid) {
        return Optional.ofNullable(ofMirrored.get(uid));
    }

    /// The static pod with what its machine will cost, as far as that is known.
    public Pod added(Pod pod) {
        @Nullable Map<String, Quantity> cost = ofMirrored(pod.getMetadata().getUid()).orElse(ofClass.get(runtimeClass(pod)));
        return cost == null ? pod : pod.edit().editSpec().withOverhead(cost).endSpec().build();
    }

    private static String runtimeClass(Pod pod) {
        String name = pod.getSpec().getRuntimeClassName();
        return name == null ? "" : name;
    }
}
