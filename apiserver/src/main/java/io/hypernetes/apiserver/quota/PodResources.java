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

    private static final List<String> PARTS = List.of("containers", "initContainers", "resources", "overhead");
    private static final List<String> STATUSES = List.of("containerStatuses", "initContainerStatuses");

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

    /// What a pod counts for: what it asks for, or what its node says that it has or keeps for it, where that is more. A resize is asked for before it is granted,
    /// and what is given back is not others' before the node says so (upstream's pkg/quota/v1/evaluator/core/pods.go with UseStatusResources).
    ///
    /// A resize that its node can never grant counts all the same, as long as the pod asks for it: what is granted later was charged before.
    ///
    /// @param pod with defaults filled in; its amounts in the status are written by nodes and the operator alone
    static PodResources counted(ObjectNode pod) {
        var status = pod.path("status");
        if (List.of("containerStatuses", "initContainerStatuses", "allocatedResources", "resources").stream().noneMatch(status::has)) {
            return of(pod.path("spec"));
        }
        var spec = (ObjectNode) pod.path("spec").deepCopy();
        raise(spec, "containers", status, "containerStatuses");
        raise(spec, "initContainers", status, "initContainerStatuses");
        var counted = of(spec);
        var requests = new TreeMap<>(counted.requests());
        var limits = new TreeMap<>(counted.limits());
        status.path("allocatedResources").properties().forEach(kept -> requests.merge(kept.getKey(), whole(spec, kept), Quantity::max));
        status.path("resources").path("limits").properties().forEach(kept -> limits.computeIfPresent(kept.getKey(), (_, limit) -> limit.max(whole(spec, kept))));
        return new PodResources(requests, limits);
    }

    /// What a node keeps for a pod as a whole is told without what the machine costs beside that.
    private static Quantity whole(ObjectNode spec, Map.Entry<String, JsonNode> kept) {
        return quantity(kept.getValue()).plus(quantity(spec.path("overhead").path(kept.getKey())));
    }

    /// Has the status say of a pod that is made smaller that its node keeps what it asked for until now, where its node has not said yet what it gave it: it may be
    /// making a machine for that at this moment.
    public static void keepUntilTold(ObjectNode updated, ObjectNode old) {
        if (Json.string(old, "spec", "nodeName").isEmpty() || hasTold(old.path("status")) || updated.path("spec").equals(old.path("spec"))) {
            return;
        }
        keep(updated, old, "requests", "allocatedResources");
        keep(updated, old, "limits", "resources", "limits");
    }

    private static boolean hasTold(JsonNode status) {
        return Json.objects(status, "containerStatuses").stream().anyMatch(container -> container.has("resources") || container.has("allocatedResources"));
    }

    private static void keep(ObjectNode updated, ObjectNode old, String part, String... at) {
        var before = total(old.path("spec"), part).getOrDefault("memory", Quantity.ZERO);
        var kept = quantity(Json.at(old.path("status"), at).path("memory"));
        var most = before.max(kept);
        if (most.compareTo(total(updated.path("spec"), part).getOrDefault("memory", Quantity.ZERO)) > 0) {
            var amounts = Json.child(updated, "status");
            for (var name : at) {
                amounts = Json.child(amounts, name);
            }
            amounts.put("memory", most.toString());
        }
    }

    /// Whether a pod counts for the same as another by all that counting looks at; cheaper than to count both.
    static boolean countsAs(ObjectNode pod, ObjectNode other) {
        return Usage.runs(pod) == Usage.runs(other)
                && PARTS.stream().allMatch(part -> pod.path("spec").path(part).equals(other.path("spec").path(part)))
                && pod.path("status").path("allocatedResources").equals(other.path("status").path("allocatedResources"))
                && pod.path("status").path("resources").equals(other.path("status").path("resources"))
                && STATUSES.stream().allMatch(statuses -> given(pod, statuses).equals(given(other, statuses)));
    }

    private static List<List<JsonNode>> given(ObjectNode pod, String statuses) {
        return Json.objects(pod.path("status"), statuses).stream()
                .map(container -> List.of(container.path("name"), container.path("allocatedResources"), container.path("resources")))
                .toList();
    }

    private static void raise(ObjectNode spec, String containers, JsonNode status, String statuses) {
        var asking = new TreeMap<String, ObjectNode>();
        Json.objects(spec, containers).forEach(container -> asking.put(Json.string(container, "name"), container));
        // A name may be there twice: nobody refuses that.
        for (var has : Json.objects(status, statuses)) {
            var container = asking.get(Json.string(has, "name"));
            if (container != null) {
                raise(container, "requests", has.path("allocatedResources"));
                raise(container, "requests", has.path("resources").path("requests"));
                raise(container, "limits", has.path("resources").path("limits"));
            }
        }
    }

    private static void raise(ObjectNode container, String part, JsonNode amounts) {
        for (var amount : amounts.properties()) {
            var asked = container.path("resources").path(part).path(amount.getKey());
            if (quantity(amount.getValue()).compareTo(quantity(asked)) > 0) {
                Json.child(Json.child(container, "resources"), part).set(amount.getKey(), amount.getValue());
            }
        }
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
