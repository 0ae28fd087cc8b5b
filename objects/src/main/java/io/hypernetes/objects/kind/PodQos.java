package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Quantity;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The quality-of-service class of a pod: `Guaranteed`, `Burstable` or `BestEffort`.
public final class PodQos {
    private PodQos() {}

    /// Sets the class in the status of a pod whose resources admission has changed.
    public static void settle(ObjectNode pod) {
        Json.child(pod, "status").put("qosClass", of(pod.path("spec")));
    }

    static String of(JsonNode spec) {
        List<ObjectNode> containers = new ArrayList<>(Json.objects(spec, "containers"));
        containers.addAll(Json.objects(spec, "initContainers"));
        boolean any = false;
        boolean guaranteed = !containers.isEmpty();
        for (ObjectNode container : containers) {
            JsonNode resources = container.path("resources");
            for (String name : List.of("cpu", "memory")) {
                Quantity limit = quantity(resources.path("limits").path(name));
                Quantity request = quantity(resources.path("requests").path(name));
                any |= !limit.isZero() || !request.isZero();
                guaranteed &= !limit.isZero() && limit.equals(request);
            }
        }
        return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
    }

    private static Quantity quantity(JsonNode value) {
        return value.isString() ? Quantity.parse(value.stringValue()) : Quantity.ZERO;
    }
}
