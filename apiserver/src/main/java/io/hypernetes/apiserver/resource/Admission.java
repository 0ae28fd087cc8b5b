package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.tenant.Tenants;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/// What is decided about an object after it is understood and before it is validated: by its kind, its surroundings, and
/// who brings it.
final class Admission {
    private final Store store;
    private final Tenants tenants;
    private final PodAdmission pods;

    Admission(Store store, Tenants tenants, PodAdmission pods) {
        this.store = store;
        this.tenants = tenants;
        this.pods = pods;
    }

    /// Admits a new object, completing it.
    ///
    /// @return what else the commit must check or write
    List<Operation> create(ResourceRequest request, ObjectNode object) {
        var operations = new ArrayList<Operation>();
        if (request.kind().type().namespaced()) {
            operations.add(activeNamespace(request, object));
        }
        switch (request.kind().type().resource()) {
            case "pods" -> pods.create(request, object);
            case "namespaces" -> {
                if (!request.tenant().equals(Caller.ROOT)) {
                    operations.add(activeTenant(request, object));
                }
                Tenants.complete(object);
            }
            case "tenants" -> operations.addAll(tenant(request, object));
            case "nodes", "leases" -> ownName(request, object);
            case "certificatesigningrequests" -> signingRequest(request, object);
            case "events" -> event(request, object);
            default -> {}
        }
        return operations;
    }

    /// Called once a new object is committed, before its creator is answered.
    void created(ResourceRequest request, String name) {
        if (request.kind().type().resource().equals("tenants")) {
            tenants.made(name);
        }
    }

    /// Admits a change.
    void update(ResourceRequest request, ObjectNode updated, ObjectNode old) {
        switch (request.kind().type().resource()) {
            case "events" -> event(request, updated);
            case "namespaces" -> {
                if (!request.target().subresource().equals("finalize")) {
                    // Only the finalize subresource lets go of a namespace.
                    Json.child(updated, "spec").set("finalizers", Json.at(old, "spec", "finalizers").isArray()
                            ? Json.at(old, "spec", "finalizers")
                            : Json.array());
                }
            }
            default -> {}
        }
        if (!Json.string(old, "metadata", "deletionTimestamp").isEmpty()) {
            noNewFinalizers(request, updated, old);
        }
    }

    private Operation activeNamespace(ResourceRequest request, ObjectNode object) {
        var name = request.target().namespace();
        var key = new ObjectKey(request.tenant(), "", "namespaces", "", name).text();
        var entry = store.get(key)
                .orElseThrow(() -> ApiStatus.notFound("", "namespaces", name).asException());
        if (!Json.string(Json.readObject(entry.value()), "metadata", "deletionTimestamp").isEmpty()) {
            var type = request.kind().type();
            var status = ApiStatus.forbidden(
                    type.group(),
                    type.resource(),
                    Json.string(object, "metadata", "name"),
                    "unable to create new content in namespace " + name + " because it is being terminated");
            throw new ApiStatus(
                            status.code(),
                            status.reason(),
                            status.message(),
                            new ApiStatus.Details(
                                    type.group(),
                                    type.resource(),
                                    Json.string(object, "metadata", "name"),
                                    "",
                                    List.of(new ApiStatus.Cause(
                                            "NamespaceTerminating",
                                            "namespace " + name + " is being terminated",
                                            "metadata.namespace")),
                                    0))
                    .asException();
        }
        return new Operation.Check(key, entry.revision());
    }

    private Operation activeTenant(ResourceRequest request, ObjectNode object) {
        var key = new ObjectKey(Caller.ROOT, "hypernetes.io", "tenants", "", request.tenant()).text();
        var entry = store.get(key)
                .orElseThrow(() -> ApiStatus.notFound("hypernetes.io", "tenants", request.tenant())
                        .asException());
        if (!Json.string(Json.readObject(entry.value()), "metadata", "deletionTimestamp").isEmpty()) {
            throw ApiStatus.forbidden(
                            "",
                            "namespaces",
                            Json.string(object, "metadata", "name"),
                            "the tenant is being deleted")
                    .asException();
        }
        return new Operation.Check(key, entry.revision());
    }

    private List<Operation> tenant(ResourceRequest request, ObjectNode object) {
        var name = Json.string(object, "metadata", "name");
        var wrong = Names.label(name);
        if (!wrong.isEmpty() || name.equals(Caller.ROOT)) {
            throw ApiStatus.invalid(
                            "hypernetes.io",
                            "Tenant",
                            name,
                            List.of(FieldError.invalid(
                                    "metadata.name",
                                    name,
                                    wrong.isEmpty() ? "this is the operator's own tenant" : wrong.getFirst())))
                    .asException();
        }
        var finalizers = Json.child(object, "metadata").withArray("finalizers");
        boolean held = false;
        for (var finalizer : finalizers) {
            held |= finalizer.asString("").equals(Tenants.FINALIZER);
        }
        if (!held) {
            finalizers.add(Tenants.FINALIZER);
        }
        Json.child(object, "status").put("phase", "Active");
        return tenants.base(name, request.now());
    }

    private static void ownName(ResourceRequest request, ObjectNode object) {
        var node = request.caller().node();
        var name = Json.string(object, "metadata", "name");
        if (node.isPresent() && !node.get().equals(name)) {
            var type = request.kind().type();
            throw ApiStatus.forbidden(
                            type.group(), type.resource(), name, "node " + node.get() + " may only create its own")
                    .asException();
        }
    }

    private static void signingRequest(ResourceRequest request, ObjectNode object) {
        var spec = Json.child(object, "spec");
        spec.remove(Set.of("uid", "extra"));
        spec.put("username", request.caller().user());
        var groups = spec.putArray("groups");
        request.caller().groups().forEach(groups::add);
    }

    /// A node tells only of itself and of pods that are bound to it.
    private void event(ResourceRequest request, ObjectNode object) {
        var node = request.caller().node();
        if (node.isEmpty()) {
            return;
        }
        var about = object.has("involvedObject") ? object.path("involvedObject") : object.path("regarding");
        boolean allowed =
                switch (Json.string(about, "kind")) {
                    case "Node" -> request.tenant().equals(Caller.ROOT) && Json.string(about, "name").equals(node.get());
                    case "Pod" ->
                        Json.string(about, "namespace").equals(request.target().namespace())
                                && store.get(new ObjectKey(
                                                        request.tenant(),
                                                        "",
                                                        "pods",
                                                        request.target().namespace(),
                                                        Json.string(about, "name"))
                                                .text())
                                        .map(entry -> Json.string(Json.readObject(entry.value()), "spec", "nodeName"))
                                        .filter(node.get()::equals)
                                        .isPresent();
                    default -> false;
                };
        if (!allowed) {
            throw ApiStatus.forbidden(
                            "",
                            "events",
                            Json.string(object, "metadata", "name"),
                            "node " + node.get() + " may only tell of itself and of the pods bound to it")
                    .asException();
        }
    }

    private static void noNewFinalizers(ResourceRequest request, ObjectNode updated, ObjectNode old) {
        var before = new java.util.HashSet<String>();
        Json.at(old, "metadata", "finalizers").forEach(finalizer -> before.add(finalizer.asString("")));
        for (var finalizer : Json.at(updated, "metadata", "finalizers")) {
            if (!before.contains(finalizer.asString(""))) {
                throw request.kind()
                        .invalid(
                                updated,
                                List.of(FieldError.forbidden(
                                        "metadata.finalizers",
                                        "no new finalizers can be added if the object is being deleted, found new finalizers \""
                                                + finalizer.asString("") + "\"")))
                        .asException();
            }
        }
    }
}
