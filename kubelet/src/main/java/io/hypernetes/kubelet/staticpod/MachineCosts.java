package io.hypernetes.kubelet.staticpod;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.kubelet.pod.OwnCosts;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// What the API says that the machines of static pods cost beside their containers: a file says nothing of it, and admission adds it to each pod (the master's
/// setting, or the RuntimeClass where that says more). What it says of the pod's mirror counts, and before there is one, what it said last of a pod of the
/// operator's of the same class. Others may have their pods changed by whom they like.
///
/// Safe for use by many threads.
public final class MachineCosts implements OwnCosts {
    /// What each mirror says, be it nothing.
    private final Map<String, Map<String, Quantity>> ofMirrored = new ConcurrentHashMap<>();
    private final Map<String, Map<String, Quantity>> ofClass = new ConcurrentHashMap<>();
    private volatile boolean complete;

    /// The API has this pod.
    ///
    /// @param mirrored the uid of the static pod that it mirrors; empty when it mirrors none
    void saw(Pod pod, String mirrored) {
        if (!ObjectKey.of(pod).tenant().equals(ObjectKey.ROOT)) {
            return;
        }
        Map<String, Quantity> cost = pod.getSpec().getOverhead() == null ? Map.of() : pod.getSpec().getOverhead();
        if (!cost.isEmpty()) {
            ofClass.put(runtimeClass(pod), cost);
        }
        if (!mirrored.isEmpty()) {
            ofMirrored.put(mirrored, cost);
        }
    }

    /// The API has told of all its pods once.
    public void complete() {
        complete = true;
    }

    /// The static pod has no mirror any more.
    void forget(String mirrored) {
        ofMirrored.remove(mirrored);
    }

    /// What its mirror says; empty as long as there is none, or it says nothing.
    Optional<Map<String, Quantity>> ofMirrored(String uid) {
        return Optional.ofNullable(ofMirrored.get(uid)).filter(cost -> !cost.isEmpty());
    }

    /// What others of its class cost is enough; that it costs nothing is known when neither its mirror nor any of them says otherwise.
    @Override
    public boolean isKnown(Pod pod) {
        return ofClass.containsKey(runtimeClass(pod)) || ofMirrored(uid(pod)).isPresent() || (complete && ofMirrored.containsKey(uid(pod)));
    }

    @Override
    public Pod with(Pod pod) {
        @Nullable Map<String, Quantity> cost = ofMirrored(uid(pod)).orElse(ofClass.get(runtimeClass(pod)));
        return cost == null ? pod : pod.edit().editSpec().withOverhead(cost).endSpec().build();
    }

    private static String uid(Pod pod) {
        return pod.getMetadata().getUid();
    }

    private static String runtimeClass(Pod pod) {
        String name = pod.getSpec().getRuntimeClassName();
        return name == null ? "" : name;
    }
}
