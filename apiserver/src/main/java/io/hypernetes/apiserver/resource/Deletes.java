package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.access.Authorisation;
import io.hypernetes.apiserver.admission.LocalDisks;
import io.hypernetes.apiserver.admission.PriorityClasses;
import io.hypernetes.apiserver.body.Body;
import io.hypernetes.apiserver.custom.Cleanup;
import io.hypernetes.apiserver.custom.Definitions;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.apiserver.tenant.TenantState;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.store.ConflictException;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Deletes objects: at once, or by a mark while finalizers or a pod's grace period hold them.
final class Deletes {
    private static final long DEFAULT_GRACE_SECONDS = 30;
    /// As far ahead as a pod's end is told: 292 years, what upstream's durations hold. Later ones would be no times of the API any more.
    private static final long MOST_GRACE_SECONDS = Long.MAX_VALUE / 1_000_000_000;
    private static final int COMMIT_ATTEMPTS = 30;

    private final Store store;
    private final Reads reads;
    private final Removal removal;
    private final Cleanup cleanup;
    private final Programmed dynamic;
    private final Authorisation authorisation;

    Deletes(Store store, Reads reads, Removal removal, Cleanup cleanup, Programmed dynamic, Authorisation authorisation) {
        this.authorisation = authorisation;
        this.dynamic = dynamic;
        this.cleanup = cleanup;
        this.store = store;
        this.reads = reads;
        this.removal = removal;
    }

    /// What the client asked for.
    ///
    /// @param grace null when it is left to the object
    /// @param dependents what becomes of what the object owns
    /// @param eviction whether a pod's status is to say that somebody evicted it
    /// @param unreadable whether the object is to go because it cannot be read
    record Options(@Nullable Long grace, String uid, String revision, boolean dryRun, Dependents dependents, boolean eviction, boolean unreadable) {

        /// As programmed admission sees them.
        ObjectNode toJson() {
            var options = Json.object().put("kind", "DeleteOptions").put("apiVersion", "meta.k8s.io/v1");
            if (grace != null) {
                options.set("gracePeriodSeconds", Json.integer(grace));
            }
            if (!uid.isEmpty() || !revision.isEmpty()) {
                var conditions = options.putObject("preconditions");
                if (!uid.isEmpty()) {
                    conditions.put("uid", uid);
                }
                if (!revision.isEmpty()) {
                    conditions.put("resourceVersion", revision);
                }
            }
            if (!dependents.policy().isEmpty()) {
                options.put("propagationPolicy", dependents.policy());
            }
            if (dryRun) {
                options.putArray("dryRun").add("All");
            }
            if (unreadable) {
                options.put(Unreadable.OPTION, true);
            }
            return options;
        }

        Options evicting() {
            return new Options(grace, uid, revision, dryRun, dependents, true, false);
        }

        /// Of that state of the object alone.
        Options withRevision(long only) {
            return new Options(grace, uid, Long.toString(only), dryRun, dependents, eviction, unreadable);
        }

        static Options of(ResourceRequest request) {
            var http = request.http();
            var given = http.body().length == 0
                    ? Json.object()
                    : Body.read(http.body(), http.header("Content-Type").orElse("")).object();
            return of(request, given);
        }

        static Options of(ResourceRequest request, ObjectNode given) {
            var graceText = request.http().query("gracePeriodSeconds");
            Long grace = Json.present(given.get("gracePeriodSeconds"))
                    ? (Long) Json.number(given, DEFAULT_GRACE_SECONDS, "gracePeriodSeconds")
                    : null;
            if (grace == null && !graceText.isEmpty()) {
                try {
                    grace = Long.valueOf(graceText);
                } catch (NumberFormatException e) {
                    throw ApiStatus.badRequest("gracePeriodSeconds must be a number, not \"" + graceText + "\"")
                            .asException();
                }
            }
            boolean dry = request.dryRun();
            for (var value : given.path("dryRun")) {
                // What is not understood is no leave to delete.
                if (!value.asString("").equals("All")) {
                    throw ApiStatus.invalid(
                                    "meta.k8s.io",
                                    "DeleteOptions",
                                    "",
                                    List.of(FieldError.notSupported("dryRun", value.isString() ? value.asString() : value.toString(), List.of("All"))))
                            .asException();
                }
                dry = true;
            }
            // A negative period means the shortest one there is.
            return new Options(
                    grace != null && grace < 0 ? Long.valueOf(1) : grace,
                    Json.string(given, "preconditions", "uid"),
                    Json.string(given, "preconditions", "resourceVersion"),
                    dry,
                    Dependents.asked(request, given),
                    false,
                    Unreadable.isAsked(request, given));
        }
    }

    void delete(ResourceRequest request) throws IOException {
        var type = request.kind().type();
        var options = Options.of(request);
        PriorityClasses.checkDelete(type, request.target().name());
        if (options.unreadable()) {
            deleteUnreadable(request);
            Answers.status(request.http(), ApiStatus.deleted(type.group(), type.resource(), request.target().name(), ""));
            return;
        }
        var outcome = delete(request, options);
        if (outcome.marked() || (type.returnsDeleted() && !request.kind().isCustom())) {
            Answers.object(request, 200, outcome.stored());
            return;
        }
        var uid = Json.string(Json.readObject(outcome.stored()), "metadata", "uid");
        Answers.status(
                request.http(), ApiStatus.deleted(type.group(), type.resource(), request.target().name(), uid));
    }

    /// @return answers
    Continuation deleteCollection(ResourceRequest request) {
        var options = Options.of(request);
        var found = reads.find(
                request,
                Selection.of(request.http(), request.kind(), ""),
                ListOptions.of(request.http(), false));
        for (var entry : found.entries()) {
            try {
                delete(one(request, entry), options);
            } catch (ApiException e) {
                // Somebody else was faster: what was to go is gone.
                if (e.status().code() != 404) {
                    throw e;
                }
            }
        }
        return reads.list(request, found);
    }

    /// @param marked whether the object is still there, marked for deletion
    record Outcome(byte[] stored, boolean marked) {}

    Outcome delete(ResourceRequest request, Options options) {
        var type = request.kind().type();
        var name = request.target().name();
        var key = request.key().text();
        for (int attempt = 1; ; attempt++) {
            var current = store.get(key)
                    .filter(entry -> Visibility.sees(request.caller(), type, entry))
                    .orElseThrow(() -> ApiStatus.notFound(type.group(), type.resource(), name).asException());
            var object = Unreadable.read(request, current);
            checkPreconditions(request, options, object, current);
            checkProtection(request, object);
            long grace = grace(request, options, object);
            var marked = mark(request, options, object, grace);
            boolean remove = Removal.isFinished(request.kind(), marked);
            // About an eviction its own webhooks and policies were asked.
            if (!options.eviction()) {
                dynamic.delete(request, options, object);
            }
            if (options.dryRun()) {
                return new Outcome(StoredForm.ending(marked).apply(current.revision()), !remove);
            }
            try {
                if (remove) {
                    // Watchers of things without a grace period see the last state as it was, without marks.
                    removal.remove(request, key, current, grace == 0 && !isMarked(object) ? object : marked);
                    return new Outcome(current.value(), false);
                }
                if (marked.equals(object)) {
                    return new Outcome(current.value(), true);
                }
                var operations = new ArrayList<Operation>();
                operations.add(new Operation.Put(key, current.revision(), StoredForm.ending(marked)));
                operations.addAll(TenantState.guard(store, request.tenant(), current));
                var commit = store.commit(operations);
                if (Definitions.areDefinitions(request.kind())) {
                    cleanup.begin(request.tenant(), key);
                }
                return new Outcome(commit.entries().getFirst().value(), true);
            } catch (ConflictException e) {
                if (attempt >= COMMIT_ATTEMPTS) {
                    throw ApiStatus.modified(type.group(), type.resource(), name).asException();
                }
            }
        }
    }

    /// Takes an object out of the store whatever holds it.
    private void deleteUnreadable(ResourceRequest request) {
        Unreadable.authorise(authorisation, request);
        var type = request.kind().type();
        var name = request.target().name();
        var key = request.key().text();
        var current = store.get(key)
                .filter(entry -> Visibility.sees(request.caller(), type, entry))
                .orElseThrow(() -> ApiStatus.notFound(type.group(), type.resource(), name).asException());
        Unreadable.require(request, current);
        checkProtection(request, Json.object());
        try {
            removal.removeUnreadable(request, key, current);
        } catch (ConflictException e) {
            throw ApiStatus.modified(type.group(), type.resource(), name).asException();
        }
    }

    /// The object as it looks while it is being deleted.
    private static ObjectNode mark(ResourceRequest request, Options options, ObjectNode object, long grace) {
        var marked = object.deepCopy();
        var metadata = Json.child(marked, "metadata");
        options.dependents().mark(request.kind().type(), metadata);
        if (options.eviction()) {
            Eviction.tell(marked, request.now());
        }
        boolean already = isMarked(object);
        long before = Json.number(metadata, 0, "deletionGracePeriodSeconds");
        if (already && grace >= before) {
            return marked;
        }
        metadata.put("deletionTimestamp", ApiTime.format(request.now().plusSeconds(Math.min(grace, MOST_GRACE_SECONDS))));
        metadata.put("deletionGracePeriodSeconds", grace);
        if (!already && metadata.has("generation")) {
            metadata.put("generation", Json.number(metadata, 0, "generation") + 1);
        }
        if (request.kind().type().is("", "namespaces")) {
            Json.child(marked, "status").put("phase", "Terminating");
        }
        if (!already && Definitions.areDefinitions(request.kind())) {
            Definitions.terminating(marked, request.now());
        }
        if (request.kind().type().is("hypernetes.io", "tenants")) {
            Json.child(marked, "status").put("phase", "Terminating");
        }
        if (!already && request.kind().type().is("", "persistentvolumes")) {
            LocalDisks.delete(marked);
        }
        return marked;
    }

    private static boolean isMarked(ObjectNode object) {
        return !Json.string(object, "metadata", "deletionTimestamp").isEmpty();
    }

    /// How long the object may still live: only pods on a node have time to end in good order.
    private static long grace(ResourceRequest request, Options options, ObjectNode object) {
        if (!request.kind().type().is("", "pods")) {
            return 0;
        }
        var phase = Json.string(object, "status", "phase");
        if (Json.string(object, "spec", "nodeName").isEmpty() || phase.equals("Succeeded") || phase.equals("Failed")) {
            return 0;
        }
        var grace = options.grace();
        long seconds = grace != null ? grace : Json.number(object, DEFAULT_GRACE_SECONDS, "spec", "terminationGracePeriodSeconds");
        // As upstream's pkg/registry/core/pod/strategy.go, CheckGracefulDelete.
        return seconds < 0 ? 1 : seconds;
    }

    /// @throws ApiException 409 when the object is not the one that was meant
    static void checkPreconditions(
            ResourceRequest request, Options options, ObjectNode object, Entry current) {
        var type = request.kind().type();
        var name = request.target().name();
        var uid = Json.string(object, "metadata", "uid");
        if (!options.uid().isEmpty() && !options.uid().equals(uid)) {
            throw ApiStatus.conflict(
                            type.group(),
                            type.resource(),
                            name,
                            "Precondition failed: UID in precondition: " + options.uid() + ", UID in object meta: " + uid)
                    .asException();
        }
        if (!options.revision().isEmpty() && !options.revision().equals(Long.toString(current.revision()))) {
            throw ApiStatus.conflict(
                            type.group(),
                            type.resource(),
                            name,
                            "Precondition failed: ResourceVersion in precondition: " + options.revision()
                                    + ", ResourceVersion in object meta: " + current.revision())
                    .asException();
        }
    }

    private static void checkProtection(ResourceRequest request, ObjectNode object) {
        var type = request.kind().type();
        var name = request.target().name();
        if (type.is("hypernetes.io", "tenants") && Json.flag(object, "spec", "deletionProtection")) {
            throw ApiStatus.forbidden(
                            type.group(),
                            type.resource(),
                            name,
                            "the tenant is protected: set spec.deletionProtection to false first")
                    .asException();
        }
        if (type.is("", "namespaces") && List.of("default", "kube-system", "kube-public").contains(name)
                && !request.caller().isControllerManager()) {
            throw ApiStatus.forbidden("", "namespaces", name, "this namespace may not be deleted").asException();
        }
    }

    /// The same request for one of the objects found.
    private static ResourceRequest one(ResourceRequest request, Entry entry) {
        var key = ObjectKey.parse(entry.key());
        var at = request.target();
        var target = new Target(
                true, "delete", at.path(), at.group(), at.version(), at.plural(), key.namespace(), key.name(), "", false);
        return new ResourceRequest(
                request.http(), request.caller(), request.tenantPath(), target, request.kind(), request.now());
    }
}
