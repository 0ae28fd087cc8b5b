package io.hypernetes.controllers.scaling;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.controllers.scaling.Usage.UnknownUsageException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What pods ask for of a resource, as autoscalers count it (calculateRequests in upstream's pkg/controller/podautoscaler/replica_calculator.go). In thousandths.
final class Amounts {
    /// What a pod may ask for as a whole (IsSupportedPodLevelResource in upstream's component-helpers' resource/helpers.go), beside huge pages.
    private static final Set<String> WHOLE = Set.of("cpu", "memory");

    private Amounts() {}

    /// @param container empty for the whole pod
    /// @throws UnknownUsageException when the pod asks for none of it, or has no such container
    static long requested(Pod pod, String resource, String container) throws UnknownUsageException {
        if (container.isEmpty() && asksAsAWhole(pod)) {
            return ofThePod(pod, resource).orElseThrow(() ->
                    new UnknownUsageException("missing pod-level request for " + resource + " in Pod " + pod.getMetadata().getName()));
        }
        List<Container> running = new ArrayList<>(orEmpty(pod.getSpec().getContainers()));
        orEmpty(pod.getSpec().getInitContainers()).stream().filter(Amounts::isSidecar).forEach(running::add);
        long sum = 0;
        for (Container each : running) {
            if (!container.isEmpty() && !container.equals(each.getName())) {
                continue;
            }
            long request = request(each, resource).orElseThrow(() -> new UnknownUsageException(
                    "missing request for " + resource + " in container " + each.getName() + " of Pod " + pod.getMetadata().getName()));
            sum = plus(sum, request);
            if (!container.isEmpty()) {
                return sum;
            }
        }
        if (!container.isEmpty()) {
            throw new UnknownUsageException("container " + container + " not found in Pod " + pod.getMetadata().getName());
        }
        return sum;
    }

    private static boolean asksAsAWhole(Pod pod) {
        return pod.getSpec().getResources() != null && pod.getSpec().getResources().getRequests() != null
                && pod.getSpec().getResources().getRequests().keySet().stream().anyMatch(name -> WHOLE.contains(name) || name.startsWith("hugepages-"));
    }

    /// What it says of itself as a whole, or else its containers together or its hungriest step of initialisation, and what its machine costs.
    private static Optional<Long> ofThePod(Pod pod, String resource) {
        Optional<Long> whole = amount(pod.getSpec().getResources().getRequests(), resource).or(() -> ofContainers(pod, resource));
        Optional<Long> machine = amount(pod.getSpec().getOverhead(), resource);
        return whole.isEmpty() ? machine : Optional.of(plus(whole.get(), machine.orElse(0L)));
    }

    private static Optional<Long> ofContainers(Pod pod, String resource) {
        boolean any = false;
        long sidecars = 0;
        long starting = 0;
        for (Container init : orEmpty(pod.getSpec().getInitContainers())) {
            Optional<Long> request = request(init, resource);
            any |= request.isPresent();
            if (isSidecar(init)) {
                sidecars = plus(sidecars, request.orElse(0L));
                starting = Math.max(starting, sidecars);
            } else {
                starting = Math.max(starting, plus(sidecars, request.orElse(0L)));
            }
        }
        long running = sidecars;
        for (Container each : orEmpty(pod.getSpec().getContainers())) {
            Optional<Long> request = request(each, resource);
            any |= request.isPresent();
            running = plus(running, request.orElse(0L));
        }
        return any ? Optional.of(Math.max(running, starting)) : Optional.empty();
    }

    private static boolean isSidecar(Container init) {
        return "Always".equals(init.getRestartPolicy());
    }

    private static Optional<Long> request(Container container, String resource) {
        return container.getResources() == null ? Optional.empty() : amount(container.getResources().getRequests(), resource);
    }

    private static Optional<Long> amount(@Nullable Map<String, Quantity> amounts, String resource) {
        return Optional.ofNullable(amounts == null ? null : amounts.get(resource)).map(Amounts::millis);
    }

    private static <T> List<T> orEmpty(@Nullable List<T> list) {
        return list == null ? List.of() : list;
    }

    static long millis(Quantity quantity) {
        return millis(quantity.getAmount() + (quantity.getFormat() == null ? "" : quantity.getFormat()));
    }

    /// Rounded up, and no more than a number can hold, whatever is written: what wraps around would be less than nothing.
    ///
    /// @throws IllegalArgumentException when the text is no quantity
    static long millis(String text) {
        return io.hypernetes.objects.Quantity.parse(text).millis();
    }

    static long plus(long one, long other) {
        long sum = one + other;
        return ((one ^ sum) & (other ^ sum)) < 0 ? one < 0 ? Long.MIN_VALUE : Long.MAX_VALUE : sum;
    }
}
