package io.hypernetes.scheduler;

import io.hypernetes.client.ObjectKey;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/// Pods that fitted nowhere, until something changes that may help them; then each is tried again after its own back-off. Not thread-safe.
final class ParkedPods {
    private final SchedulingQueue queue;
    private final Map<ObjectKey, Parked> parked = new HashMap<>();
    /// Those of them that other pods keep away, or may bring a place; some may have left since.
    private final Set<ObjectKey> byRules = new HashSet<>();

    /// @param volumes whether volumes decide where it can be
    private record Parked(int priority, boolean volumes) {}

    /// @param queue where pods go that are woken
    ParkedPods(SchedulingQueue queue) {
        this.queue = queue;
    }

    void park(PodFacts pod) {
        parked.put(pod.key(), new Parked(pod.priority(), pod.pod().getSpec().getVolumes() != null && !pod.pod().getSpec().getVolumes().isEmpty()));
        if (pod.hasRules()) {
            byRules.add(pod.key());
        }
    }

    boolean contains(ObjectKey key) {
        return parked.containsKey(key);
    }

    void remove(ObjectKey key) {
        parked.remove(key);
    }

    /// The pod itself changed.
    void wake(ObjectKey key) {
        Parked pod = parked.remove(key);
        if (pod != null) {
            queue.retry(key, pod.priority);
        }
    }

    /// Room may have appeared.
    void wakeAll() {
        List.copyOf(parked.keySet()).forEach(this::wake);
        byRules.clear();
    }

    /// Claims of a namespace changed.
    void wakeIn(String tenant, String namespace) {
        parked.keySet().stream().filter(key -> key.tenant().equals(tenant) && key.namespace().equals(namespace)).toList().forEach(this::wake);
    }

    /// Volumes may be had that could not be had before.
    ///
    /// @param tenants whose
    void wakeWithVolumes(Predicate<String> tenants) {
        List.copyOf(parked.entrySet()).forEach(each -> {
            if (each.getValue().volumes && tenants.test(each.getKey().tenant())) {
                wake(each.getKey());
            }
        });
    }

    /// A pod of the tenant has its place: whoever wants to be near it, or as many of a kind everywhere, may have found one.
    void wakeByRules(String tenant) {
        byRules.removeIf(key -> {
            if (key.tenant().equals(tenant)) {
                wake(key);
            }
            return !parked.containsKey(key);
        });
    }
}
