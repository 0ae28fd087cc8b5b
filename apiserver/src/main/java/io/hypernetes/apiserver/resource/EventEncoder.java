package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.http.Chunk;
import io.hypernetes.apiserver.request.Accepted;
import io.hypernetes.apiserver.storage.ObjectChange;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Table;
import io.hypernetes.store.Entry;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Turns changes into the events of one watch. What does not depend on the watch is made once for all watches of a feed.
final class EventEncoder {
    private static final byte[] LINE_END = {'\n'};
    private static final byte[] TAIL = "}\n".getBytes(StandardCharsets.US_ASCII);

    private final Watched watched;
    private final Accepted accepted;
    private final Selection selection;
    private final Table.IncludeObject include;
    private final Views.View view;
    /// Whether the columns of a table are still to be sent: with the first event.
    private boolean columnsDue;

    /// @param views of all watches
    EventEncoder(Watched watched, Accepted accepted, Selection selection, Views views) {
        this.watched = watched;
        this.accepted = accepted;
        this.selection = selection;
        this.include = Answers.include(watched.http());
        this.view = views.of(new Views.Asked(
                watched.identity(),
                watched.target().namespace(),
                selection,
                accepted,
                include,
                watched.tenantPath().everywhere(),
                watched.projected()));
        this.columnsDue = accepted.form() == Accepted.Form.TABLE;
    }

    /// How a finished event differs from others of the same change, for views that select differently.
    private record Variant(Object kind, String type, Accepted accepted, Table.IncludeObject include, boolean everywhere, boolean projected) {}

    /// What a view sees of a change.
    ///
    /// @param event null when it does not concern the view
    private record Sight(@Nullable Chunk event) {}

    /// What a change is indexed by as it was before, for watches of a kind.
    private record Before(Object kind) {}

    /// The events of objects that are there when the watch begins.
    List<Chunk> added(List<Entry> entries) {
        var events = new ArrayList<Chunk>(entries.size());
        for (var entry : entries) {
            var stored = entry.value();
            if (accepted.form() == Accepted.Form.TABLE || !watched.isShownAsStored(stored)) {
                return watched.with(request -> Answers.shown(request, entries).stream().map(shown -> event(request, "ADDED", shown.array())).toList());
            }
            events.add(event("ADDED", stored));
        }
        return events;
    }

    /// The event of a change; null when it does not concern this watch.
    @Nullable Chunk event(ObjectChange change) {
        if (columnsDue) {
            var type = type(change);
            return type == null ? null : encode(type, change);
        }
        // Of a thousand watches that ask for the same only the first looks at what it asked for, which no processor's cache holds for all of them.
        return change.once(view, () -> new Sight(seen(change))).event();
    }

    private @Nullable Chunk seen(ObjectChange change) {
        var type = type(change);
        var asked = view.asked();
        return type == null
                ? null
                : change.once(
                        new Variant(asked.kind(), type, accepted, include, asked.everywhere(), asked.projected()), () -> encode(type, change), Chunk::length);
    }

    /// The type of the event of a change; null when it does not concern this watch.
    private @Nullable String type(ObjectChange change) {
        if (!inNamespace(change.key(), view.asked().namespace())) {
            return null;
        }
        boolean before = change.previous() != null;
        boolean after = !change.deleted();
        if (!selection.everything()) {
            after = after && selection.matches(change.once(watched.identity(), () -> indexed(change.entry()), Indexed::bytes));
            var previous = change.previous();
            before = previous != null
                    && selection.matches(change.once(new Before(watched.identity()), () -> indexed(previous), Indexed::bytes));
        }
        if (after) {
            return before ? "MODIFIED" : "ADDED";
        }
        return before ? "DELETED" : null;
    }

    private Indexed indexed(Entry entry) {
        return watched.with(request -> Indexed.of(request.kind(), entry));
    }

    /// A bookmark at a revision.
    ///
    /// @param initialEnd whether it ends the initial events
    Chunk bookmark(long revision, boolean initialEnd) {
        var event = Json.object();
        event.put("type", "BOOKMARK");
        var object = event.putObject("object");
        if (accepted.form() == Accepted.Form.OBJECT) {
            object.put("kind", watched.type().kind());
            object.put("apiVersion", watched.type().apiVersion());
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

    private static boolean inNamespace(String key, String namespace) {
        if (namespace.isEmpty()) {
            return true;
        }
        int slash = key.lastIndexOf('/');
        int start = slash - namespace.length();
        return start > 0 && key.charAt(start - 1) == '/' && key.startsWith(namespace, start);
    }

    /// The bytes that an event shows; one that left the selection is shown as it last matched, at the present revision.
    private static byte[] state(ObjectChange change, String type) {
        var previous = change.previous();
        return type.equals("DELETED") && !change.deleted() && previous != null
                ? StoredForm.withRevision(previous.value(), change.revision())
                : change.entry().value();
    }

    private Chunk encode(String type, ObjectChange change) {
        var state = state(change, type);
        return accepted.form() != Accepted.Form.TABLE && watched.isShownAsStored(state)
                ? event(type, state)
                : watched.with(request -> event(request, type, Answers.shown(request, change.key(), state)));
    }

    private Chunk event(ResourceRequest request, String type, byte[] shown) {
        if (accepted.form() != Accepted.Form.TABLE) {
            return event(type, shown);
        }
        var tree = Json.readObject(shown);
        var table = Answers.table(request.kind(), accepted, List.of(tree), Answers.metadataOf(tree), include, columnsDue, java.time.Instant.now());
        columnsDue = false;
        return line(type, Json.bytes(table));
    }

    /// Of an object as it is shown, in another form than a table.
    private Chunk event(String type, byte[] shown) {
        return line(type, accepted.form() == Accepted.Form.METADATA ? StoredForm.partial(shown, accepted.version()) : shown);
    }

    private static Chunk line(String type, byte[] object) {
        byte[] head = ("{\"type\":\"" + type + "\",\"object\":").getBytes(StandardCharsets.US_ASCII);
        return Chunk.of(head, object, TAIL);
    }

    private static Chunk line(byte[] json) {
        return Chunk.of(json, LINE_END);
    }
}
