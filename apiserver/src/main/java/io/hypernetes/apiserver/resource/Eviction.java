package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.request.Target;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.GroupVersion;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Store;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// Evicts a pod: deletes it in good order, when its disruption budget has room for that. Its status says so, for whoever counts its end.
final class Eviction {
    private static final String REASON = "EvictionByEvictionAPI";
    private static final GroupVersion VERSION = new GroupVersion("policy", "v1");
    private static final List<GroupVersion> OLDER = List.of(new GroupVersion("policy", "v1beta1"));
    private static final int ATTEMPTS = 20;

    private final Store store;
    private final Decoding decoding;
    private final NamespaceLifecycle lifecycle;
    private final Programmed dynamic;
    private final Deletes deletes;
    private final DisruptionBudget budget;

    Eviction(Store store, Decoding decoding, NamespaceLifecycle lifecycle, Programmed dynamic, Deletes deletes) {
        this.store = store;
        this.decoding = decoding;
        this.lifecycle = lifecycle;
        this.dynamic = dynamic;
        this.deletes = deletes;
        this.budget = new DisruptionBudget(store);
    }

    void evict(ResourceRequest request) throws IOException {
        var asked = decoding.object(request.http(), VERSION, OLDER, "Eviction", "policy.v1.Eviction");
        var at = request.target();
        var namespace = Json.string(asked, "metadata", "namespace");
        if (!namespace.isEmpty() && !namespace.equals(at.namespace())) {
            throw ApiStatus.badRequest("the namespace of the provided object does not match the namespace sent on the request").asException();
        }
        lifecycle.active(request, at.name());
        if (!Json.string(asked, "metadata", "name").equals(at.name())) {
            throw ApiStatus.badRequest("name in URL does not match name in Eviction object").asException();
        }
        Json.child(asked, "metadata").put("namespace", at.namespace());
        var admitted = dynamic.evict(request, asked);
        var target = new Target(
                true, "delete", at.path(), "", "v1", "pods", at.namespace(), at.name(), "", false);
        var deletion = new ResourceRequest(
                request.http(), request.caller(), request.tenantPath(), target, request.kind(), request.now());
        var options = Deletes.Options.of(deletion, admitted.get("deleteOptions") instanceof ObjectNode given ? given : Json.object()).evicting();
        evict(deletion, options);
        Answers.json(request.http(), 201, ApiStatus.success().toJson().put("code", 201));
    }

    /// What was judged of a pod holds only as long as the pod is as it was then: one that did not run may run and be ready by now.
    private void evict(ResourceRequest deletion, Deletes.Options options) {
        var name = deletion.target().name();
        for (int attempt = 1; ; attempt++) {
            var current = store.get(deletion.key().text()).orElseThrow(() -> ApiStatus.notFound("", "pods", name).asException());
            var pod = Json.readObject(current.value());
            // Looked at before the deletion does: the budget must not pay for a pod that is not the one meant.
            Deletes.checkPreconditions(deletion, options, pod, current);
            var leave = budget.take(deletion, pod, options.dryRun());
            boolean bound = leave.asSeen() && options.revision().isEmpty();
            try {
                deletes.delete(deletion, bound ? options.withRevision(current.revision()) : options);
                return;
            } catch (ApiException changed) {
                if (!bound || changed.status().code() != 409) {
                    throw changed;
                }
                if (!leave.budget().isEmpty()) {
                    throw DisruptionBudget.processed(leave.budget());
                }
                if (attempt >= ATTEMPTS) {
                    throw changed;
                }
            }
        }
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
