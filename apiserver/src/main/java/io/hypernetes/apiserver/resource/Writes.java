package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.body.Body;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.objects.RandomReserve;
import io.hypernetes.objects.apply.Ownership;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.store.Commit;
import io.hypernetes.store.ConflictException;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Creates, updates and patches objects: decode, default, admit, validate, commit.
final class Writes {
    private static final int NAME_ATTEMPTS = 8;
    private static final int COMMIT_ATTEMPTS = 30;

    private final Store store;
    private final Decoding decoding;
    private final Patches patches;
    private final Applies applies;
    private final Admission admission;
    private final Removal removal;
    private final Programmed dynamic;
    private final RandomReserve random;

    Writes(Store store, Kinds kinds, Admission admission, Removal removal, Programmed dynamic, RandomReserve random) {
        this.dynamic = dynamic;
        this.store = store;
        this.decoding = new Decoding(kinds);
        this.patches = new Patches(kinds);
        this.applies = new Applies(decoding);
        this.admission = admission;
        this.removal = removal;
        this.random = random;
    }

    void create(ResourceRequest request) throws IOException {
        var object = decoding.object(request);
        FieldManager.check(request.http(), false);
        Answers.object(request, 201, create(request, object, Tracking.WANTED));
    }

    void update(ResourceRequest request) throws IOException {
        FieldManager.check(request.http(), false);
        var given = decoding.object(request);
        boolean creates = request.kind().createsOnUpdate() && request.target().subresource().isEmpty();
        for (int attempt = 1; ; attempt++) {
            if (!creates || store.get(request.key().text()).isPresent()) {
                Answers.object(request, 200, change(request, current -> given.deepCopy()));
                return;
            }
            admission.mayCreate(request);
            try {
                Answers.object(request, 201, create(request, unseen(request, given.deepCopy()), Tracking.WANTED));
                return;
            } catch (ApiException e) {
                // Somebody else made it meanwhile: then it is changed.
                if (!e.status().reason().equals("AlreadyExists") || attempt >= NAME_ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    /// What a client sent for an object that is missing, as what it wants to be made: of which state it has seen nobody asks then, but of which object
    /// (`Store.Update` of apiserver's `pkg/registry/generic/registry/store.go`).
    private static ObjectNode unseen(ResourceRequest request, ObjectNode object) {
        var metadata = Json.child(object, "metadata");
        checkName(request, metadata);
        metadata.put("name", request.target().name());
        checkUid(request, metadata, "");
        metadata.remove("resourceVersion");
        return object;
    }

    void patch(ResourceRequest request) throws IOException {
        var mediaType = Body.mediaType(request.http().header("Content-Type").orElse(""));
        FieldManager.check(request.http(), mediaType.equals(Applies.MEDIA_TYPE));
        if (mediaType.equals(Applies.MEDIA_TYPE)) {
            apply(request);
            return;
        }
        var patch = patches.read(request.http().body(), mediaType, request.kind());
        Answers.object(request, 200, change(request, current -> decoding.patched(request, patch, current)));
    }

    /// Server-side apply: creates the object or merges the configuration into it.
    private void apply(ResourceRequest request) throws IOException {
        var target = request.target();
        var config = applies.read(request);
        var key = request.key().text();
        for (int attempt = 1; ; attempt++) {
            if (store.get(key).isPresent() || !target.subresource().isEmpty()) {
                Answers.object(request, 200, change(request, current -> Applies.merge(request, current, config), Tracking.DONE));
                return;
            }
            admission.mayCreate(request);
            applies.mayCreate(request, config);
            try {
                var object = Applies.merge(request, Json.object(), config).deepCopy();
                Answers.object(request, 201, create(request, object, Tracking.DONE));
                return;
            } catch (ApiException e) {
                // Somebody else made it meanwhile: then it is merged into.
                if (!e.status().reason().equals("AlreadyExists") || attempt >= NAME_ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    /// Whether the owners of fields are still to be noted.
    private enum Tracking {
        WANTED,
        DONE
    }

    private byte[] create(ResourceRequest request, ObjectNode object, Tracking tracking) {
        var kind = request.kind();
        var type = kind.type();
        var metadata = Json.child(object, "metadata");
        Decoding.takeTenant(object, request.tenant());
        place(request, metadata);
        if (!Json.string(metadata, "resourceVersion").isEmpty()) {
            throw ApiStatus.badRequest("resourceVersion should not be set on objects to be created").asException();
        }
        metadata.put("uid", random.uuid().toString());
        kind.setDefaults(object);
        if (tracking == Tracking.WANTED) {
            // Before the server has its say: nobody owns what nobody wrote, and whoever came to own it would take it away by applying what they wrote.
            FieldManager.noteCreator(request, object);
        }
        kind.prepareCreate(object);
        metadata.put("creationTimestamp", ApiTime.format(request.now()));
        boolean generated = Json.string(metadata, "name").isEmpty()
                && !Json.string(metadata, "generateName").isEmpty();
        var prepared = object;
        for (int attempt = 1; ; attempt++) {
            // Admission gives what may be taken when the commit comes, so each attempt begins with what the client asked for.
            object = attempt == 1 && !admission.gives(kind) ? prepared : prepared.deepCopy();
            metadata = Json.child(object, "metadata");
            if (generated) {
                metadata.put("name", Names.generate(Json.string(metadata, "generateName"), random));
            }
            kind.named(object);
            var operations = new ArrayList<Operation>();
            // A name that is missing or malformed is told by validation; it must not become a part of a key before.
            var admitted = admission.create(request, object);
            var unmutated = object;
            object = dynamic.mutate(request, object, null);
            if (object != unmutated) {
                kind.prepareCreate(object);
                kind.named(object);
                admitted = admission.again(request, object);
            }
            object = kind.completed(object);
            operations.addAll(admission.settle(request, object, Json.object()));
            var errors = kind.validateCreate(object, warning -> Decoding.warn(request.http(), warning));
            if (!errors.isEmpty()) {
                throw kind.invalid(object, errors).asException();
            }
            admission.judge(request, object, admitted);
            dynamic.validate(request, object, null);
            var name = Json.string(object, "metadata", "name");
            var key = request.keyOf(name).text();
            var stored = kind.toStored(object);
            operations.addFirst(new Operation.Put(key, Operation.ABSENT, StoredForm.encoder(stored)));
            operations.addAll(admitted.operations());
            try (var charge = admission.charge(request, object)) {
                operations.addAll(charge.operations());
                if (request.dryRun()) {
                    if (store.get(key).isPresent()) {
                        throw ApiStatus.alreadyExists(type.group(), type.resource(), name).asException();
                    }
                    // No revision, as upstream answers (DryRunnableStorage.Create of apiserver's registry/generic/registry/dryrun.go): what was rehearsed can be created as it is.
                    return StoredForm.unstored(stored);
                }
                var created = store.commit(operations).entries().getFirst().value();
                charge.close();
                request.http().subject(name);
                admission.created(request, name);
                return created;
            } catch (ConflictException e) {
                if (attempt >= COMMIT_ATTEMPTS
                        || (e.key().equals(key) && (!generated || attempt >= NAME_ATTEMPTS))) {
                    throw ApiStatus.alreadyExists(type.group(), type.resource(), name).asException();
                }
            }
        }
    }

    /// Changes the object that a request names, again and again until no other writer comes between, or refuses when the
    /// client said which state it had seen.
    ///
    /// @param change makes the wished object of the present one, which it may alter
    /// @return the stored bytes after the change
    byte[] change(ResourceRequest request, UnaryOperator<ObjectNode> change) {
        return change(request, change, Tracking.WANTED);
    }

    /// The same for a change that has noted who owns what.
    byte[] changeOwned(ResourceRequest request, UnaryOperator<ObjectNode> change) {
        return change(request, change, Tracking.DONE);
    }

    private byte[] change(ResourceRequest request, UnaryOperator<ObjectNode> change, Tracking tracking) {
        var kind = request.kind();
        var type = kind.type();
        var name = request.target().name();
        var key = request.key().text();
        var subresource = part(request);
        for (int attempt = 1; ; attempt++) {
            var current = store.get(key)
                    .orElseThrow(() -> ApiStatus.notFound(type.group(), type.resource(), name).asException());
            var old = kind.fromStored(Unreadable.read(request, current));
            var updated = change.apply(old.deepCopy());
            Decoding.takeTenant(updated, request.tenant());
            var seen = checkIdentity(request, updated, old, current);
            kind.prepareUpdate(updated, old, subresource);
            kind.setDefaults(updated);
            Json.child(updated, "metadata").put("resourceVersion", Long.toString(current.revision()));
            if (tracking == Tracking.WANTED) {
                kind.ownership().updated(updated, old, FieldManager.writer(request));
            }
            var guard = admission.update(request, updated, old);
            var admitted = updated;
            updated = dynamic.mutate(request, updated, old);
            var judged = subresource;
            if (updated != admitted) {
                judged = bounded(kind, updated, old, subresource);
                guard = admission.again(request, updated, old, admitted);
            }
            var given = admission.settle(request, updated, old);
            var errors = kind.validateUpdate(updated, old, judged, warning -> Decoding.warn(request.http(), warning));
            if (!errors.isEmpty()) {
                throw kind.invalid(updated, errors).asException();
            }
            admission.judge(request, updated, old);
            dynamic.validate(request, updated, old);
            updated = Ownership.unlessOnlyTimesDiffer(updated, old);
            // What is stored in the form of an older version is written anew even so: that is how objects come to the present one.
            if (updated.equals(old) && StoredForm.isOf(current.value(), type.storedVersion().apiVersion())) {
                return current.value();
            }
            // A webhook may have to convert it: nobody else's turn waits for that.
            var stored = kind.toStored(updated);
            try (var charge = admission.charge(request, updated, old)) {
                if (request.dryRun()) {
                    return StoredForm.encoder(stored).apply(current.revision());
                }
                var more = new ArrayList<>(guard);
                more.addAll(given);
                more.addAll(charge.operations());
                return commit(request, key, current, stored, more);
            } catch (ConflictException e) {
                // Where something else was not as the commit relied on, what the client saw may be there still.
                if ((seen && e.key().equals(key)) || attempt >= COMMIT_ATTEMPTS) {
                    throw ApiStatus.modified(type.group(), type.resource(), name).asException();
                }
            }
        }
    }

    /// Takes back what mutating policies and webhooks changed beyond what the write may change, and counts the generation by what they left: who says something of
    /// a part says nothing of the rest, which nobody would validate. Upstream prepares after them (`BeforeUpdate` of apiserver's `pkg/registry/rest/update.go`).
    ///
    /// @return as what the change is judged
    private static @Nullable String bounded(Kind kind, ObjectNode mutated, ObjectNode old, @Nullable String subresource) {
        var part = "scale".equals(subresource) ? null : subresource;
        kind.prepareUpdate(mutated, old, part);
        return part;
    }

    /// Writes an object, or removes it when this was the last thing its deletion waited for.
    private byte[] commit(
            ResourceRequest request, String key, Entry current, ObjectNode updated, List<Operation> guard) {
        if (Removal.isFinished(request.kind(), updated)) {
            removal.remove(request, key, current, updated);
            return StoredForm.encoder(updated).apply(current.revision());
        }
        var operations = new ArrayList<Operation>();
        operations.add(new Operation.Put(key, current.revision(), StoredForm.encoder(updated)));
        operations.addAll(guard);
        Commit commit = store.commit(operations);
        return commit.entries().getFirst().value();
    }

    /// Whether the client named the state it had seen.
    private static boolean checkIdentity(ResourceRequest request, ObjectNode updated, ObjectNode old, Entry current) {
        var type = request.kind().type();
        var name = request.target().name();
        var metadata = Json.child(updated, "metadata");
        checkName(request, metadata);
        place(request, metadata);
        checkUid(request, metadata, Json.string(old, "metadata", "uid"));
        var revision = Json.string(metadata, "resourceVersion");
        boolean said = !revision.isEmpty() && !revision.equals("0");
        if (!said && !request.kind().updatesUnconditionally() && request.target().verb().equals("update") && !request.target().subresource().equals("scale")) {
            // Of which kind it is upstream says by its resource (Store.Update of apiserver's registry/generic/registry/store.go).
            var missing = FieldError.invalid("metadata.resourceVersion", 0, "must be specified for an update");
            throw ApiStatus.invalid(type.group(), type.resource(), name, List.of(missing)).asException();
        }
        if (said && !revision.equals(Long.toString(current.revision()))) {
            throw ApiStatus.modified(type.group(), type.resource(), name).asException();
        }
        // A patch that says nothing of the revision carries the one it was applied to, which is no demand of the client.
        return request.target().verb().equals("update") && said;
    }

    private static void checkName(ResourceRequest request, ObjectNode metadata) {
        var name = request.target().name();
        var given = Json.string(metadata, "name");
        if (!given.isEmpty() && !given.equals(name)) {
            throw ApiStatus.badRequest("the name of the object (%s) does not match the name on the URL (%s)"
                            .formatted(given, name))
                    .asException();
        }
    }

    /// @param present empty when there is no object
    private static void checkUid(ResourceRequest request, ObjectNode metadata, String present) {
        var type = request.kind().type();
        var uid = Json.string(metadata, "uid");
        if (!uid.isEmpty() && !uid.equals(present)) {
            throw ApiStatus.conflict(
                            type.group(),
                            type.resource(),
                            request.target().name(),
                            "Precondition failed: UID in precondition: " + uid + ", UID in object meta: " + present)
                    .asException();
        }
    }

    /// Puts the namespace of the path into the object, or refuses another one.
    private static void place(ResourceRequest request, ObjectNode metadata) {
        var namespace = request.target().namespace();
        var given = Json.string(metadata, "namespace");
        if (given.isEmpty()) {
            if (!namespace.isEmpty()) {
                metadata.put("namespace", namespace);
            }
        } else if (!request.kind().type().namespaced()) {
            metadata.remove("namespace");
        } else if (!given.equals(namespace)) {
            throw ApiStatus.badRequest("the namespace of the provided object does not match the namespace sent on the request")
                    .asException();
        }
    }

    private static @Nullable String part(ResourceRequest request) {
        var subresource = request.target().subresource();
        return subresource.isEmpty() ? null : subresource;
    }
}
