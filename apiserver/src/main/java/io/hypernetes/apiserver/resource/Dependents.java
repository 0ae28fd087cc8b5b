package io.hypernetes.apiserver.resource;

import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.ResourceType;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// What becomes of the objects that a deleted object owns. The answer is kept in the object as a finalizer, which the garbage collector
/// takes when it has done its part; without one, dependents go after their owner.
enum Dependents {
    /// As the object's finalizers say already, else as the kind has it.
    UNSAID,
    ORPHAN,
    BACKGROUND,
    FOREGROUND;

    private static final String ORPHAN_FINALIZER = "orphan";
    private static final String FOREGROUND_FINALIZER = "foregroundDeletion";

    /// What a client asked for, in the query or in the DeleteOptions.
    ///
    /// @throws io.hypernetes.objects.ApiException 422 for a policy nobody knows or two answers at once
    static Dependents asked(ResourceRequest request, ObjectNode given) {
        var query = request.http().query("propagationPolicy");
        var policy = query.isEmpty() ? Json.string(given, "propagationPolicy") : query;
        var legacy = request.http().query("orphanDependents");
        boolean legacyGiven = !legacy.isEmpty() || Json.present(given.get("orphanDependents"));
        if (!policy.isEmpty() && legacyGiven) {
            throw invalid(FieldError.invalid(
                    "propagationPolicy", policy, "orphanDependents and deletionPropagation cannot be both set"));
        }
        if (legacyGiven) {
            return legacy.equals("true") || Json.flag(given, "orphanDependents") ? ORPHAN : BACKGROUND;
        }
        return switch (policy) {
            case "" -> UNSAID;
            case "Orphan" -> ORPHAN;
            case "Background" -> BACKGROUND;
            case "Foreground" -> FOREGROUND;
            default -> throw invalid(FieldError.notSupported(
                    "propagationPolicy", policy, List.of("Foreground", "Background", "Orphan", "nil")));
        };
    }

    private static RuntimeException invalid(FieldError error) {
        return ApiStatus.invalid("meta.k8s.io", "DeleteOptions", "", List.of(error)).asException();
    }

    /// As clients say it; empty when they said nothing.
    String policy() {
        return switch (this) {
            case UNSAID -> "";
            case ORPHAN -> "Orphan";
            case BACKGROUND -> "Background";
            case FOREGROUND -> "Foreground";
        };
    }

    /// Writes the answer into the metadata of an object that is being deleted.
    void mark(ResourceType type, ObjectNode metadata) {
        var finalizers = new ArrayList<String>();
        metadata.path("finalizers").forEach(finalizer -> finalizers.add(finalizer.asString("")));
        var answer = this != UNSAID ? this : standing(type, finalizers);
        boolean changed = finalizers.removeIf(finalizer ->
                (finalizer.equals(ORPHAN_FINALIZER) && answer != ORPHAN)
                        || (finalizer.equals(FOREGROUND_FINALIZER) && answer != FOREGROUND));
        var wanted = answer == ORPHAN ? ORPHAN_FINALIZER : answer == FOREGROUND ? FOREGROUND_FINALIZER : "";
        if (!wanted.isEmpty() && !finalizers.contains(wanted)) {
            finalizers.add(wanted);
            changed = true;
        }
        if (!changed) {
            return;
        }
        if (finalizers.isEmpty()) {
            metadata.remove("finalizers");
        } else {
            var array = metadata.putArray("finalizers");
            finalizers.forEach(array::add);
        }
    }

    private static Dependents standing(ResourceType type, List<String> finalizers) {
        if (finalizers.contains(ORPHAN_FINALIZER)) {
            return ORPHAN;
        }
        if (finalizers.contains(FOREGROUND_FINALIZER)) {
            return FOREGROUND;
        }
        // The two kinds that are older than garbage collection keep what they did before it.
        boolean orphans = (type.group().isEmpty() && type.resource().equals("replicationcontrollers"))
                || (type.group().equals("batch") && type.resource().equals("jobs"));
        return orphans ? ORPHAN : BACKGROUND;
    }
}
