package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.client.ObjectKey;
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

    /// What there is too little of, in whole thousandths of a processor or bytes.
    record Shortage(String resource, BigDecimal requested, BigDecimal used, BigDecimal capacity) {
        /// Upstream's words (pkg/kubelet/lifecycle/predicate.go), for a tenant without what is used, as that is others' too.
        ///
        /// @param tenant who will read it
        String message(String tenant) {
            return "Node didn't have enough resource: " + resource + ", requested: " + whole(requested)
                    + (tenant.equals(ObjectKey.ROOT) ? ", used: " + whole(used) : "") + ", capacity: " + whole(capacity);
        }

        private String whole(BigDecimal amount) {
            return amount.movePointRight(resource.equals("cpu") ? 3 : 0).setScale(0, RoundingMode.CEILING).toPlainString();
        }
    }

    /// @param allocatable what the node offers to pods
    /// @param others the other pods of the node, as they count: a resize that is refused takes no room from anybody
    /// @param has the pod as it counts until now: who asks for no more takes nothing from anybody
    static Optional<Refusal> refusal(Map<String, Quantity> allocatable, List<Pod> others, Pod has, Pod pod) {
        for (String resource : List.of("cpu", "memory")) {
            Shortage asked = asked(allocatable, others, pod, resource);
            if (asked.requested.compareTo(PodTotals.requestsWithMachine(has, resource)) <= 0) {
                continue;
            }
            if (asked.requested.compareTo(asked.capacity) > 0) {
                return Optional.of(new Refusal("Infeasible", "Node didn't have enough capacity: " + resource
                        + ", requested: " + asked.whole(asked.requested) + ", capacity: " + asked.whole(asked.capacity)));
            }
            if (isShort(asked)) {
                return Optional.of(new Refusal("Deferred", asked.message(ObjectKey.tenantOf(pod, ObjectKey.ROOT))));
            }
        }
        return Optional.empty();
    }

    /// The first of what there is too little of for one pod more, in the order of upstream's scheduler (framework/plugins/noderesources/fit.go).
    static Optional<Shortage> shortage(Map<String, Quantity> allocatable, List<Pod> others, Pod pod) {
        Shortage pods = new Shortage("pods", BigDecimal.ONE, BigDecimal.valueOf(others.size()), amount(allocatable.get("pods")));
        if (isShort(pods)) {
            return Optional.of(pods);
        }
        return List.of("cpu", "memory", "ephemeral-storage").stream().map(resource -> asked(allocatable, others, pod, resource)).filter(NodeRoom::isShort).findFirst();
    }

    private static Shortage asked(Map<String, Quantity> allocatable, List<Pod> others, Pod pod, String resource) {
        BigDecimal used = others.stream()
                .map(other -> PodTotals.requestsWithMachine(other, resource))
                .reduce(BigDecimal.ZERO, BigDecimal::add);
        return new Shortage(resource, PodTotals.requestsWithMachine(pod, resource), used, amount(allocatable.get(resource)));
    }

    /// Who asks for nothing has room even where there is less than nothing left.
    private static boolean isShort(Shortage asked) {
        return asked.requested.signum() > 0 && asked.requested.add(asked.used).compareTo(asked.capacity) > 0;
    }

    private static BigDecimal amount(@Nullable Quantity quantity) {
        return quantity == null ? BigDecimal.ZERO : quantity.getNumericalAmount();
    }
}
