package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.access.Authorisation;
import io.hypernetes.apiserver.access.Suspension;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.webhook.Attempt;
import io.hypernetes.apiserver.webhook.DynamicAdmission;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import io.hypernetes.objects.Repeats;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.objects.kind.Scaling;
import io.hypernetes.objects.schema.Decoder;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Asks a tenant's webhooks and policies about requests.
final class Programmed {
    private static final List<String> IDENTITY = List.of(
            "name", "namespace", "generateName", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion",
            "generation", "managedFields");

    private final DynamicAdmission admission;
    private final Decoder decoder;
    private final Kind scale;
    private final Kind eviction;
    private final Authorisation authorisation;

    Programmed(DynamicAdmission admission, Kinds kinds, Authorisation authorisation) {
        this.admission = admission;
        this.decoder = kinds.decoder();
        this.scale = kinds.scale();
        this.eviction = kinds.eviction();
        this.authorisation = authorisation;
    }

    /// The object after the mutating policies and webhooks; the argument itself when there are none.
    ///
    /// @param old null for a new object
    ObjectNode mutate(ResourceRequest request, ObjectNode object, @Nullable ObjectNode old) {
        if (isOfTheCluster(request, object, old)) {
            return object;
        }
        var attempt = writing(request, object, old);
        var scaling = scaling(request);
        if (scaling != null && old != null) {
            return scaled(scaling, attempt, object, old);
        }
        var changed = admission.mutate(attempt, object, old, made -> settled(request, made, object));
        return changed == null ? object : changed;
    }

    /// Who writes a Scale has a Scale changed, and nothing else of the object: so upstream calls mutating admission in `UpdatedObject` of
    /// `pkg/registry/apps/deployment/storage/storage.go`, before it lets the object want what the Scale says.
    private ObjectNode scaled(Scaling scaling, Attempt attempt, ObjectNode object, ObjectNode old) {
        var wanted = scaling.scale(object);
        var changed = admission.mutate(attempt, wanted, scaling.scale(old), made -> settledScale(made, wanted));
        if (changed == null || changed.equals(wanted)) {
            return object;
        }
        var scaled = object.deepCopy();
        scaling.apply(changed, scaled);
        return scaled;
    }

    private ObjectNode settledScale(ObjectNode made, ObjectNode before) {
        var object = decoded(scale, made);
        for (var kept : List.of("apiVersion", "kind", "metadata", "status")) {
            Json.restore(object, before, kept);
        }
        return object;
    }

    /// How the write of a Scale is one of the object; null for any other.
    private static @Nullable Scaling scaling(ResourceRequest request) {
        return request.target().subresource().equals("scale") ? request.kind().scaling() : null;
    }

    /// Lets policies and validating webhooks judge an object that is complete and valid.
    void validate(ResourceRequest request, ObjectNode object, @Nullable ObjectNode old) {
        if (isOfTheCluster(request, object, old)) {
            return;
        }
        var scaling = scaling(request);
        if (scaling != null && old != null) {
            admission.validate(writing(request, object, old), scaling.scale(object), scaling.scale(old));
        } else {
            admission.validate(writing(request, object, old), object, old);
        }
    }

    /// Asks about a deletion. What is stored is brought into the form of its kind only when there is somebody to ask, so that a conversion
    /// that fails keeps nothing from being deleted.
    ///
    /// @param stored is not changed
    void delete(ResourceRequest request, Deletes.Options options, ObjectNode stored) {
        var attempt = attempt(request, "DELETE", name(request, stored), options.dryRun(), options.toJson());
        if (!admission.mayConcern(attempt) || isOfTheCluster(request, null, stored)) {
            return;
        }
        var object = request.kind().fromStored(stored.deepCopy());
        admission.mutate(attempt, null, object, made -> made);
        admission.validate(attempt, null, object);
    }

    /// Asks about an eviction, which is made like an object; about the deletion that it is nobody is asked. So upstream has it (`Create` of
    /// `pkg/registry/core/pod/storage/eviction.go`).
    ///
    /// @return it as the mutating policies and webhooks left it
    ObjectNode evict(ResourceRequest request, ObjectNode asked) {
        // As of a deletion: the cluster lets its nodes be emptied.
        if (request.caller().crossesTenants() && !request.tenant().equals(Caller.ROOT)) {
            return asked;
        }
        var attempt = attempt(request, "CREATE", request.target().name(), request.dryRun(), writeOptions(request, "CreateOptions"), eviction);
        var changed = admission.mutate(attempt, asked, null, made -> settledEviction(made, asked));
        var judged = changed == null ? asked : changed;
        admission.validate(attempt, judged, null);
        return judged;
    }

    private ObjectNode settledEviction(ObjectNode made, ObjectNode before) {
        var object = decoded(eviction, made);
        for (var kept : List.of("apiVersion", "kind", "metadata")) {
            Json.restore(object, before, kept);
        }
        return object;
    }

    /// Asks about a stream to a pod.
    ///
    /// @param kind what the options are called
    void connect(ResourceRequest request, String kind) {
        var http = request.http();
        var options = Json.object().put("kind", kind).put("apiVersion", "v1");
        for (var flag : List.of("stdin", "stdout", "stderr", "tty")) {
            var given = http.query(flag);
            if (given.equals("true") || given.equals("1")) {
                options.put(flag, true);
            }
        }
        if (!http.query("container").isEmpty()) {
            options.put("container", http.query("container"));
        }
        if (!http.queries("command").isEmpty()) {
            var command = options.putArray("command");
            http.queries("command").forEach(command::add);
        }
        connect(request, options);
    }

    /// Asks about a request that goes through a pod or service.
    void proxy(ResourceRequest request, String kind) {
        connect(request, Json.object().put("kind", kind).put("apiVersion", "v1").put("path", request.target().proxied()));
    }

    private void connect(ResourceRequest request, ObjectNode options) {
        var attempt = attempt(request, "CONNECT", request.target().name(), false, null);
        admission.mutate(attempt, options, null, made -> options);
        admission.validate(attempt, options, null);
    }

    /// What the cluster does with its machines is not for a tenant to refuse or to change: what its components tell of the tenant's pods and disks, that a pod goes from
    /// its node, and that its tenant is suspended. What they make for a tenant is judged as anybody's.
    ///
    /// @param object null for a deletion
    private static boolean isOfTheCluster(ResourceRequest request, @Nullable ObjectNode object, @Nullable ObjectNode old) {
        var caller = request.caller();
        boolean pod = request.kind().type().is("", "pods");
        boolean claim = request.kind().type().is("", "persistentvolumeclaims");
        if (request.tenant().equals(Caller.ROOT) || !caller.crossesTenants() || !(pod || claim) || old == null) {
            return false;
        }
        if (object == null) {
            return pod;
        }
        return switch (request.target().subresource()) {
            case "status" -> !caller.isOperator();
            case "" -> pod && caller.isControllerManager() && !suspendedOf(object).equals(suspendedOf(old));
            default -> false;
        };
    }

    private static String suspendedOf(ObjectNode pod) {
        return Json.string(pod, "metadata", "annotations", Suspension.ANNOTATION);
    }

    /// What a webhook made of an object, in the shape of its kind and still the same object.
    private ObjectNode settled(ResourceRequest request, ObjectNode made, ObjectNode before) {
        var object = decoded(request.kind(), made);
        object.put("apiVersion", request.kind().type().apiVersion());
        object.put("kind", request.kind().type().kind());
        var metadata = Json.child(object, "metadata");
        for (var name : IDENTITY) {
            var value = before.path("metadata").get(name);
            if (value == null) {
                metadata.remove(name);
            } else {
                metadata.set(name, value);
            }
        }
        if (request.kind().type().is("", "pods")) {
            // Where a pod runs is the scheduler's to say, also when a component creates it for the tenant.
            var node = before.path("spec").get("nodeName");
            if (node == null) {
                Json.child(object, "spec").remove("nodeName");
            } else {
                Json.child(object, "spec").set("nodeName", node);
            }
        }
        Decoding.takeTenant(object, request.tenant());
        request.kind().setDefaults(object);
        return object;
    }

    private ObjectNode decoded(Kind kind, ObjectNode made) {
        try {
            return kind.decode(decoder, made, Repeats.NONE).object();
        } catch (MalformedJsonException e) {
            throw ApiStatus.internal("a mutating webhook made an object that cannot be read: " + e.getMessage()).asException();
        }
    }

    private static String name(ResourceRequest request, ObjectNode object) {
        var name = Json.string(object, "metadata", "name");
        return name.isEmpty() ? request.target().name() : name;
    }

    private Attempt writing(ResourceRequest request, ObjectNode object, @Nullable ObjectNode old) {
        return attempt(
                request, old == null ? "CREATE" : "UPDATE", name(request, object), request.dryRun(), writeOptions(request, old == null ? "CreateOptions" : "UpdateOptions"));
    }

    private static ObjectNode writeOptions(ResourceRequest request, String kind) {
        var options = Json.object().put("kind", kind).put("apiVersion", "meta.k8s.io/v1");
        if (request.dryRun()) {
            options.putArray("dryRun").add("All");
        }
        for (var said : List.of("fieldManager", "fieldValidation")) {
            var value = request.http().query(said);
            if (!value.isEmpty()) {
                options.put(said, value);
            }
        }
        return options;
    }

    private Attempt attempt(ResourceRequest request, String operation, String name, boolean dryRun, @Nullable ObjectNode options) {
        return attempt(request, operation, name, dryRun, options, scaling(request) == null ? null : scale);
    }

    private Attempt attempt(ResourceRequest request, String operation, String name, boolean dryRun, @Nullable ObjectNode options, @Nullable Kind part) {
        return new Attempt(
                request.tenant(),
                request.caller(),
                request.kind(),
                part,
                operation,
                request.target().namespace(),
                name,
                request.target().subresource(),
                dryRun,
                options,
                new CallerRights(authorisation, request.tenantPath(), request.caller()),
                text -> {
                    synchronized (request) {
                        Decoding.warn(request.http(), text);
                    }
                },
                request.http()::annotate);
    }
}
