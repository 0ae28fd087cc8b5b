package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.http.Part;
import io.hypernetes.apiserver.request.Accepted;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.store.CompactedException;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Store;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// Serves get and list from the store's memory. A plain list is the stored bytes one after the other.
final class Reads {
    private static final Part COMMA = Part.of(new byte[] {','});
    private static final Part END = Part.of("]}\n".getBytes(StandardCharsets.US_ASCII));

    private final Store store;
    private final Ranges ranges;
    private final Indexed.Cache indexes;

    Reads(Store store, Ranges ranges, Indexed.Cache indexes) {
        this.store = store;
        this.ranges = ranges;
        this.indexes = indexes;
    }

    /// What a list found.
    ///
    /// @param continueToken empty when nothing follows
    /// @param remaining -1 when it is not known
    record Found(List<Entry> entries, long revision, String continueToken, long remaining) {}

    /// @return answers
    Continuation get(ResourceRequest request) {
        return Answers.rendered(request, 200, entry(request).value());
    }

    /// The object that a request names.
    ///
    /// @throws io.hypernetes.objects.ApiException 404
    Entry entry(ResourceRequest request) {
        if (request.tenantPath().everywhere()) {
            throw ApiStatus.badRequest("one object is in one tenant: use the path prefix /tenants/NAME instead of /tenants/*")
                    .asException();
        }
        notYet(request, ListOptions.of(request.http(), false).revision());
        var type = request.kind().type();
        return store.get(request.key().text())
                .filter(entry -> Visibility.sees(request.caller(), type, entry))
                .orElseThrow(() -> ApiStatus.notFound(type.group(), type.resource(), request.target().name())
                        .asException());
    }

    /// @return answers
    Continuation list(ResourceRequest request) {
        var options = ListOptions.of(request.http(), false);
        return list(request, find(request, Selection.of(request.http(), request.kind(), ""), options));
    }

    /// A list of what was found.
    ///
    /// @return answers with it
    Continuation list(ResourceRequest request, Found found) {
        var http = request.http();
        var accepted = Accepted.of(http.headers("Accept"));
        var meta = Json.object();
        meta.put("resourceVersion", Long.toString(found.revision()));
        if (!found.continueToken().isEmpty()) {
            meta.put("continue", found.continueToken());
            if (found.remaining() >= 0) {
                meta.put("remainingItemCount", found.remaining());
            }
        }
        http.setHeader("Cache-Control", "no-cache, private");
        List<Part> parts =
                switch (accepted.form()) {
                    case OBJECT -> concatenated(
                            request.kind().type().listKind(), request.kind().type().apiVersion(), meta, Answers.shown(request, found.entries()));
                    case TABLE ->
                        List.of(Part.of(Json.bytes(Answers.table(
                                request.kind(),
                                accepted,
                                trees(request, found.entries()),
                                meta,
                                Answers.include(request),
                                true,
                                request.now()))));
                    case METADATA -> concatenated(
                            "PartialObjectMetadataList",
                            "meta.k8s.io/" + accepted.version(),
                            meta,
                            Answers.shown(request, found.entries()).stream()
                                    .map(shown -> Part.of(StoredForm.partial(shown.array(), accepted.version())))
                                    .toList());
                };
        return () -> http.send(200, accepted.contentType(), Indented.of(http, accepted.contentType(), parts));
    }

    /// The objects that a request lists or begins a watch with.
    Found find(ResourceRequest request, Selection selection, ListOptions options) {
        notYet(request, options.revision());
        long before = request.tenantPath().everywhere() ? ranges.tick(request) : 0;
        var prefixes = ranges.prefixes(request);
        boolean relative = prefixes.size() == 1 && !request.tenantPath().everywhere();
        var token = options.continueToken().isEmpty() ? null : ContinueToken.parse(options.continueToken());
        var after = token == null ? "" : relative ? prefixes.getFirst() + token.after() : token.after();
        // A name in the selector is one look instead of many.
        int limit = options.anyRevision() && token == null ? 0 : options.limit();
        boolean direct = selection.everything();
        // A revision with a limit and no word of how to match it has always meant that very revision.
        boolean exactly = options.match().equals("Exact") || (options.match().isEmpty() && options.revision() > 0 && options.limit() > 0);
        long exact = token != null ? token.revision() : exactly ? options.revision() : -1;
        Ranges.Range range;
        try {
            range = exact < 0
                    ? ranges.now(prefixes, after, direct ? limit : 0, before)
                    : ranges.at(prefixes, after, direct ? limit : 0, exact);
        } catch (CompactedException e) {
            throw expired(token);
        }
        var entries = range.entries();
        long remaining = range.remaining();
        if (!direct) {
            var matching = new ArrayList<Entry>();
            indexes.each(request.kind(), entries, (entry, index) -> {
                if (selection.matches(index)) {
                    matching.add(entry);
                }
            });
            remaining = limit == 0 ? 0 : Math.max(0, matching.size() - limit);
            entries = remaining > 0 ? matching.subList(0, limit) : matching;
        }
        var next = "";
        if (remaining > 0) {
            var last = entries.getLast().key();
            long revision = token != null && token.revision() < 0 ? -1 : range.revision();
            next = new ContinueToken(revision, relative ? last.substring(prefixes.getFirst().length()) : last).text();
        }
        return new Found(entries, range.revision(), next, direct ? remaining : -1);
    }

    /// A fresh revision for what is watched.
    long tick(Watched watched) {
        return ranges.tick(watched);
    }

    /// Refuses a revision that is still to come for what a request reads.
    void notYet(ResourceRequest request, long revision) {
        if (revision > 0) {
            long current = ranges.tick(request);
            if (revision > current) {
                throw ApiStatus.resourceVersionTooLarge(revision, current).asException();
            }
        }
    }

    private static RuntimeException expired(@org.jspecify.annotations.Nullable ContinueToken token) {
        if (token == null) {
            return ApiStatus.expired("the resourceVersion is too old: its history is no longer kept").asException();
        }
        return new ExpiredListException(new ContinueToken(-1, token.after()).text());
    }

    private static List<Part> concatenated(String kind, String apiVersion, ObjectNode meta, List<Part> items) {
        var parts = new ArrayList<Part>(items.size() * 2 + 2);
        parts.add(Part.of(("{\"kind\":\"" + kind + "\",\"apiVersion\":\"" + apiVersion + "\",\"metadata\":" + Json.print(meta) + ",\"items\":[")
                .getBytes(StandardCharsets.UTF_8)));
        boolean first = true;
        for (var item : items) {
            if (!first) {
                parts.add(COMMA);
            }
            first = false;
            parts.add(item);
        }
        parts.add(END);
        return parts;
    }

    private static List<ObjectNode> trees(ResourceRequest request, List<Entry> entries) {
        var trees = new ArrayList<ObjectNode>(entries.size());
        for (var shown : Answers.shown(request, entries)) {
            trees.add(Json.readObject(shown.array()));
        }
        return trees;
    }
}
