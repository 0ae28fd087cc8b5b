package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.admission.LimitRanges;
import io.hypernetes.apiserver.admission.ObjectWarnings;
import io.hypernetes.apiserver.admission.PodSecurity;
import io.hypernetes.apiserver.admission.PodWarnings;
import io.hypernetes.apiserver.admission.StorageClasses;
import io.hypernetes.apiserver.storage.LayeredStore;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.StoredTrees;
import io.hypernetes.objects.Json;
import java.util.function.Consumer;
import java.util.function.Supplier;
import tools.jackson.databind.node.ObjectNode;

/// What is judged of an object once nobody changes it any more and it is valid, and what its writer is warned of: upstream's plugins of the validating phase and
/// the warnings of its strategies, which come after mutation and validation too (`Store.Create` and `Store.Update` of apiserver's
/// `pkg/registry/generic/registry/store.go`).
final class Judgement {
    private final LayeredStore store;
    private final StoredTrees trees;
    private final LimitRanges limits;
    private final StorageClasses storage;

    Judgement(LayeredStore store, StoredTrees trees, LimitRanges limits, StorageClasses storage) {
        this.store = store;
        this.trees = trees;
        this.limits = limits;
        this.storage = storage;
    }

    /// Judges a new object.
    ///
    /// @param admitted what its admission found
    /// @throws io.hypernetes.objects.ApiException 403 when it may not be so
    void created(ResourceRequest request, ObjectNode object, Admitted admitted) {
        if (request.kind().isCustom()) {
            return;
        }
        var resource = request.kind().type().resource();
        ObjectWarnings.created(resource, object, warn(request));
        switch (resource) {
            case "pods" -> {
                LimitRanges.pod(admitted.limits(), object, Json.object());
                PodSecurity.pod(admitted.namespace(), object, warn(request), request.http()::annotate);
                PodWarnings.tell(object, "", warn(request));
            }
            case "persistentvolumeclaims" -> limits.claim(request.tenant(), request.target().namespace(), object, Json.object());
            case "namespaces" -> security(request, object, Json.object());
            default -> template(request, object, admitted::namespace);
        }
    }

    /// Judges a changed object.
    ///
    /// @throws io.hypernetes.objects.ApiException 403 when it may not become so
    void changed(ResourceRequest request, ObjectNode updated, ObjectNode old) {
        boolean going = !Json.string(old, "metadata", "deletionTimestamp").isEmpty();
        if (request.kind().isCustom()) {
            return;
        }
        var resource = request.kind().type().resource();
        var part = request.target().subresource();
        if (part.isEmpty()) {
            ObjectWarnings.updated(resource, updated, old, warn(request));
        } else if (part.equals("status")) {
            ObjectWarnings.told(resource, updated, warn(request));
        }
        switch (resource) {
            case "persistentvolumeclaims" -> {
                storage.resize(request.tenant(), updated, old);
                if (part.isEmpty() && !going) {
                    limits.claim(request.tenant(), request.target().namespace(), updated, old);
                }
            }
            case "pods" -> {
                if (part.equals("ephemeralcontainers")) {
                    PodSecurity.pod(home(request), updated, warn(request), request.http()::annotate);
                } else if (part.equals("resize") && !going) {
                    LimitRanges.pod(limits.of(request.tenant(), request.target().namespace()), updated, old);
                }
            }
            case "namespaces" -> security(request, updated, old);
            default -> {
                if (part.isEmpty() && !updated.path("spec").equals(old.path("spec"))) {
                    template(request, updated, () -> home(request));
                }
            }
        }
    }

    private static Consumer<String> warn(ResourceRequest request) {
        return warning -> Decoding.warn(request.http(), warning);
    }

    private void security(ResourceRequest request, ObjectNode namespace, ObjectNode old) {
        PodSecurity.namespace(
                namespace,
                old,
                () -> store.list(ObjectKey.prefix(request.tenant(), "", "pods", request.target().name()), "", 0).entries().stream()
                        .map(entry -> Json.readObject(entry.value()))
                        .toList(),
                warn(request));
    }

    /// Warns of what the pods of a template would be warned of.
    private static void template(ResourceRequest request, ObjectNode object, Supplier<ObjectNode> home) {
        var spec = object.path("spec");
        boolean plain = request.kind().type().resource().equals("podtemplates");
        boolean job = spec.has("jobTemplate");
        var template = plain ? object.path("template") : job ? spec.path("jobTemplate").path("spec").path("template") : spec.path("template");
        if (template.path("spec").path("containers").isArray()) {
            PodSecurity.template(home.get(), template, warn(request), request.http()::annotate);
            PodWarnings.tell(
                    template,
                    plain ? "template." : job ? "spec.jobTemplate.spec.template." : "spec.template.",
                    warn(request));
        }
    }

    /// The namespace that a request speaks of, whether it goes or not; empty where there is none.
    private ObjectNode home(ResourceRequest request) {
        var name = request.target().namespace();
        return name.isEmpty()
                ? Json.object()
                : store.get(new ObjectKey(request.tenant(), "", "namespaces", "", name).text()).map(trees::of).orElseGet(Json::object);
    }
}
