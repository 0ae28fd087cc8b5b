package io.hypernetes.apiserver.quota;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Quantity;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What one object uses, by the names that quotas count by.
final class Usage {
    private static final Quantity ONE = Quantity.of(1);
    private static final Set<String> COUNTED_BY_NAME = Set.of(
            "configmaps", "persistentvolumeclaims", "replicationcontrollers", "resourcequotas", "secrets", "services");
    private static final Set<String> SHORT = Set.of("cpu", "memory", "ephemeral-storage");

    private Usage() {}

    /// What an object counts for.
    static Map<String, Quantity> of(String group, String resource, ObjectNode object) {
        return of(group, resource, object, true);
    }

    /// What an object asks for, whatever others say that it has.
    static Map<String, Quantity> asked(String group, String resource, ObjectNode object) {
        return of(group, resource, object, false);
    }

    private static Map<String, Quantity> of(String group, String resource, ObjectNode object, boolean given) {
        var usage = new TreeMap<String, Quantity>();
        usage.put("count/" + resource + (group.isEmpty() ? "" : "." + group), ONE);
        if (!group.isEmpty()) {
            return usage;
        }
        if (COUNTED_BY_NAME.contains(resource)) {
            usage.put(resource, ONE);
        }
        var spec = object.path("spec");
        switch (resource) {
            case "pods" -> pod(usage, object, given);
            case "services" -> service(usage, spec);
            case "persistentvolumeclaims" -> claim(usage, object);
            default -> {}
        }
        return usage;
    }

    /// Whether a pod still uses something.
    static boolean runs(JsonNode pod) {
        var phase = Json.string(pod, "status", "phase");
        return !phase.equals("Succeeded") && !phase.equals("Failed");
    }

    private static void pod(Map<String, Quantity> usage, ObjectNode pod, boolean given) {
        if (!runs(pod)) {
            return;
        }
        usage.put("pods", ONE);
        var resources = given ? PodResources.counted(pod) : PodResources.of(pod.path("spec"));
        resources.requests().forEach((name, quantity) -> {
            usage.put("requests." + name, quantity);
            if (SHORT.contains(name)) {
                usage.put(name, quantity);
            }
        });
        resources.limits().forEach((name, quantity) -> usage.put("limits." + name, quantity));
    }

    private static void service(Map<String, Quantity> usage, JsonNode spec) {
        var type = Json.string(spec, "type");
        boolean balanced = type.equals("LoadBalancer");
        if (balanced) {
            usage.put("services.loadbalancers", ONE);
        }
        var allocates = spec.path("allocateLoadBalancerNodePorts");
        if (type.equals("NodePort") || (balanced && !(allocates.isBoolean() && !allocates.booleanValue()))) {
            usage.put("services.nodeports", Quantity.of(spec.path("ports").size()));
        }
    }

    private static void claim(Map<String, Quantity> usage, ObjectNode claim) {
        var size = size(claim);
        usage.put("requests.storage", size);
        var kind = storageClass(claim);
        if (!kind.isEmpty()) {
            usage.put(kind + ".storageclass.storage.k8s.io/requests.storage", size);
            usage.put(kind + ".storageclass.storage.k8s.io/persistentvolumeclaims", ONE);
        }
    }

    /// What a claim counts for (upstream's pkg/quota/v1/evaluator/core/persistent_volume_claims.go).
    static Quantity size(ObjectNode claim) {
        return PodResources.quantity(claim.path("spec").path("resources").path("requests").path("storage"))
                .max(PodResources.quantity(claim.path("status").path("allocatedResources").path("storage")));
    }

    /// The class of a claim or of a volume; empty for none.
    static String storageClass(ObjectNode object) {
        // The older word is the stronger.
        var old = Json.at(object, "metadata", "annotations", "volume.beta.kubernetes.io/storage-class");
        return old.isString() ? old.stringValue() : Json.string(object, "spec", "storageClassName");
    }
}
