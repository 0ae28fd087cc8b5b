package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Changes of the processor and memory of a running pod's containers, by its subresource `resize`.
final class PodResize {
    private static final List<String> LISTS = List.of("containers", "initContainers");
    private static final Set<String> MUTABLE = Set.of("cpu", "memory");

    private PodResize() {}

    /// Lets an update of the subresource change nothing but the resources of containers that are there.
    static void only(ObjectNode pod, ObjectNode old) {
        JsonNode spec = pod.path("spec").deepCopy();
        JsonNode owners = pod.path("metadata").get("managedFields");
        for (String name : List.copyOf(pod.propertyNames())) {
            pod.remove(name);
        }
        old.properties().forEach(member -> pod.set(member.getKey(), member.getValue().deepCopy()));
        for (String list : LISTS) {
            for (ObjectNode container : Json.objects(pod.path("spec"), list)) {
                String name = Json.string(container, "name");
                Json.objects(spec, list).stream()
                        .filter(c -> Json.string(c, "name").equals(name))
                        .findFirst()
                        .ifPresent(wanted -> {
                            Json.restore(container, wanted, "resources");
                            Json.restore(container, wanted, "resizePolicy");
                        });
            }
        }
        if (owners != null) {
            Json.child(pod, "metadata").set("managedFields", owners);
        }
    }

    static void validate(ObjectNode pod, ObjectNode old, Errors errors) {
        if (old.path("metadata").path("annotations").has("kubernetes.io/config.mirror")) {
            errors.forbidden("", "static pods cannot be resized");
            return;
        }
        String before = PodQos.of(old.path("spec"));
        String after = PodQos.of(pod.path("spec"));
        if (!before.equals(after)) {
            errors.invalid("spec", after, "Pod QOS Class may not change as a result of resizing");
        }
        for (String list : LISTS) {
            List<ObjectNode> now = Json.objects(pod.path("spec"), list);
            List<ObjectNode> then = Json.objects(old.path("spec"), list);
            for (int i = 0; i < now.size(); i++) {
                container(now.get(i), then.get(i), list, "spec." + list + "[" + i + "]", errors);
            }
        }
    }

    private static void container(ObjectNode now, ObjectNode then, String list, String at, Errors errors) {
        if (now.path("resources").equals(then.path("resources"))) {
            return;
        }
        if (list.equals("initContainers") && !Json.string(now, "restartPolicy").equals("Always")) {
            errors.forbidden(at + ".resources", "can not resize an init container that runs to its end");
            return;
        }
        for (String amounts : List.of("requests", "limits")) {
            JsonNode wanted = now.path("resources").path(amounts);
            JsonNode had = then.path("resources").path(amounts);
            Set<String> names = new TreeSet<>(wanted.propertyNames());
            names.addAll(had.propertyNames());
            for (String name : names) {
                if (wanted.path(name).equals(had.path(name))) {
                    continue;
                }
                if (!MUTABLE.contains(name)) {
                    errors.forbidden(at + ".resources." + amounts, "only cpu and memory resources are mutable");
                } else if (!wanted.has(name)) {
                    errors.forbidden(at + ".resources." + amounts + "." + name, "resource " + amounts + " cannot be removed");
                }
            }
        }
        if (!now.path("resources").path("claims").equals(then.path("resources").path("claims"))) {
            errors.forbidden(at + ".resources.claims", "only cpu and memory resources are mutable");
        }
    }
}
