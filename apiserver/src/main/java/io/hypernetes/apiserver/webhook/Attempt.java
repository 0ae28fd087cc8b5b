package io.hypernetes.apiserver.webhook;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.cel.Rights;
import io.hypernetes.objects.kind.Kind;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// One thing that somebody wants to do, for programmed admission to judge.
///
/// @param part of what kind the objects are when a part of an object is written that is an object of its own, such as a Scale; null when they are of `kind`
/// @param operation `CREATE`, `UPDATE`, `DELETE` or `CONNECT`
/// @param name may be empty while it is still to be made
/// @param options what the client said of how it is to be done; null where nothing can be said
/// @param rights of the caller
/// @param warn tells the client something that does not stop it; for many threads
/// @param annotate notes something for whoever reads of the request, by its key; for many threads
public record Attempt(
        String tenant,
        Caller caller,
        Kind kind,
        @Nullable Kind part,
        String operation,
        String namespace,
        String name,
        String subresource,
        boolean dryRun,
        @Nullable ObjectNode options,
        Rights rights,
        Consumer<String> warn,
        BiConsumer<String, String> annotate) {

    /// The AdmissionRequest, without its uid.
    ObjectNode toJson(Kind as, @Nullable ObjectNode object, @Nullable ObjectNode old) {
        var request = Json.object();
        names(request, "kind", "resource", as, formOf(as));
        if (!subresource.isEmpty()) {
            request.put("subResource", subresource);
        }
        names(request, "requestKind", "requestResource", kind, formOf(kind));
        if (!subresource.isEmpty()) {
            request.put("requestSubResource", subresource);
        }
        if (!name.isEmpty()) {
            request.put("name", name);
        }
        if (!namespace.isEmpty()) {
            request.put("namespace", namespace);
        }
        request.put("operation", operation);
        caller.seenFrom(tenant).describe(request.putObject("userInfo"));
        set(request, "object", object);
        set(request, "oldObject", old);
        request.put("dryRun", dryRun);
        set(request, "options", options);
        return request;
    }

    /// An object of this attempt in the form of another kind that is stored as the same objects.
    @Nullable ObjectNode inForm(Kind as, @Nullable ObjectNode object) {
        return object == null || part != null || as.equals(kind) ? object : as.fromStored(kind.toStored(object).deepCopy());
    }

    /// An object that somebody made of one [#inForm] of another kind, in the form of this attempt.
    ObjectNode outOfForm(Kind as, ObjectNode made) {
        return part != null || as.equals(kind) ? made : kind.fromStored(as.toStored(made));
    }

    /// Of which kind objects are [#inForm] of another kind: a part is the same of all.
    Kind formOf(Kind as) {
        return part == null ? as : part;
    }

    private static void set(ObjectNode request, String name, @Nullable ObjectNode value) {
        if (value == null) {
            request.putNull(name);
        } else {
            request.set(name, value);
        }
    }

    private static void names(ObjectNode request, String kindName, String resourceName, Kind kind, Kind form) {
        var type = kind.type();
        request.putObject(kindName).put("group", form.type().group()).put("version", form.type().version()).put("kind", form.type().kind());
        request.putObject(resourceName)
                .put("group", type.group())
                .put("version", type.version())
                .put("resource", type.resource());
    }
}
