package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Whether the node has room for what a pod asks for, beside the other pods that are bound to it.
final class NodeRoom {
    private NodeRoom() {}

    /// @param reason `Infeasible` when it will never fit here, `Deferred` when it may fit later
    record Refusal(String reason, String message) {}

    /// @param allocatable what the node offers to pods
    /// @param others the other pods of the node
    static Optional<Refusal> refusal(Map<String, Quantity> allocatable, List<Pod> others, Pod pod) {
        for (String resource : List.of("cpu", "memory")) {
            // As upstream prints them: thousandths of a processor, bytes.
            int scale = resource.equals("cpu") ? 3 : 0;
            BigDecimal capacity = amount(allocatable.get(resource));
            BigDecimal asked = requested(pod, resource, false);
            if (asked.compareTo(capacity) > 0) {
                return Optional.of(new Refusal("Infeasible", "Node didn't have enough capacity: " + resource
                        + ", requested: " + whole(asked, scale) + ", capacity: " + whole(capacity, scale)));
            }
            BigDecimal used = others.stream()
                    .filter(other -> !over(other))
                    .map(other -> requested(other, resource, true))
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

    /// Containers and sidecars together, or the largest of the init containers, and what the machine costs.
    ///
    /// @param granted what the pod was granted instead of what it asks for: a resize that is refused takes no room from others
    private static BigDecimal requested(Pod pod, String resource, boolean granted) {
        BigDecimal sum = BigDecimal.ZERO;
        BigDecimal largestInit = BigDecimal.ZERO;
        for (Container container : pod.getSpec().getContainers()) {
            sum = sum.add(request(pod, container, resource, granted));
        }
        for (Container init : pod.getSpec().getInitContainers()) {
            if (Plan.isSidecar(init)) {
                sum = sum.add(request(pod, init, resource, granted));
            } else {
                largestInit = largestInit.max(request(init, resource));
            }
        }
        Map<String, Quantity> overhead = pod.getSpec().getOverhead();
        return sum.max(largestInit).add(overhead == null ? BigDecimal.ZERO : amount(overhead.get(resource)));
    }

    private static BigDecimal request(Pod pod, Container container, String resource, boolean granted) {
        if (granted && pod.getStatus() != null) {
            for (ContainerStatus status : Stream.concat(pod.getStatus().getContainerStatuses().stream(), pod.getStatus().getInitContainerStatuses().stream()).toList()) {
                Map<String, Quantity> allocated = status.getAllocatedResources();
                if (status.getName().equals(container.getName()) && allocated != null && allocated.containsKey(resource)) {
                    return amount(allocated.get(resource));
                }
            }
        }
        return request(container, resource);
    }

    private static BigDecimal request(Container container, String resource) {
        Map<String, Quantity> requests = container.getResources() == null ? null : container.getResources().getRequests();
        return requests == null ? BigDecimal.ZERO : amount(requests.get(resource));
    }

    private static BigDecimal amount(@Nullable Quantity quantity) {
        return quantity == null ? BigDecimal.ZERO : quantity.getNumericalAmount();
    }

    private static String whole(BigDecimal amount, int scale) {
        return amount.movePointRight(scale).setScale(0, RoundingMode.CEILING).toPlainString();
    }
}
