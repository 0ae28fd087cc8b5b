package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Amounts of resources by name: `cpu` in thousandths of a core, all others in whole units. Immutable.
record Demand(Map<String, Long> amounts) {
    static final String CPU = "cpu";
    static final String MEMORY = "memory";
    static final String PODS = "pods";
    static final Demand NOTHING = new Demand(Map.of());

    Demand {
        amounts = Map.copyOf(amounts);
    }

    long of(String resource) {
        return amounts.getOrDefault(resource, 0L);
    }

    /// What a pod asks for: the larger of its containers together and its hungriest init step, plus the overhead of its VM.
    ///
    /// A restartable init container (sidecar) keeps running, so it counts with the containers and with every later init step.
    static Demand of(Pod pod) {
        Map<String, Long> running = new HashMap<>();
        Map<String, Long> starting = new HashMap<>();
        Map<String, Long> sidecars = new HashMap<>();
        for (Container init : orEmpty(pod.getSpec().getInitContainers())) {
            Map<String, Long> requests = requests(init);
            if ("Always".equals(init.getRestartPolicy())) {
                requests.forEach((name, amount) -> sidecars.merge(name, amount, Long::sum));
                sidecars.forEach((name, amount) -> starting.merge(name, amount, Math::max));
            } else {
                requests.forEach((name, amount) ->
                        starting.merge(name, amount + sidecars.getOrDefault(name, 0L), Math::max));
            }
        }
        for (Container container : orEmpty(pod.getSpec().getContainers())) {
            requests(container).forEach((name, amount) -> running.merge(name, amount, Long::sum));
        }
        sidecars.forEach((name, amount) -> running.merge(name, amount, Long::sum));
        starting.forEach((name, amount) -> running.merge(name, amount, Math::max));
        amounts(pod.getSpec().getOverhead()).forEach((name, amount) -> running.merge(name, amount, Long::sum));
        running.put(PODS, 1L);
        return new Demand(running);
    }

    static Demand of(@Nullable Map<String, Quantity> quantities) {
        return new Demand(amounts(quantities));
    }

    private static Map<String, Long> requests(Container container) {
        return container.getResources() == null ? Map.of() : amounts(container.getResources().getRequests());
    }

    private static Map<String, Long> amounts(@Nullable Map<String, Quantity> quantities) {
        Map<String, Long> amounts = new HashMap<>();
        if (quantities != null) {
            quantities.forEach((name, quantity) -> amounts.put(name, amount(name, quantity)));
        }
        return amounts;
    }

    private static long amount(String name, Quantity quantity) {
        BigDecimal value = quantity.getNumericalAmount();
        BigDecimal units = name.equals(CPU) ? value.movePointRight(3) : value;
        BigDecimal whole = units.setScale(0, RoundingMode.CEILING);
        return whole.compareTo(BigDecimal.valueOf(Long.MAX_VALUE / 4)) > 0 ? Long.MAX_VALUE / 4 : whole.longValue();
    }

    private static <T> List<T> orEmpty(@Nullable List<T> list) {
        return list == null ? List.of() : list;
    }
}
