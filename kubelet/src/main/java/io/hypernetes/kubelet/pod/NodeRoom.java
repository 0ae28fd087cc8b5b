package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Whether the node has room for what a pod asks for, beside the other pods that are bound to it.
final class NodeRoom {
    private NodeRoom() {}

    /// @param reason `Infeasible` when it will never fit here, `Deferred` when it may fit later
    record Refusal(String reason, String message) {}

    /// @param allocatable what the node offers to pods
    /// @param others the other pods of the node, as they were granted: a resize that is refused takes no room from anybody
    static Optional<Refusal> refusal(Map<String, Quantity> allocatable, List<Pod> others, Pod pod) {
        for (String resource : List.of("cpu", "memory")) {
            // As upstream prints them: thousandths of a processor, bytes.
            int scale = resource.equals("cpu") ? 3 : 0;
            BigDecimal capacity = amount(allocatable.get(resource));
            BigDecimal asked = PodTotals.requestsWithMachine(pod, resource);
            if (asked.compareTo(capacity) > 0) {
                return Optional.of(new Refusal("Infeasible", "Node didn't have enough capacity: " + resource
                        + ", requested: " + whole(asked, scale) + ", capacity: " + whole(capacity, scale)));
            }
            BigDecimal used = others.stream()
                    .filter(other -> !over(other))
                    .map(other -> PodTotals.requestsWithMachine(other, resource))
                    .reduce(BigDecimal.ZERO, BigDecimal::add);
            if (asked.add(used).compareTo(capacity) > 0) {
                return Optional.of(new Refusal("Deferred", "Node didn't have enough resource: " + resource
                        + ", requested: " + whole(asked, scale) + ", used: " + whole(used, scale) + ", capacity: " + whole(capacity, scale)));
            }
        }
        return Optional.empty();
    }

    private static boolean over(Pod pod) {
        String phase = pod.getStatus() == null ? null : pod.getStatus().getPhase();
        return "Succeeded".equals(phase) || "Failed".equals(phase);
    }

    private static BigDecimal amount(@Nullable Quantity quantity) {
        return quantity == null ? BigDecimal.ZERO : quantity.getNumericalAmount();
    }

    private static String whole(BigDecimal amount, int scale) {
        return amount.movePointRight(scale).setScale(0, RoundingMode.CEILING).toPlainString();
    }
}
