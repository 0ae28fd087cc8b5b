package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongBinaryOperator;
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
    /// More than any node has, and so little that all pods of a node together do not wrap around: a sum below zero would be room for everybody.
    private static final long MOST = 1L << 50;
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
        Given given = Given.of(pod);
        for (Container init : orEmpty(pod.getSpec().getInitContainers())) {
            boolean sidecar = "Always".equals(init.getRestartPolicy());
            Map<String, Long> requests = sidecar ? given.requests(init) : asked(init);
            if (sidecar) {
                requests.forEach((name, amount) -> sidecars.merge(name, amount, Demand::plus));
                sidecars.forEach((name, amount) -> starting.merge(name, amount, Math::max));
            } else {
                requests.forEach((name, amount) ->
                        starting.merge(name, plus(amount, sidecars.getOrDefault(name, 0L)), Math::max));
            }
        }
        for (Container container : orEmpty(pod.getSpec().getContainers())) {
            given.requests(container).forEach((name, amount) -> running.merge(name, amount, Demand::plus));
        }
        sidecars.forEach((name, amount) -> running.merge(name, amount, Demand::plus));
        starting.forEach((name, amount) -> running.merge(name, amount, Math::max));
        // What a pod asks for as a whole stands in place of what its containers ask for.
        if (pod.getSpec().getResources() != null) {
            running.putAll(amounts(pod.getSpec().getResources().getRequests()));
        }
        // What its node keeps for it as a whole: a machine gives back no memory.
        kept(pod).forEach((name, amount) -> running.merge(name, amount, Math::max));
        amounts(pod.getSpec().getOverhead()).forEach((name, amount) -> running.merge(name, amount, Demand::plus));
        return of(running, 1);
    }

    private static Map<String, Long> kept(Pod pod) {
        return pod.getStatus() == null ? Map.of() : amounts(pod.getStatus().getAllocatedResources());
    }

    static Demand of(@Nullable Map<String, Quantity> quantities) {
        Map<String, Long> amounts = amounts(quantities);
        return of(amounts, amounts.getOrDefault(PODS, 0L));
    }

    /// Whether a node has or had something to do about what a pod asks for anew, so that what it counts for may have changed.
    static boolean isResized(Pod pod) {
        return !kept(pod).isEmpty()
                || (pod.getStatus() != null && orEmpty(pod.getStatus().getConditions()).stream().anyMatch(condition -> condition.getType().startsWith("PodResize")));
    }

    /// Whether less is asked for than there, of anything.
    boolean isLessThan(Demand other) {
        return cpuMillis < other.cpuMillis || memory < other.memory || ephemeral < other.ephemeral
                || other.more.entrySet().stream().anyMatch(amount -> more.getOrDefault(amount.getKey(), 0L) < amount.getValue());
    }

    Demand plus(Demand other) {
        return combined(other, Demand::plus);
    }

    /// What is left of it; never below zero.
    Demand minus(Demand other) {
        return combined(other, (its, less) -> Math.max(its - less, 0));
    }

    /// Of each the smaller amount.
    Demand least(Demand other) {
        return combined(other, Math::min);
    }

    private Demand combined(Demand other, LongBinaryOperator amounts) {
        Map<String, Long> both = new HashMap<>();
        for (String name : Stream.concat(more.keySet().stream(), other.more.keySet().stream()).toList()) {
            both.put(name, amounts.applyAsLong(more.getOrDefault(name, 0L), other.more.getOrDefault(name, 0L)));
        }
        both.values().removeIf(amount -> amount <= 0);
        return new Demand(
                amounts.applyAsLong(cpuMillis, other.cpuMillis), amounts.applyAsLong(memory, other.memory),
                amounts.applyAsLong(ephemeral, other.ephemeral), amounts.applyAsLong(pods, other.pods), both);
    }

    /// What the containers of a pod count for while it is resized, as upstream has it (component-helpers' resource/helpers.go): what they have until they give that
    /// back, and what they ask for, unless their node can never give it, or gives them nothing more as they end. Who asks for more than there is would keep
    /// everybody else off the node.
    ///
    /// @param has by containers' names; nothing of one of which the node has said nothing yet, while one that was granted nothing has resources that are empty
    private record Given(Map<String, Map<String, Long>> has, boolean isGivenNoMore) {
        static Given of(Pod pod) {
            if (pod.getStatus() == null) {
                return new Given(Map.of(), false);
            }
            Map<String, Map<String, Long>> has = new HashMap<>();
            Stream.concat(orEmpty(pod.getStatus().getContainerStatuses()).stream(), orEmpty(pod.getStatus().getInitContainerStatuses()).stream()).forEach(status -> {
                if (status.getResources() == null && (status.getAllocatedResources() == null || status.getAllocatedResources().isEmpty())) {
                    return;
                }
                Map<String, Long> amounts = has.computeIfAbsent(status.getName(), _ -> new HashMap<>());
                amounts(status.getAllocatedResources()).forEach((name, amount) -> amounts.merge(name, amount, Math::max));
                if (status.getResources() != null) {
                    amounts(status.getResources().getRequests()).forEach((name, amount) -> amounts.merge(name, amount, Math::max));
                }
            });
            return new Given(has, (pod.getMetadata() != null && pod.getMetadata().getDeletionTimestamp() != null) || orEmpty(pod.getStatus().getConditions()).stream()
                    .anyMatch(condition -> "PodResizePending".equals(condition.getType()) && "Infeasible".equals(condition.getReason())));
        }

        Map<String, Long> requests(Container container) {
            Map<String, Long> amounts = has.get(container.getName());
            if (amounts == null) {
                return asked(container);
            }
            Map<String, Long> counted = new HashMap<>(amounts);
            if (!isGivenNoMore) {
                asked(container).forEach((name, amount) -> counted.merge(name, amount, Math::max));
            }
            return counted;
        }
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
        return whole.compareTo(BigDecimal.valueOf(MOST)) > 0 ? MOST : whole.longValue();
    }

    private static long plus(long one, long other) {
        return Math.min(one + other, MOST);
    }

    private static <T> List<T> orEmpty(@Nullable List<T> list) {
        return list == null ? List.of() : list;
    }
}
