package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.math.BigDecimal;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What the containers of a pod have together of one resource, as upstream counts it (PodRequests and PodLimits of component-helpers' resource/helpers.go): containers
/// and sidecars, or the hungriest init container beside the sidecars that run by then, unless the pod says it of itself as a whole. The scheduler counts the same.
final class PodTotals {
    private PodTotals() {}

    /// What is asked for, in the resource's own unit, without what the machine costs.
    static BigDecimal requests(Pod pod, String resource) {
        return whole(pod, ResourceRequirements::getRequests, resource).orElseGet(() -> together(pod, container -> request(container, resource)));
    }

    /// The same with what the machine costs.
    static BigDecimal requestsWithMachine(Pod pod, String resource) {
        return requests(pod, resource).add(overhead(pod, resource));
    }

    /// What the machine costs beside its containers.
    static BigDecimal overhead(Pod pod, String resource) {
        return amount(pod.getSpec().getOverhead(), resource).orElse(BigDecimal.ZERO);
    }

    /// The limit of all together; empty where one of them has none, init containers too (upstream's cm/helpers_linux.go).
    static Optional<BigDecimal> limits(Pod pod, String resource) {
        Optional<BigDecimal> whole = whole(pod, ResourceRequirements::getLimits, resource);
        boolean limited = whole.isPresent() || Plan.declared(pod).stream().allMatch(container -> limit(container, resource).isPresent());
        return limited ? Optional.of(whole.orElseGet(() -> mostKnown(pod, resource))) : Optional.empty();
    }

    /// As [#limits], where each of those without a limit counts for what it asks for.
    static BigDecimal mostKnown(Pod pod, String resource) {
        return together(pod, container -> limit(container, resource).orElseGet(() -> request(container, resource)));
    }

    private static BigDecimal together(Pod pod, Function<Container, BigDecimal> amount) {
        BigDecimal sidecars = BigDecimal.ZERO;
        BigDecimal starting = BigDecimal.ZERO;
        for (Container init : pod.getSpec().getInitContainers()) {
            if (Plan.isSidecar(init)) {
                sidecars = sidecars.add(amount.apply(init));
            } else {
                starting = starting.max(sidecars.add(amount.apply(init)));
            }
        }
        BigDecimal running = pod.getSpec().getContainers().stream().map(amount).reduce(sidecars, BigDecimal::add);
        return running.max(starting);
    }

    private static Optional<BigDecimal> whole(Pod pod, Function<ResourceRequirements, @Nullable Map<String, Quantity>> part, String resource) {
        return Stream.ofNullable(pod.getSpec().getResources()).flatMap(own -> amount(part.apply(own), resource).stream()).findFirst();
    }

    /// One that has a limit alone asks for as much: the API says so itself, a file of a static pod does not.
    private static BigDecimal request(Container container, String resource) {
        return amount(container.getResources() == null ? null : container.getResources().getRequests(), resource)
                .or(() -> limit(container, resource)).orElse(BigDecimal.ZERO);
    }

    /// A limit of 0 is none.
    static Optional<BigDecimal> limit(Container container, String resource) {
        return amount(container.getResources() == null ? null : container.getResources().getLimits(), resource).filter(limit -> limit.signum() > 0);
    }

    private static Optional<BigDecimal> amount(@Nullable Map<String, Quantity> amounts, String resource) {
        return Optional.ofNullable(amounts == null ? null : amounts.get(resource)).map(Quantity::getNumericalAmount);
    }
}
