package io.hypernetes.apiserver.resource;

import io.hypernetes.objects.Json;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What a node has given a pod, by the pod's status: the scheduler counts by it what is left of the node for all tenants, so only nodes and the operator say it.
final class Granted {
    private static final List<String> STATUSES = List.of("initContainerStatuses", "containerStatuses");
    private static final List<String> AMOUNTS = List.of("allocatedResources", "resources");
    private static final Set<String> RESIZES = Set.of("PodResizePending", "PodResizeInProgress");

    private Granted() {}

    /// Leaves it as it was, whatever a change says.
    static void keep(ObjectNode updated, ObjectNode before) {
        if (!updated.path("status").equals(before.path("status"))) {
            STATUSES.forEach(statuses -> amounts(updated.path("status"), before.path("status"), statuses));
            resizes(updated, before);
        }
    }

    private static void amounts(JsonNode updated, JsonNode before, String statuses) {
        Map<String, ObjectNode> known = new HashMap<>();
        Json.objects(before, statuses).forEach(container -> known.put(Json.string(container, "name"), container));
        for (var container : Json.objects(updated, statuses)) {
            var then = known.getOrDefault(Json.string(container, "name"), Json.object());
            for (var amount : AMOUNTS) {
                var value = then.get(amount);
                if (value == null) {
                    container.remove(amount);
                } else {
                    container.set(amount, value.deepCopy());
                }
            }
        }
    }

    private static void resizes(ObjectNode updated, ObjectNode before) {
        var then = ofResizes(before);
        if (!ofResizes(updated).equals(then)) {
            var conditions = Json.objects(updated.path("status"), "conditions").stream().filter(condition -> !isOfResize(condition)).toList();
            var kept = Json.child(updated, "status").putArray("conditions");
            conditions.forEach(kept::add);
            then.forEach(condition -> kept.add(condition.deepCopy()));
        }
    }

    private static List<ObjectNode> ofResizes(ObjectNode pod) {
        return Json.objects(pod.path("status"), "conditions").stream().filter(Granted::isOfResize).toList();
    }

    private static boolean isOfResize(ObjectNode condition) {
        return RESIZES.contains(Json.string(condition, "type"));
    }
}
