package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.body.Body;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.store.ConflictException;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// Gives a pod its node: the one way by which `spec.nodeName` of a stored pod changes.
final class Bindings {
    private static final int ATTEMPTS = 30;

    private final Store store;
    private final NamespaceLifecycle lifecycle;

    Bindings(Store store, NamespaceLifecycle lifecycle) {
        this.store = store;
        this.lifecycle = lifecycle;
    }

    void bind(ResourceRequest request) throws IOException {
        var binding = Body.read(request.http().body(), request.http().header("Content-Type").orElse("")).object();
        var name = request.target().name().isEmpty()
                ? Json.string(binding, "metadata", "name")
                : request.target().name();
        var node = Json.string(binding, "target", "name");
        if (!request.caller().tenant().equals(Caller.ROOT)) {
            throw ApiStatus.forbidden("", "pods", name, "a tenant cannot choose the node of a pod").asException();
        }
        lifecycle.active(request, name);
        // As ValidatePodBinding of pkg/apis/core/validation.
        var errors = new ArrayList<FieldError>();
        var kind = Json.string(binding, "target", "kind");
        if (!List.of("", "Node").contains(kind)) {
            errors.add(FieldError.notSupported("target.kind", kind, List.of("Node", "<empty>")));
        }
        if (node.isEmpty()) {
            errors.add(FieldError.required("target.name", ""));
        }
        if (!errors.isEmpty()) {
            throw ApiStatus.invalid("", "Binding", name, errors).asException();
        }
        bind(request, name, node, binding);
        Answers.json(request.http(), 201, ApiStatus.success().toJson().put("code", 201));
    }

    private void bind(ResourceRequest request, String name, String node, ObjectNode binding) {
        var key = new ObjectKey(request.tenant(), "", "pods", request.target().namespace(), name).text();
        for (int attempt = 1; ; attempt++) {
            var current = store.get(key).orElseThrow(() -> ApiStatus.notFound("", "pods", name).asException());
            var pod = Json.readObject(current.value());
            var uid = Json.string(binding, "metadata", "uid");
            if (!uid.isEmpty() && !uid.equals(Json.string(pod, "metadata", "uid"))) {
                throw conflict(name, "Precondition failed: UID in precondition: " + uid + ", UID in object meta: "
                        + Json.string(pod, "metadata", "uid"));
            }
            if (!Json.string(pod, "metadata", "deletionTimestamp").isEmpty()) {
                throw conflict(name, "pod " + name + " is being deleted, cannot be assigned to a host");
            }
            var already = Json.string(pod, "spec", "nodeName");
            if (!already.isEmpty()) {
                throw conflict(name, "pod " + name + " is already assigned to node \"" + already + "\"");
            }
            if (!pod.path("spec").path("schedulingGates").isEmpty()) {
                throw conflict(name, "pod " + name + " has non-empty .spec.schedulingGates");
            }
            assign(pod, node, binding, ApiTime.format(request.now()));
            if (request.dryRun()) {
                return;
            }
            try {
                store.commit(List.of(new Operation.Put(key, current.revision(), StoredForm.encoder(pod))));
                return;
            } catch (ConflictException e) {
                if (attempt >= ATTEMPTS) {
                    throw ApiStatus.modified("", "pods", name).asException();
                }
            }
        }
    }

    private static void assign(ObjectNode pod, String node, ObjectNode binding, String now) {
        Json.child(pod, "spec").put("nodeName", node);
        for (var part : List.of("annotations", "labels")) {
            if (Json.at(binding, "metadata", part) instanceof ObjectNode given && !given.isEmpty()) {
                var target = Json.child(Json.child(pod, "metadata"), part);
                given.properties().forEach(member -> {
                    if (!member.getKey().equals(StoredForm.TENANT_ANNOTATION)) {
                        target.set(member.getKey(), member.getValue());
                    }
                });
            }
        }
        var conditions = Json.array();
        for (var condition : Json.objects(pod.path("status"), "conditions")) {
            if (!Json.string(condition, "type").equals("PodScheduled")) {
                conditions.add(condition);
            }
        }
        var scheduled = conditions.addObject();
        scheduled.put("type", "PodScheduled");
        scheduled.put("status", "True");
        scheduled.putNull("lastProbeTime");
        scheduled.put("lastTransitionTime", now);
        Json.child(pod, "status").set("conditions", conditions);
    }

    private static RuntimeException conflict(String name, String why) {
        return ApiStatus.conflict("", "pods/binding", name, why).asException();
    }
}
