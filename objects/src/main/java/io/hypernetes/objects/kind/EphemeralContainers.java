package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The containers that are added to a pod while it runs, by its subresource `ephemeralcontainers`: once there, they neither change nor go.
final class EphemeralContainers {
    private static final String LIST = "ephemeralContainers";

    /// What makes no sense for a container that nothing waits for and nothing starts again.
    private static final List<String> NOT_ALLOWED =
            List.of("ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "resources", "resizePolicy", "restartPolicy");

    private static final String MIRROR = "kubernetes.io/config.mirror";
    private static final Set<String> ENDED = Set.of("Succeeded", "Failed");

    private EphemeralContainers() {}

    /// Lets an update of the subresource change nothing else.
    static void only(ObjectNode pod, ObjectNode old) {
        JsonNode wanted = pod.path("spec").get(LIST);
        JsonNode owners = pod.path("metadata").get("managedFields");
        for (String name : List.copyOf(pod.propertyNames())) {
            pod.remove(name);
        }
        old.properties().forEach(member -> pod.set(member.getKey(), member.getValue().deepCopy()));
        ObjectNode spec = Json.child(pod, "spec");
        if (wanted == null) {
            spec.remove(LIST);
        } else {
            spec.set(LIST, wanted);
        }
        if (owners != null) {
            Json.child(pod, "metadata").set("managedFields", owners);
        }
    }

    /// @param others the names of the pod's other containers
    static void validate(JsonNode spec, String path, Set<String> others, Set<String> volumes, Errors errors) {
        Set<String> names = new HashSet<>();
        List<ObjectNode> containers = Json.objects(spec, LIST);
        if (containers.size() > PodSpecValidation.MOST_CONTAINERS) {
            errors.add(FieldError.tooMany(path + "." + LIST, containers.size(), PodSpecValidation.MOST_CONTAINERS));
            return;
        }
        for (int i = 0; i < containers.size(); i++) {
            String at = path + "." + LIST + "[" + i + "]";
            ObjectNode container = containers.get(i);
            String name = Json.string(container, "name");
            if (!name.isEmpty() && (others.contains(name) || !names.add(name))) {
                errors.duplicate(at + ".name", name);
            }
            String target = Json.string(container, "targetContainerName");
            if (!target.isEmpty() && !others.contains(target)) {
                errors.add(FieldError.notFound(at + ".targetContainerName", target));
            }
            for (String field : NOT_ALLOWED) {
                if (!container.path(field).isEmpty() || (container.path(field).isValueNode() && Json.present(container.get(field)))) {
                    errors.forbidden(at + "." + field, "cannot be set for an Ephemeral Container");
                }
            }
            List<ObjectNode> mounts = Json.objects(container, "volumeMounts");
            for (int j = 0; j < mounts.size(); j++) {
                for (String field : List.of("subPath", "subPathExpr")) {
                    if (!Json.string(mounts.get(j), field).isEmpty()) {
                        errors.forbidden(at + ".volumeMounts[" + j + "]." + field, "cannot be set for an Ephemeral Container");
                    }
                }
            }
            ObjectNode plain = container.deepCopy();
            plain.remove(NOT_ALLOWED);
            new ContainerValidation(plain, at, false, volumes, spec, errors).run();
        }
    }

    static void validateUpdate(ObjectNode pod, ObjectNode old, Errors errors) {
        if (old.path("metadata").path("annotations").has(MIRROR)) {
            errors.forbidden("", "static pods do not support ephemeral containers");
            return;
        }
        Map<String, ObjectNode> now = byName(pod);
        String phase = Json.string(old, "status", "phase");
        // Its machine is gone, and whoever waits for the container to run would wait for ever.
        if (ENDED.contains(phase) && !byName(old).keySet().containsAll(now.keySet())) {
            errors.forbidden("spec." + LIST, "the pod has ended (phase " + phase + ") and starts no container any more; use a copy of it (kubectl debug --copy-to)");
        }
        byName(old).forEach((name, container) -> {
            ObjectNode same = now.get(name);
            if (same == null) {
                errors.forbidden("spec." + LIST, "existing ephemeral containers \"" + name + "\" may not be removed\n");
            } else if (!same.equals(container)) {
                errors.forbidden("spec." + LIST, "existing ephemeral containers \"" + name + "\" may not be changed\n");
            }
        });
    }

    private static Map<String, ObjectNode> byName(ObjectNode pod) {
        Map<String, ObjectNode> byName = new LinkedHashMap<>();
        Json.objects(pod.path("spec"), LIST).forEach(container -> byName.put(Json.string(container, "name"), container));
        return byName;
    }
}
