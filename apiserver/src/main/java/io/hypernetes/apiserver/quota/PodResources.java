package io.hypernetes.apiserver.quota;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Quantity;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What a pod as a whole asks for: the larger of what runs together and what any step of its start needs, and what its machine costs.
public record PodResources(Map<String, Quantity> requests, Map<String, Quantity> limits) {

    public PodResources {
        requests = Map.copyOf(requests);
        limits = Map.copyOf(limits);
    }

    /// @param spec of a pod, with defaults filled in
    public static PodResources of(JsonNode spec) {
        var requests = total(spec, "requests");
        var limits = total(spec, "limits");
        for (var cost : spec.path("overhead").properties()) {
            var quantity = quantity(cost.getValue());
            requests.merge(cost.getKey(), quantity, Quantity::plus);
            limits.computeIfPresent(cost.getKey(), (_, limit) -> limit.plus(quantity));
        }
        return new PodResources(requests, limits);
    }

    private static TreeMap<String, Quantity> total(JsonNode spec, String part) {
        var together = new TreeMap<String, Quantity>();
        for (var container : Json.objects(spec, "containers")) {
            add(together, container.path("resources").path(part));
        }
        var sidecars = new TreeMap<String, Quantity>();
        var starting = new TreeMap<String, Quantity>();
        for (var container : Json.objects(spec, "initContainers")) {
            var step = new TreeMap<>(sidecars);
            add(step, container.path("resources").path(part));
            if (Json.string(container, "restartPolicy").equals("Always")) {
                add(sidecars, container.path("resources").path(part));
            }
            step.forEach((name, quantity) -> starting.merge(name, quantity, Quantity::max));
        }
        sidecars.forEach((name, quantity) -> together.merge(name, quantity, Quantity::plus));
        starting.forEach((name, quantity) -> together.merge(name, quantity, Quantity::max));
        return together;
    }

    private static void add(Map<String, Quantity> sum, JsonNode resources) {
        resources.properties().forEach(member -> sum.merge(member.getKey(), quantity(member.getValue()), Quantity::plus));
    }

    /// The quantity of a node; zero for what is none, which validation tells of.
    public static Quantity quantity(JsonNode value) {
        try {
            return value.isString() ? Quantity.parse(value.stringValue()) : value.isIntegralNumber() ? Quantity.of(value.longValue()) : Quantity.ZERO;
        } catch (IllegalArgumentException e) {
            return Quantity.ZERO;
        }
    }

    /// The names of the containers of a pod whose `part` (requests or limits) lacks a resource.
    static List<String> without(ObjectNode pod, String part, String resource) {
        return java.util.stream.Stream.of("initContainers", "containers")
                .flatMap(list -> Json.objects(pod.path("spec"), list).stream())
                .filter(container -> quantity(container.path("resources").path(part).path(resource)).isZero())
                .map(container -> Json.string(container, "name"))
                .toList();
    }
}
