package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.http.Part;
import io.hypernetes.apiserver.request.Accepted;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.Table;
import io.hypernetes.store.Entry;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import tools.jackson.databind.node.ObjectNode;

/// Answers as bytes: Status objects, and single objects in the form that the client accepts.
public final class Answers {
    private static final Part LINE_END = Part.of(new byte[] {'\n'});

    private Answers() {}

    /// Answers with a Status.
    public static void status(Exchange http, ApiStatus status) throws IOException {
        var details = status.details();
        if (details != null && details.retryAfterSeconds() > 0) {
            http.setHeader("Retry-After", Integer.toString(details.retryAfterSeconds()));
        }
        http.setHeader("Cache-Control", "no-cache, private");
        send(http, status.code(), "application/json", line(Json.bytes(status.toJson())));
    }

    /// Answers with a document.
    public static void json(Exchange http, int code, ObjectNode document) throws IOException {
        http.setHeader("Cache-Control", "no-cache, private");
        send(http, code, "application/json", line(Json.bytes(document)));
    }

    /// Answers with one object as it is stored.
    static void object(ResourceRequest request, int code, byte[] stored) throws IOException {
        rendered(request, code, stored).go();
    }

    /// As the other, by what it returns.
    static Continuation rendered(ResourceRequest request, int code, byte[] stored) {
        var http = request.http();
        var accepted = Accepted.of(http.headers("Accept"));
        var object = Part.of(render(request, accepted, stored));
        return () -> {
            http.setHeader("Cache-Control", "no-cache, private");
            send(http, code, accepted.contentType(), object, LINE_END);
        };
    }

    private static byte[] render(ResourceRequest request, Accepted accepted, byte[] entry) {
        var stored = inKind(request, entry);
        return switch (accepted.form()) {
            case OBJECT -> forClient(request, stored);
            case METADATA -> forClient(request, StoredForm.partial(stored, accepted.version()));
            case TABLE -> {
                var object = Json.readObject(forClient(request, stored));
                yield Json.bytes(table(
                        request.kind(), accepted, List.of(object), metadataOf(object), include(request), true, request.now()));
            }
        };
    }

    /// What was rehearsed has no revision; members that say nothing are not sent.
    private static byte[] forClient(ResourceRequest request, byte[] stored) {
        return request.dryRun() ? StoredForm.withoutNoRevision(stored) : stored;
    }

    /// Answers with an object that is made for the answer and not stored.
    static void made(ResourceRequest request, ObjectNode object) throws IOException {
        var accepted = Accepted.of(request.http().headers("Accept"));
        var shown = accepted.form() == Accepted.Form.TABLE
                ? table(request.kind(), accepted, List.of(object), metadataOf(object), include(request), true, request.now())
                : object;
        request.http().setHeader("Cache-Control", "no-cache, private");
        send(request.http(), 200, accepted.contentType(), line(Json.bytes(shown)));
    }

    /// Answers with a list of such objects.
    static void madeList(ResourceRequest request, List<ObjectNode> objects) throws IOException {
        var accepted = Accepted.of(request.http().headers("Accept"));
        var type = request.kind().type();
        var shown = Json.object();
        if (accepted.form() == Accepted.Form.TABLE) {
            shown = table(request.kind(), accepted, objects, Json.object(), include(request), true, request.now());
        } else {
            shown.put("kind", type.listKind());
            shown.put("apiVersion", type.apiVersion());
            shown.putObject("metadata");
            objects.forEach(shown.putArray("items")::add);
        }
        request.http().setHeader("Cache-Control", "no-cache, private");
        send(request.http(), 200, accepted.contentType(), line(Json.bytes(shown)));
    }

    static ObjectNode table(
            Kind kind,
            Accepted accepted,
            List<ObjectNode> objects,
            ObjectNode listMeta,
            Table.IncludeObject include,
            boolean columns,
            Instant now) {
        return Table.of(kind, accepted.version(), objects, listMeta, include, columns, now);
    }

    static Table.IncludeObject include(ResourceRequest request) {
        return include(request.http());
    }

    static Table.IncludeObject include(Exchange http) {
        try {
            return Table.IncludeObject.parse(http.query("includeObject"));
        } catch (IllegalArgumentException e) {
            throw ApiStatus.badRequest(String.valueOf(e.getMessage())).asException();
        }
    }

    static ObjectNode metadataOf(ObjectNode object) {
        return object.get("metadata") instanceof ObjectNode metadata ? metadata : Json.object();
    }

    /// The bytes of an entry as a client sees them: in the form of the kind it asked for, and with its tenant where several are read at once.
    static byte[] shown(ResourceRequest request, String key, byte[] stored) {
        return marked(request, key, inKind(request, stored));
    }

    /// As the other, of many entries, in their order.
    static List<Part> shown(ResourceRequest request, List<Entry> entries) {
        var shown = new ArrayList<Part>(entries.size());
        var foreign = new ArrayList<Entry>();
        for (var entry : entries) {
            shown.add(new StoredPart(entry));
            if (!isShownAsStored(request, entry::value)) {
                foreign.add(entry);
            } else if (request.tenantPath().everywhere()) {
                shown.set(shown.size() - 1, Part.of(marked(request, entry.key(), entry.value())));
            }
        }
        if (foreign.isEmpty()) {
            return shown;
        }
        var made = new ArrayDeque<byte[]>(foreign.size());
        Forms.each(request.kind(), foreign, (entry, object) -> made.add(marked(request, entry.key(), encoded(request, object))));
        var next = foreign.iterator();
        var waiting = next.next();
        for (int i = 0; i < entries.size() && waiting != null; i++) {
            if (entries.get(i) == waiting) {
                shown.set(i, Part.of(made.remove()));
                waiting = next.hasNext() ? next.next() : null;
            }
        }
        return shown;
    }

    private static byte[] marked(ResourceRequest request, String key, byte[] own) {
        return request.tenantPath().everywhere() ? StoredForm.withTenant(own, ObjectKey.tenantOf(key)) : own;
    }

    private static boolean isShownAsStored(ResourceRequest request, Supplier<byte[]> stored) {
        return !request.projected() && Forms.isIn(request.kind(), stored);
    }

    /// Stored bytes in the form of the kind that was asked for, and as much of them as the tenant sees.
    private static byte[] inKind(ResourceRequest request, byte[] stored) {
        return isShownAsStored(request, () -> stored) ? stored : encoded(request, request.kind().fromStored(Json.readObject(stored)));
    }

    private static byte[] encoded(ResourceRequest request, ObjectNode own) {
        var revision = Json.string(own, "metadata", "resourceVersion");
        var shown = StoredForm.unstored(request.projected() ? request.kind().projected(own) : own);
        // What was only rehearsed has none.
        return revision.isEmpty() ? shown : StoredForm.withRevision(shown, Long.parseLong(revision));
    }

    private static void send(Exchange http, int code, String contentType, Part... parts) throws IOException {
        http.send(code, contentType, Indented.of(http, contentType, List.of(parts)));
    }

    private static Part line(byte[] json) {
        var line = java.util.Arrays.copyOf(json, json.length + 1);
        line[json.length] = '\n';
        return Part.of(line);
    }
}
