package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What may change in a pod that exists: images, the active deadline downwards, more tolerations, fewer scheduling gates.
final class PodUpdateValidation {
    private static final String ALLOWED = "pod updates may not change fields other than "
            + "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
            + "`spec.tolerations` (only additions to existing tolerations),"
            + "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

    private PodUpdateValidation() {}

    static void validate(ObjectNode pod, ObjectNode oldPod, Errors errors) {
        ObjectNode spec = spec(pod);
        ObjectNode old = spec(oldPod);
        int before = errors.count();
        if (Json.objects(spec, "containers").size() != Json.objects(old, "containers").size()) {
            errors.forbidden("spec.containers", "pod updates may not add or remove containers");
        }
        if (Json.objects(spec, "initContainers").size() != Json.objects(old, "initContainers").size()) {
            errors.forbidden("spec.initContainers", "pod updates may not add or remove containers");
        }
        if (errors.count() > before) {
            return;
        }
        deadline(spec, old, errors);
        tolerations(spec, old, errors);
        gates(spec, old, errors);
        long grace = Json.number(old, 0, "terminationGracePeriodSeconds");
        if (grace < 0 && Json.number(spec, 0, "terminationGracePeriodSeconds") == 1) {
            spec.set("terminationGracePeriodSeconds", Json.integer(grace));
        }
        for (String list : List.of("containers", "initContainers")) {
            List<ObjectNode> items = Json.objects(spec, list);
            List<ObjectNode> oldItems = Json.objects(old, list);
            for (int i = 0; i < items.size(); i++) {
                items.get(i).put("image", Json.string(oldItems.get(i), "image"));
            }
        }
        for (String free : List.of("activeDeadlineSeconds", "tolerations", "schedulingGates")) {
            spec.remove(free);
            old.remove(free);
        }
        if (!spec.equals(old)) {
            errors.forbidden("spec", ALLOWED + "\nchanged: " + String.join(", ", differences(spec, old)));
        }
    }

    private static void deadline(ObjectNode spec, ObjectNode old, Errors errors) {
        boolean had = Json.present(old.get("activeDeadlineSeconds"));
        boolean has = Json.present(spec.get("activeDeadlineSeconds"));
        long seconds = Json.number(spec, 0, "activeDeadlineSeconds");
        if (had && !has) {
            errors.invalid("spec.activeDeadlineSeconds", spec.path("activeDeadlineSeconds"), "must not update from a positive integer to nil value");
        } else if (had && seconds > Json.number(old, 0, "activeDeadlineSeconds")) {
            errors.invalid(
                    "spec.activeDeadlineSeconds",
                    seconds,
                    "must be less than or equal to previous value");
        }
    }

    private static void tolerations(ObjectNode spec, ObjectNode old, Errors errors) {
        Set<ObjectNode> kept = new HashSet<>();
        Json.objects(spec, "tolerations").forEach(t -> kept.add(withoutSeconds(t)));
        for (ObjectNode toleration : Json.objects(old, "tolerations")) {
            if (!kept.contains(withoutSeconds(toleration))) {
                errors.forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds");
                return;
            }
        }
    }

    private static ObjectNode withoutSeconds(ObjectNode toleration) {
        ObjectNode copy = toleration.deepCopy();
        copy.remove("tolerationSeconds");
        return copy;
    }

    private static void gates(ObjectNode spec, ObjectNode old, Errors errors) {
        Set<String> before =
                Json.objects(old, "schedulingGates").stream().map(g -> Json.string(g, "name")).collect(Collectors.toSet());
        for (ObjectNode gate : Json.objects(spec, "schedulingGates")) {
            if (!before.contains(Json.string(gate, "name"))) {
                errors.forbidden("spec.schedulingGates", "only deletion is allowed, but found new scheduling gate '"
                        + Json.string(gate, "name") + "'");
            }
        }
    }

    private static TreeSet<String> differences(ObjectNode a, ObjectNode b) {
        TreeSet<String> names = new TreeSet<>();
        TreeSet<String> all = new TreeSet<>(a.propertyNames());
        all.addAll(b.propertyNames());
        for (String name : all) {
            JsonNode left = a.path(name);
            if (!left.equals(b.path(name))) {
                names.add("spec." + name);
            }
        }
        return names;
    }

    private static ObjectNode spec(ObjectNode pod) {
        return pod.get("spec") instanceof ObjectNode spec ? spec.deepCopy() : Json.object();
    }
}
