package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.StoredTrees;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Store;
import java.util.List;

/// Lets nothing be made in a namespace that is being deleted or that there is none of: no objects, and nothing of an object that is there already, such as a
/// token, a binding or an eviction (upstream's apiserver, `pkg/admission/plugin/namespace/lifecycle/admission.go`).
final class NamespaceLifecycle {
    private final Store store;
    private final StoredTrees trees;

    NamespaceLifecycle(Store store, StoredTrees trees) {
        this.store = store;
        this.trees = trees;
    }

    /// The namespace of a request in which something is made, which may go on as long as that stays as it is.
    ///
    /// @param name of what is made, or of whose part it is; empty when it has none yet
    /// @throws io.hypernetes.objects.ApiException 404 when there is no such namespace, 403 when it is being deleted
    Entry active(ResourceRequest request, String name) {
        var namespace = request.target().namespace();
        var entry = store.get(new ObjectKey(request.tenant(), "", "namespaces", "", namespace).text())
                .orElseThrow(() -> ApiStatus.notFound("", "namespaces", namespace).asException());
        if (!Json.string(trees.of(entry), "metadata", "deletionTimestamp").isEmpty()) {
            throw terminating(request, namespace, name).asException();
        }
        return entry;
    }

    private static ApiStatus terminating(ResourceRequest request, String namespace, String name) {
        // Of what is bound by its own path upstream says so too.
        var type = request.kind().type();
        var status = ApiStatus.forbidden(
                type.group(), type.resource(), name, "unable to create new content in namespace " + namespace + " because it is being terminated");
        var cause = new ApiStatus.Cause("NamespaceTerminating", "namespace " + namespace + " is being terminated", "metadata.namespace");
        return new ApiStatus(
                status.code(), status.reason(), status.message(), new ApiStatus.Details(type.group(), type.resource(), name, "", List.of(cause), 0));
    }
}
