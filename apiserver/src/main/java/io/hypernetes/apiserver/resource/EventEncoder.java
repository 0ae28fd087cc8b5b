package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.http.Chunk;
import io.hypernetes.apiserver.request.Accepted;
import io.hypernetes.apiserver.storage.ObjectChange;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.Table;
import io.hypernetes.store.Entry;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Turns changes into the events of one watch. What does not depend on the watch is made once for all watches of a feed.
final class EventEncoder {
    private static final byte[] LINE_END = {'\n'};
    private static final byte[] TAIL = "}\n".getBytes(StandardCharsets.US_ASCII);

    private final ResourceRequest request;
    private final Accepted accepted;
    private final Selection selection;
    private final boolean everywhere;
    private final String namespacePart;
    private final Table.IncludeObject include;
    private boolean columnsSent;

    EventEncoder(ResourceRequest request, Accepted accepted, Selection selection) {
        this.request = request;
        this.accepted = accepted;
        this.selection = selection;
        this.everywhere = request.tenantPath().everywhere();
        this.namespacePart = request.target().namespace();
        this.include = Answers.include(request);
    }

    /// How a finished event differs from others of the same change.
    private record Variant(
            Kind kind,
            String type,
            Accepted accepted,
            Table.IncludeObject include,
            boolean everywhere,
            boolean projected) {}

    /// What a change is indexed by as it was before, for watches of a kind.
    private record Before(Kind kind) {}

    /// The events of objects that are there when the watch begins.
    List<Chunk> added(List<Entry> entries) {
        return Answers.shown(request, entries).stream().map(shown -> event("ADDED", shown.array())).toList();
    }

    /// The event of a change; null when it does not concern this watch.
    @Nullable Chunk event(ObjectChange change) {
        if (!inNamespace(change.key())) {
            return null;
        }
        boolean before = change.previous() != null;
        boolean after = !change.deleted();
        if (!selection.everything()) {
            after = after && selection.matches(change.once(request.kind(), () -> Indexed.of(request.kind(), change.entry())));
            var previous = change.previous();
            before = previous != null
                    && selection.matches(change.once(new Before(request.kind()), () -> Indexed.of(request.kind(), previous)));
        }
        if (after) {
            return shared(change, before ? "MODIFIED" : "ADDED");
        }
        return before ? shared(change, "DELETED") : null;
    }

    /// A bookmark at a revision.
    ///
    /// @param initialEnd whether it ends the initial events
    Chunk bookmark(long revision, boolean initialEnd) {
        var event = Json.object();
        event.put("type", "BOOKMARK");
        var object = event.putObject("object");
        if (accepted.form() == Accepted.Form.OBJECT) {
            object.put("kind", request.kind().type().kind());
            object.put("apiVersion", request.kind().type().apiVersion());
        } else {
            object.put("kind", accepted.form() == Accepted.Form.TABLE ? "Table" : "PartialObjectMetadata");
            object.put("apiVersion", "meta.k8s.io/" + accepted.version());
        }
        var metadata = object.putObject("metadata");
        metadata.put("resourceVersion", Long.toString(revision));
        if (initialEnd) {
            metadata.putObject("annotations").put("k8s.io/initial-events-end", "true");
        }
        if (accepted.form() == Accepted.Form.TABLE) {
            object.putArray("rows");
        }
        return line(Json.bytes(event));
    }

    /// An error that ends the watch.
    Chunk error(ApiStatus status) {
        var event = Json.object();
        event.put("type", "ERROR");
        event.set("object", status.toJson());
        return line(Json.bytes(event));
    }

    private boolean inNamespace(String key) {
        if (namespacePart.isEmpty()) {
            return true;
        }
        int slash = key.lastIndexOf('/');
        int start = slash - namespacePart.length();
        return start > 0 && key.charAt(start - 1) == '/' && key.startsWith(namespacePart, start);
    }

    private Chunk shared(ObjectChange change, String type) {
        if (accepted.form() == Accepted.Form.TABLE && !columnsSent) {
            return encode(type, change.key(), state(change, type));
        }
        return change.once(
                new Variant(request.kind(), type, accepted, include, everywhere, request.projected()), () -> encode(type, change.key(), state(change, type)));
    }

    /// The bytes that an event shows; one that left the selection is shown as it last matched, at the present revision.
    private static byte[] state(ObjectChange change, String type) {
        var previous = change.previous();
        return type.equals("DELETED") && !change.deleted() && previous != null
                ? StoredForm.withRevision(previous.value(), change.revision())
                : change.entry().value();
    }

    private Chunk encode(String type, String key, byte[] stored) {
        return event(type, Answers.shown(request, key, stored));
    }

    private Chunk event(String type, byte[] shown) {
        byte[] object =
                switch (accepted.form()) {
                    case OBJECT -> shown;
                    case METADATA -> StoredForm.partial(shown, accepted.version());
                    case TABLE -> {
                        var tree = Json.readObject(shown);
                        var table = Answers.table(
                                request.kind(),
                                accepted,
                                List.of(tree),
                                Answers.metadataOf(tree),
                                include,
                                !columnsSent,
                                java.time.Instant.now());
                        columnsSent = true;
                        yield Json.bytes(table);
                    }
                };
        byte[] head = ("{\"type\":\"" + type + "\",\"object\":").getBytes(StandardCharsets.US_ASCII);
        return Chunk.of(head, object, TAIL);
    }

    private static Chunk line(byte[] json) {
        return Chunk.of(json, LINE_END);
    }
}
