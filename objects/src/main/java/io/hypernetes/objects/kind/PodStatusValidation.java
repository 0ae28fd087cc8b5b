package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What a node may tell of a pod, as upstream's `ValidatePodStatusUpdate` has it.
final class PodStatusValidation {
    private static final Set<String> SYSTEM_CONDITIONS = Set.of("PodScheduled", "Ready", "Initialized");

    private PodStatusValidation() {}

    static void validate(ObjectNode pod, ObjectNode old, Errors errors) {
        JsonNode now = pod.path("status");
        JsonNode before = old.path("status");
        conditions(now, before, errors);
        String nominated = Json.string(now, "nominatedNodeName");
        if (!nominated.isEmpty() && !nominated.equals(Json.string(before, "nominatedNodeName"))) {
            errors.invalid("status.nominatedNodeName", nominated, Names.subdomain(nominated));
        }
        String qos = Json.string(now, "qosClass");
        // A pod that was stored without one gets it from its node.
        if (Json.present(before.get("qosClass")) && !qos.equals(Json.string(before, "qosClass"))) {
            errors.invalid("status.qosClass", qos, WorkloadValidation.IMMUTABLE);
        }
        String restart = Json.string(old, "spec", "restartPolicy");
        ended(now, before, "containerStatuses", restart, Set.of(), errors);
        ended(now, before, "initContainerStatuses", restart, sidecars(old), errors);
        ended(now, before, "ephemeralContainerStatuses", "Never", Set.of(), errors);
        claims(pod, errors);
        // Those of the pod itself were valid when they were written.
        for (String list : List.of("podIPs", "hostIPs")) {
            errors.addNew(found -> addresses(now, list, found), known -> addresses(before, list, known));
        }
    }

    /// One that was stored before this was asked for stays, wherever it comes to stand, or nobody could tell anything of the pod.
    private static void conditions(JsonNode now, JsonNode before, Errors errors) {
        Set<String> taken = new HashSet<>(SYSTEM_CONDITIONS);
        Json.objects(before, "conditions").forEach(condition -> taken.add(Json.string(condition, "type")));
        List<ObjectNode> conditions = Json.objects(now, "conditions");
        for (int i = 0; i < conditions.size(); i++) {
            String type = Json.string(conditions.get(i), "type");
            if (!taken.contains(type)) {
                // Upstream says so.
                errors.invalid("metadata.conditions[" + i + "].Type", type, Names.qualified(type));
            }
        }
    }

    private static Set<String> sidecars(ObjectNode pod) {
        Set<String> names = new HashSet<>();
        for (ObjectNode container : Json.objects(pod.path("spec"), "initContainers")) {
            if (Json.string(container, "restartPolicy").equals("Always")) {
                names.add(Json.string(container, "name"));
            }
        }
        return names;
    }

    /// What has ended and may not be started again has ended for ever.
    private static void ended(JsonNode now, JsonNode before, String list, String restart, Set<String> restarted, Errors errors) {
        if (restart.equals("Always")) {
            return;
        }
        Set<String> running = new HashSet<>();
        for (ObjectNode each : Json.objects(now, list)) {
            if (!each.path("state").path("terminated").isObject()) {
                running.add(Json.string(each, "name"));
            }
        }
        List<ObjectNode> known = Json.objects(before, list);
        for (int i = 0; i < known.size(); i++) {
            JsonNode end = known.get(i).path("state").path("terminated");
            String name = Json.string(known.get(i), "name");
            boolean over = end.isObject() && !(restart.equals("OnFailure") && Json.number(end, 0, "exitCode") != 0);
            if (over && !restarted.contains(name) && running.contains(name)) {
                errors.forbidden("status." + list + "[" + i + "].state", "may not be transitioned to non-terminated state");
            }
        }
    }

    private static void claims(ObjectNode pod, Errors errors) {
        Set<String> wanted = new HashSet<>();
        Json.objects(pod.path("spec"), "resourceClaims").forEach(claim -> wanted.add(Json.string(claim, "name")));
        Set<String> seen = new HashSet<>();
        List<ObjectNode> claims = Json.objects(pod.path("status"), "resourceClaimStatuses");
        for (int i = 0; i < claims.size(); i++) {
            String at = "status.resourceClaimStatuses[" + i + "].name";
            String name = Json.string(claims.get(i), "name");
            if (!wanted.contains(name)) {
                errors.invalid(at, name, "must match the name of an entry in `spec.resourceClaims`");
            }
            if (!seen.add(name)) {
                errors.duplicate(at, name);
            }
            if (Json.present(claims.get(i).get("resourceClaimName"))) {
                String claim = Json.string(claims.get(i), "resourceClaimName");
                errors.invalid(at, claim, Names.subdomain(claim));
            }
        }
    }

    /// At most one address of each family.
    private static void addresses(JsonNode status, String list, Errors errors) {
        String at = "status." + list;
        List<ObjectNode> addresses = Json.objects(status, list);
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < addresses.size(); i++) {
            String ip = Json.string(addresses.get(i), "ip");
            errors.invalid(at + "[" + i + "]", ip, Addresses.address(ip));
            if (!seen.add(ip)) {
                errors.add(io.hypernetes.objects.FieldError.duplicate(at + "[" + i + "]", addresses.get(i)));
            }
        }
        long sixes = seen.stream().filter(ip -> ip.contains(":")).count();
        if (addresses.size() > 2 || (addresses.size() == 2 && sixes != 1)) {
            errors.invalid(at, status.path(list), "may specify no more than one IP for each IP family");
        }
    }
}
