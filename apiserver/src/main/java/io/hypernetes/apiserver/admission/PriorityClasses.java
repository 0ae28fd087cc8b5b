package io.hypernetes.apiserver.admission;

import io.hypernetes.apiserver.storage.BaseLayer;
import io.hypernetes.apiserver.storage.LayeredStore;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.StoredTrees;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.ResourceType;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import tools.jackson.databind.node.ObjectNode;

/// Gives a new pod the priority of its class: the one it names, else the tenant's default, else none. Every tenant has the two classes of the
/// system; a priority only ever counts among pods of one tenant.
public final class PriorityClasses {
    private static final String GROUP = "scheduling.k8s.io";
    private static final String RESOURCE = "priorityclasses";
    private static final String CLUSTER_CRITICAL = "system-cluster-critical";
    private static final String NODE_CRITICAL = "system-node-critical";
    private static final Set<String> SYSTEM = Set.of(CLUSTER_CRITICAL, NODE_CRITICAL);

    private final LayeredStore store;
    private final StoredTrees trees;

    /// @param store with the layer of [#layer]
    public PriorityClasses(LayeredStore store, StoredTrees trees) {
        this.store = store;
        this.trees = trees;
    }

    /// The layer that holds the classes of the system.
    public static BaseLayer layer() {
        return BaseLayer.of(GROUP, Map.of(RESOURCE, List.of(
                system(CLUSTER_CRITICAL, 2_000_000_000,
                        "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary."),
                system(NODE_CRITICAL, 2_000_001_000,
                        "Used for system critical pods that must not be moved from their current node."))));
    }

    /// Checks that a class is not a second one for pods that name none (plugin/pkg/admission/priority).
    ///
    /// @throws io.hypernetes.objects.ApiException 403 that names the other one
    public void onlyDefault(String tenant, ObjectNode made, ObjectNode old) {
        // One that was the default before stays it, also where there are two from the time when nobody looked: neither could be written otherwise.
        if (!Json.flag(made, "globalDefault") || Json.flag(old, "globalDefault")) {
            return;
        }
        var present = fallback(tenant);
        var name = Json.string(made, "metadata", "name");
        if (present != null) {
            throw ApiStatus.forbidden(
                            GROUP,
                            RESOURCE,
                            name,
                            "PriorityClass " + Json.string(present, "metadata", "name") + " is already marked as default. Only one default can exist")
                    .asException();
        }
    }

    /// Checks that what is deleted by its name is no class of the system (pkg/registry/scheduling/priorityclass/storage).
    ///
    /// @throws io.hypernetes.objects.ApiException 403 when it is
    public static void checkDelete(ResourceType type, String name) {
        if (type.is(GROUP, RESOURCE) && SYSTEM.contains(name)) {
            throw ApiStatus.forbidden(GROUP, RESOURCE, name, "this is a system priority class and cannot be deleted").asException();
        }
    }

    /// Completes a new pod.
    ///
    /// @throws io.hypernetes.objects.ApiException 403 when there is no such class or the pod claims another priority than its class has
    public void pod(String tenant, ObjectNode pod) {
        var spec = Json.child(pod, "spec");
        var name = Json.string(spec, "priorityClassName");
        ObjectNode found = null;
        if (name.isEmpty()) {
            found = fallback(tenant);
            if (found != null) {
                name = Json.string(found, "metadata", "name");
                spec.put("priorityClassName", name);
            }
        } else {
            var wanted = name;
            found = store.get(new ObjectKey(tenant, GROUP, RESOURCE, "", name).text())
                    .map(trees::of)
                    .orElseThrow(() -> refused(pod, "no PriorityClass with name " + wanted + " was found"));
        }
        long value = found == null ? 0 : Json.number(found, 0, "value");
        if (Json.present(spec.get("priority")) && Json.number(spec, value, "priority") != value) {
            throw refused(pod, "the integer value of priority (%d) must not be provided in pod spec; priority admission controller computed %d from the given PriorityClass name"
                    .formatted(Json.number(spec, 0, "priority"), value));
        }
        spec.set("priority", Json.integer(value));
        var policy = found == null ? "" : Json.string(found, "preemptionPolicy");
        var preemption = policy.isEmpty() ? "PreemptLowerPriority" : policy;
        var given = Json.string(spec, "preemptionPolicy");
        if (!given.isEmpty() && !given.equals(preemption)) {
            throw refused(pod, "the string value of PreemptionPolicy (%s) must not be provided in pod spec; priority admission controller computed %s from the given PriorityClass name"
                    .formatted(given, preemption));
        }
        spec.put("preemptionPolicy", preemption);
    }

    /// The class of pods that name none: of several, the one of the lowest value.
    private @org.jspecify.annotations.Nullable ObjectNode fallback(String tenant) {
        ObjectNode lowest = null;
        // Those of the system are nobody's default.
        for (var entry : store.listOwn(ObjectKey.prefix(tenant, GROUP, RESOURCE), "", 0).entries()) {
            var found = trees.of(entry);
            if (Json.flag(found, "globalDefault")
                    && (lowest == null || Json.number(found, 0, "value") < Json.number(lowest, 0, "value"))) {
                lowest = found;
            }
        }
        return lowest;
    }

    private static ObjectNode system(String name, long value, String description) {
        var object = Json.object();
        object.put("apiVersion", GROUP + "/v1");
        object.put("kind", "PriorityClass");
        var metadata = object.putObject("metadata");
        metadata.put("name", name);
        metadata.put("uid", UUID.nameUUIDFromBytes(("PriorityClass/" + name).getBytes(StandardCharsets.UTF_8)).toString());
        metadata.put("creationTimestamp", "2026-01-01T00:00:00Z");
        metadata.set("generation", Json.integer(1));
        object.set("value", Json.integer(value));
        object.put("description", description);
        object.put("preemptionPolicy", "PreemptLowerPriority");
        return object;
    }

    private static RuntimeException refused(ObjectNode pod, String why) {
        return ApiStatus.forbidden("", "pods", Json.string(pod, "metadata", "name"), why).asException();
    }
}
