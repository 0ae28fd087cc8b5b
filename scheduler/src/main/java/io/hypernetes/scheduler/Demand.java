package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Amounts of resources: cpu in thousandths of a core, all others in whole units. The three that everything has are fields of their own,
/// since they are added and compared for every pod on every node. Immutable.
///
/// @param more other resources by name, such as `example.com/gpu`; only those above zero
record Demand(long cpuMillis, long memory, long ephemeral, long pods, Map<String, Long> more) {
    static final String CPU = "cpu";
    static final String MEMORY = "memory";
    static final String EPHEMERAL = "ephemeral-storage";
    static final String PODS = "pods";
    static final Demand NOTHING = new Demand(0, 0, 0, 0, Map.of());

    Demand {
        more = Map.copyOf(more);
    }

    private static Demand of(Map<String, Long> amounts, long pods) {
        Map<String, Long> more = new HashMap<>(amounts);
        more.keySet().removeAll(List.of(CPU, MEMORY, EPHEMERAL, PODS));
        more.values().removeIf(amount -> amount <= 0);
        return new Demand(amounts.getOrDefault(CPU, 0L), amounts.getOrDefault(MEMORY, 0L), amounts.getOrDefault(EPHEMERAL, 0L), pods, more);
    }

    /// What a pod asks for: the larger of its containers together and its hungriest init step, plus the overhead of its VM.
    ///
    /// A restartable init container (sidecar) keeps running, so it counts with the containers and with every later init step.
    static Demand of(Pod pod) {
        Map<String, Long> running = new HashMap<>();
        Map<String, Long> starting = new HashMap<>();
        Map<String, Long> sidecars = new HashMap<>();
        for (Container init : orEmpty(pod.getSpec().getInitContainers())) {
            boolean sidecar = "Always".equals(init.getRestartPolicy());
            Map<String, Long> requests = sidecar ? requests(pod, init) : asked(init);
            if (sidecar) {
                requests.forEach((name, amount) -> sidecars.merge(name, amount, Long::sum));
                sidecars.forEach((name, amount) -> starting.merge(name, amount, Math::max));
            } else {
                requests.forEach((name, amount) ->
                        starting.merge(name, amount + sidecars.getOrDefault(name, 0L), Math::max));
            }
        }
        for (Container container : orEmpty(pod.getSpec().getContainers())) {
            requests(pod, container).forEach((name, amount) -> running.merge(name, amount, Long::sum));
        }
        sidecars.forEach((name, amount) -> running.merge(name, amount, Long::sum));
        starting.forEach((name, amount) -> running.merge(name, amount, Math::max));
        // What a pod asks for as a whole stands in place of what its containers ask for.
        if (pod.getSpec().getResources() != null) {
            running.putAll(amounts(pod.getSpec().getResources().getRequests()));
        }
        amounts(pod.getSpec().getOverhead()).forEach((name, amount) -> running.merge(name, amount, Long::sum));
        return of(running, 1);
    }

    static Demand of(@Nullable Map<String, Quantity> quantities) {
        Map<String, Long> amounts = amounts(quantities);
        return of(amounts, amounts.getOrDefault(PODS, 0L));
    }

    /// What a container counts for while it is resized, as upstream has it (component-helpers' resource/helpers.go): what it has until it gives that
    /// back, and what it asks for, unless its node can never give it. Who asks for more than there is would keep everybody else off the node.
    private static Map<String, Long> requests(Pod pod, Container container) {
        Map<String, Long> has = has(pod, container.getName());
        if (has.isEmpty()) {
            return asked(container);
        }
        if (!isInfeasible(pod)) {
            asked(container).forEach((name, amount) -> has.merge(name, amount, Math::max));
        }
        return has;
    }

    private static Map<String, Long> has(Pod pod, String container) {
        Map<String, Long> has = new HashMap<>();
        if (pod.getStatus() != null) {
            Stream.concat(orEmpty(pod.getStatus().getContainerStatuses()).stream(), orEmpty(pod.getStatus().getInitContainerStatuses()).stream())
                    .filter(status -> container.equals(status.getName()))
                    .forEach(status -> {
                        has.putAll(amounts(status.getAllocatedResources()));
                        if (status.getResources() != null) {
                            amounts(status.getResources().getRequests()).forEach((name, amount) -> has.merge(name, amount, Math::max));
                        }
                    });
        }
        return has;
    }

    private static boolean isInfeasible(Pod pod) {
        return orEmpty(pod.getStatus().getConditions()).stream()
                .anyMatch(condition -> "PodResizePending".equals(condition.getType()) && "Infeasible".equals(condition.getReason()));
    }

    private static Map<String, Long> asked(Container container) {
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
