package io.hypernetes.apiserver.resource;

import io.hypernetes.objects.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// What a pod has of its node, by the pod's status: what it was given, whether it has ended and so has nothing any more, and for which node the
/// scheduler has chosen it. The scheduler counts by it what is left of the node for all tenants, so only nodes and the operator say it.
final class Granted {
    private static final List<String> STATUSES = List.of("initContainerStatuses", "containerStatuses");
    private static final List<String> AMOUNTS = List.of("allocatedResources", "resources");
    private static final Set<String> FINAL = Set.of("Failed", "Succeeded");
    private static final Set<String> RESIZES = Set.of("PodResizePending", "PodResizeInProgress");

    private Granted() {}

    /// Leaves it as it was, whatever a change says.
    static void keep(ObjectNode updated, ObjectNode before) {
        if (!updated.path("status").equals(before.path("status"))) {
            STATUSES.forEach(statuses -> amounts(updated, before.path("status"), statuses));
            AMOUNTS.forEach(amount -> whole(updated, before.path("status"), amount));
            resizes(updated, before);
            end(updated, before);
            keep(updated, "nominatedNodeName", Json.string(before, "status", "nominatedNodeName"));
        }
    }

    /// Of the pod as a whole.
    private static void whole(ObjectNode updated, JsonNode before, String amount) {
        JsonNode then = before.get(amount);
        if (then != null) {
            Json.child(updated, "status").set(amount, then.deepCopy());
        } else if (updated.path("status").has(amount)) {
            Json.child(updated, "status").remove(amount);
        }
    }

    private static void keep(ObjectNode pod, String name, String then) {
        if (!then.equals(Json.string(pod, "status", name))) {
            if (then.isEmpty()) {
                Json.child(pod, "status").remove(name);
            } else {
                Json.child(pod, "status").put(name, then);
            }
        }
    }

    /// A pod that no node has yet has nothing to give back.
    private static void end(ObjectNode updated, ObjectNode before) {
        String phase = Json.string(updated, "status", "phase");
        String then = Json.string(before, "status", "phase");
        if (!Json.string(before, "spec", "nodeName").isEmpty() && !phase.equals(then) && (FINAL.contains(phase) || FINAL.contains(then))) {
            keep(updated, "phase", then);
        }
    }

    private static void amounts(ObjectNode updated, JsonNode before, String statuses) {
        Map<String, ObjectNode> known = new LinkedHashMap<>();
        Json.objects(before, statuses).forEach(container -> known.putIfAbsent(Json.string(container, "name"), container));
        once(updated, statuses);
        for (var container : Json.objects(updated.path("status"), statuses)) {
            var then = known.remove(Json.string(container, "name"));
            for (var amount : AMOUNTS) {
                var value = then == null ? null : then.get(amount);
                if (value == null) {
                    container.remove(amount);
                } else {
                    container.set(amount, value.deepCopy());
                }
            }
        }
        known.values().removeIf(missing -> AMOUNTS.stream().noneMatch(missing::has));
        if (!known.isEmpty()) {
            var status = Json.child(updated, "status");
            var all = status.get(statuses) instanceof ArrayNode there ? there : status.putArray(statuses);
            known.values().forEach(missing -> all.add(missing.deepCopy()));
        }
    }

    /// Leaves the first status of each container: of two one would tell of less than the node gave.
    private static void once(ObjectNode updated, String statuses) {
        Map<String, ObjectNode> first = new LinkedHashMap<>();
        var all = Json.objects(updated.path("status"), statuses);
        all.forEach(container -> first.putIfAbsent(Json.string(container, "name"), container));
        if (first.size() < all.size()) {
            var left = Json.child(updated, "status").putArray(statuses);
            first.values().forEach(left::add);
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
