package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.access.Authorisation;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import io.hypernetes.store.Entry;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.node.BooleanNode;
import tools.jackson.databind.node.ObjectNode;

/// Stored objects that cannot be read, which an earlier server let in: they can be neither changed nor deleted as others are, but for an option of deletions that upstream has for them
/// (`AllowUnsafeMalformedObjectDeletion`) and that takes a right of its own. Nothing that holds an object counts then, since nobody can read it.
final class Unreadable {
    static final String OPTION = "ignoreStoreReadErrorWithClusterBreakingPotential";
    private static final String VERB = "unsafe-delete-ignore-read-errors";

    private Unreadable() {}

    /// Whether a deletion asks for it.
    ///
    /// @param given DeleteOptions
    /// @throws ApiException 422 when it asks for something else with it, which can only be had of what can be read
    static boolean isAsked(ResourceRequest request, ObjectNode given) {
        if (!request.http().flag(OPTION) && !Json.flag(given, OPTION)) {
            return false;
        }
        var errors = new ArrayList<FieldError>();
        for (var other : List.of("dryRun", "propagationPolicy", "orphanDependents", "gracePeriodSeconds", "preconditions")) {
            if (Json.present(given.get(other)) || !request.http().query(other).isEmpty()) {
                errors.add(wrong("cannot be set together with ." + other));
            }
        }
        if (request.target().collection()) {
            errors.add(wrong("is not allowed with DELETECOLLECTION, try again after removing the option"));
        }
        if (!errors.isEmpty()) {
            throw ApiStatus.invalid("meta.k8s.io", "DeleteOptions", "", errors).asException();
        }
        return true;
    }

    /// Refuses it to those who may not.
    ///
    /// @throws ApiException 403
    static void authorise(Authorisation authorisation, ResourceRequest request) {
        var at = request.target();
        var caller = request.caller();
        var asked = new Target(true, VERB, at.path(), at.group(), at.version(), at.plural(), at.namespace(), at.name(), at.subresource(), false);
        // What nodes and the scheduler may is said by what they do, of which this is nothing.
        boolean fits = caller.node().isEmpty() && !caller.isScheduler();
        var decision = authorisation.decide(caller, request.tenantPath(), asked, "");
        if (!fits || !decision.allowed()) {
            var type = request.kind().type();
            throw ApiStatus.forbidden(
                            type.group(), type.resource(), at.name(), "not permitted to do \"" + VERB + "\", reason: " + (fits ? decision.reason() : "it is nothing they do"))
                    .asException();
        }
    }

    /// Refuses what can be read, which is deleted as ever.
    ///
    /// @throws ApiException 422
    static void require(ResourceRequest request, Entry entry) {
        try {
            Json.readObject(entry.value());
        } catch (MalformedJsonException e) {
            return;
        }
        var type = request.kind().type();
        throw ApiStatus.invalid(
                        type.group(), type.kind(), request.target().name(), List.of(wrong("is exclusively used to delete corrupt object(s), try again by removing this option")))
                .asException();
    }

    private static FieldError wrong(String why) {
        return FieldError.invalid(OPTION, BooleanNode.TRUE, why);
    }

    /// A stored object.
    ///
    /// @throws ApiException 500 that says what to do when it cannot be read
    static ObjectNode read(ResourceRequest request, Entry entry) {
        try {
            return Json.readObject(entry.value());
        } catch (MalformedJsonException e) {
            throw ApiStatus.internal("StorageError: corrupt object: " + request.kind().type().qualifiedResource() + " \"" + request.target().name()
                            + "\" is stored in a form that cannot be read (" + e.getMessage() + "): who has the right to \"" + VERB + "\" can delete it with the option " + OPTION)
                    .asException();
        }
    }
}
