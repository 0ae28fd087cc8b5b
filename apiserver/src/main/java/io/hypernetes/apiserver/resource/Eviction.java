package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.body.Body;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Store;
import java.io.IOException;
import java.time.Instant;
import tools.jackson.databind.node.ObjectNode;

/// Evicts a pod: deletes it in good order, when its disruption budget has room for that. Its status says so, for whoever counts its end.
final class Eviction {
    private static final String REASON = "EvictionByEvictionAPI";

    private final Store store;
    private final Deletes deletes;
    private final DisruptionBudget budget;

    Eviction(Store store, Deletes deletes) {
        this.store = store;
        this.deletes = deletes;
        this.budget = new DisruptionBudget(store);
    }

    void evict(ResourceRequest request) throws IOException {
        var body = Body.read(request.http().body(), request.http().header("Content-Type").orElse("")).object();
        var name = Json.string(body, "metadata", "name");
        var at = request.target();
        if (!name.isEmpty() && !name.equals(at.name())) {
            throw ApiStatus.badRequest("name in URL does not match name in Eviction object").asException();
        }
        var given = body.get("deleteOptions") instanceof ObjectNode options ? options : Json.object();
        var target = new Target(
                true, "delete", at.path(), "", "v1", "pods", at.namespace(), at.name(), "", false);
        var deletion = new ResourceRequest(
                request.http(), request.caller(), request.tenantPath(), target, request.kind(), request.now());
        var options = Deletes.Options.of(deletion, given).evicting();
        var current = store.get(deletion.key().text()).orElseThrow(() -> ApiStatus.notFound("", "pods", at.name()).asException());
        var pod = Json.readObject(current.value());
        // Looked at before the deletion does: the budget must not pay for a pod that is not the one meant.
        Deletes.checkPreconditions(deletion, options, pod, current);
        budget.take(deletion, pod, options.dryRun());
        deletes.delete(deletion, options);
        Answers.json(request.http(), 201, ApiStatus.success().toJson().put("code", 201));
    }

    /// Says in a pod's status that it is evicted, with the write that marks it for deletion: nobody sees the one without the other.
    static void tell(ObjectNode pod, Instant now) {
        var conditions = Json.array();
        for (var condition : Json.objects(pod.path("status"), "conditions")) {
            if (!Json.string(condition, "type").equals("DisruptionTarget")) {
                conditions.add(condition);
            } else if (Json.string(condition, "reason").equals(REASON)) {
                return;
            }
        }
        conditions.addObject()
                .put("type", "DisruptionTarget")
                .put("status", "True")
                .putNull("lastProbeTime")
                .put("lastTransitionTime", ApiTime.format(now))
                .put("reason", REASON)
                .put("message", "Eviction API: evicting")
                .put("observedGeneration", Json.number(pod, 0, "metadata", "generation"));
        Json.child(pod, "status").set("conditions", conditions);
    }
}
