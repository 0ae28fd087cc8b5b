package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Guaranteed: every container has equal requests and limits of cpu and memory. BestEffort: none has any. Else Burstable.
final class QosClass {
    private QosClass() {}

    static String of(Pod pod) {
        boolean any = false;
        boolean guaranteed = true;
        for (Container container : Plan.declared(pod)) {
            Map<String, Quantity> requests = container.getResources() == null ? Map.of() : orEmpty(container.getResources().getRequests());
            Map<String, Quantity> limits = container.getResources() == null ? Map.of() : orEmpty(container.getResources().getLimits());
            for (String resource : List.of("cpu", "memory")) {
                Quantity limit = limits.get(resource);
                Quantity request = requests.containsKey(resource) ? requests.get(resource) : limit;
                any |= positive(limit) || positive(request);
                guaranteed &= positive(limit) && limit != null && request != null
                        && request.getNumericalAmount().compareTo(limit.getNumericalAmount()) == 0;
            }
        }
        return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
    }

    private static boolean positive(@Nullable Quantity quantity) {
        return quantity != null && quantity.getNumericalAmount().signum() > 0;
    }

    private static Map<String, Quantity> orEmpty(@Nullable Map<String, Quantity> map) {
        return map == null ? Map.of() : map;
    }
}
