package io.hypernetes.apiserver.admission;

import io.hypernetes.apiserver.quota.PodResources;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Store;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Gives a new pod what its RuntimeClass, which is the operator's in every tenant, says: its overhead, where that is more than the machine around the pod costs anyway, and where it may run.
public final class RuntimeClasses {
    private final Store store;

    public RuntimeClasses(Store store) {
        this.store = store;
    }

    /// Completes a new pod, which has the overhead of its machine already.
    ///
    /// @throws io.hypernetes.objects.ApiException 403 when there is no such class, or pod and class want different nodes
    public void pod(ObjectNode pod) {
        var spec = Json.child(pod, "spec");
        var name = Json.string(spec, "runtimeClassName");
        if (name.isEmpty()) {
            return;
        }
        var found = find(name).orElseThrow(() -> refused(pod, "pod rejected: RuntimeClass \"" + name + "\" not found"));
        for (var cost : found.path("overhead").path("podFixed").properties()) {
            var overhead = Json.child(spec, "overhead");
            // A class may ask for more than the machine costs, never for less.
            if (PodResources.quantity(cost.getValue()).compareTo(PodResources.quantity(overhead.path(cost.getKey()))) > 0) {
                overhead.set(cost.getKey(), cost.getValue());
            }
        }
        place(pod, spec, found.path("scheduling"));
    }

    /// Refuses a new pod that says itself what it costs, unless it says what its class says or what it was given here: that one is made anew as it was read
    /// (`plugin/pkg/admission/runtimeclass/admission.go`).
    ///
    /// @param pod as completed by [#pod]
    /// @param own what it said before
    /// @throws io.hypernetes.objects.ApiException 403
    public void checkOverhead(ObjectNode pod, JsonNode own) {
        if (own.isEmpty() || isSame(own, pod.path("spec").path("overhead"))) {
            return;
        }
        var wanted = find(Json.string(pod, "spec", "runtimeClassName")).map(found -> found.path("overhead").path("podFixed")).orElse(Json.object());
        if (wanted.isEmpty()) {
            throw refused(pod, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
        }
        if (!isSame(own, wanted)) {
            throw refused(pod, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
        }
    }

    private static boolean isSame(JsonNode one, JsonNode other) {
        return one.size() == other.size()
                && one.properties().stream().allMatch(cost -> other.has(cost.getKey())
                        && PodResources.quantity(cost.getValue()).compareTo(PodResources.quantity(other.path(cost.getKey()))) == 0);
    }

    private Optional<ObjectNode> find(String name) {
        return name.isEmpty()
                ? Optional.empty()
                : store.get(new ObjectKey(Caller.ROOT, "node.k8s.io", "runtimeclasses", "", name).text()).map(entry -> Json.readObject(entry.value()));
    }

    private static void place(ObjectNode pod, ObjectNode spec, JsonNode scheduling) {
        for (var label : scheduling.path("nodeSelector").properties()) {
            var own = spec.path("nodeSelector").path(label.getKey());
            if (own.isString() && !own.equals(label.getValue())) {
                throw refused(pod, "conflict: runtimeClass.scheduling.nodeSelector[%s] = %s; pod.spec.nodeSelector[%s] = %s"
                        .formatted(label.getKey(), label.getValue().asString(""), label.getKey(), own.asString("")));
            }
            Json.child(spec, "nodeSelector").set(label.getKey(), label.getValue());
        }
        for (var toleration : Json.objects(scheduling, "tolerations")) {
            var present = spec.withArray("tolerations");
            boolean has = false;
            for (var one : present) {
                has |= one.equals(toleration);
            }
            if (!has) {
                present.add(toleration.deepCopy());
            }
        }
    }

    private static RuntimeException refused(ObjectNode pod, String why) {
        return ApiStatus.forbidden("", "pods", Json.string(pod, "metadata", "name"), why).asException();
    }
}
