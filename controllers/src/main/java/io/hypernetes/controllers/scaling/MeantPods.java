package io.hypernetes.controllers.scaling;

import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Selectors;
import io.hypernetes.controllers.Caches;
import io.hypernetes.objects.selector.LabelSelector;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Which pods the autoscalers of each namespace mean, as they found it at their last look: two of the same pods would each undo what the other did
/// (hpasControllingPodsUnderSelector in upstream's pkg/controller/podautoscaler/horizontal.go). Thread-safe.
final class MeantPods {
    /// Pods and selectors that are compared at one look, so that a namespace full of both costs a look a millisecond and no more; what is in order with fewer
    /// than that is compared to the end.
    private static final int MOST_COMPARED = 20_000;
    /// Of those that are named.
    private static final int MOST_NAMED = 20;

    private final Map<Object, Map<ObjectKey, LabelSelector>> byNamespace = new ConcurrentHashMap<>();

    /// @param selector of the target of an autoscaler
    void put(ObjectKey autoscaler, LabelSelector selector) {
        byNamespace.compute(Caches.namespaceOf(autoscaler), (namespace, all) -> {
            Map<ObjectKey, LabelSelector> now = all == null ? new ConcurrentHashMap<>() : all;
            now.put(autoscaler, selector);
            return now;
        });
    }

    /// An autoscaler is gone, or there is nothing any more that it could scale.
    void remove(ObjectKey autoscaler) {
        byNamespace.computeIfPresent(Caches.namespaceOf(autoscaler), (namespace, all) -> {
            all.remove(autoscaler);
            return all.isEmpty() ? null : all;
        });
    }

    /// The autoscalers that mean some of these pods, in order, as `namespace/name`.
    ///
    /// @param mine the pods of one of them
    List<String> of(ObjectKey autoscaler, List<Pod> mine) {
        Map<ObjectKey, LabelSelector> all = byNamespace.getOrDefault(Caches.namespaceOf(autoscaler), Map.of());
        if (mine.isEmpty() || all.size() < 2) {
            return List.of();
        }
        Map<LabelSelector, List<ObjectKey>> bySelector = new HashMap<>();
        all.forEach((key, selector) -> bySelector.computeIfAbsent(selector, fresh -> new ArrayList<>()).add(key));
        Set<LabelSelector> left = new HashSet<>(bySelector.keySet());
        List<ObjectKey> found = new ArrayList<>();
        int compared = 0;
        for (Pod pod : mine) {
            Map<String, String> labels = Selectors.labelsOf(pod);
            for (LabelSelector selector : List.copyOf(left)) {
                if (selector.matches(labels)) {
                    found.addAll(bySelector.getOrDefault(selector, List.of()));
                    left.remove(selector);
                }
            }
            compared += left.size() + 1;
            if (left.isEmpty() || compared > MOST_COMPARED) {
                break;
            }
        }
        return found.stream().map(key -> key.namespace() + "/" + key.name()).sorted(Comparator.naturalOrder()).limit(MOST_NAMED).toList();
    }
}
