package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.LayeredStore;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.store.CompactedException;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Page;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Ranges of objects, as they are now or as they were at a revision that history still reaches.
final class Ranges {
    private static final String ROOT = "/" + Caller.ROOT + "/";

    private final LayeredStore store;

    Ranges(LayeredStore store) {
        this.store = store;
    }

    /// Objects of one state.
    ///
    /// @param remaining how many more follow
    record Range(List<Entry> entries, long revision, long remaining) {}

    /// The prefixes that a request reads, ascending.
    List<String> prefixes(ResourceRequest request) {
        var type = request.kind().type();
        if (request.tenantPath().everywhere()) {
            return tenants().stream()
                    .map(tenant -> ObjectKey.prefix(tenant, type.storedVersion().group(), type.resource()))
                    .toList();
        }
        var namespace = request.target().namespace();
        return List.of(
                namespace.isEmpty()
                        ? ObjectKey.prefix(request.holder(), type.storedVersion().group(), type.resource())
                        : ObjectKey.prefix(request.holder(), type.storedVersion().group(), type.resource(), namespace));
    }

    /// Every tenant, `root` among them, in the order of their keys: a page of a list goes on behind the last key of the one before.
    List<String> tenants() {
        var names = new ArrayList<String>();
        names.add(Caller.ROOT);
        for (var entry : store.list(ObjectKey.prefix(Caller.ROOT, "hypernetes.io", "tenants"), "", 0).entries()) {
            names.add(ObjectKey.parse(entry.key()).name());
        }
        names.sort(Comparator.comparing(name -> name + "/"));
        return names;
    }

    /// What is there now, after a key, at most `limit` (0: all).
    ///
    /// Several prefixes are read one after the other; the revision is that of the first, so that a watch from there repeats
    /// what changed meanwhile and misses nothing.
    Range now(List<String> prefixes, String after, int limit) {
        var entries = new ArrayList<Entry>();
        long revision = 0;
        long remaining = 0;
        for (var prefix : prefixes) {
            if (after.compareTo(prefix) > 0 && !after.startsWith(prefix)) {
                continue;
            }
            int left = limit == 0 ? 0 : limit - entries.size();
            Page page = page(prefix, after.startsWith(prefix) ? after : "", limit == 0 ? 0 : Math.max(1, left), prefixes.size() > 1);
            if (limit != 0 && left == 0) {
                remaining += page.entries().size() + page.remaining();
            } else {
                entries.addAll(page.entries());
                remaining += page.remaining();
            }
            revision = revision == 0 ? page.revision() : revision;
        }
        return new Range(entries, revision == 0 ? store.tick() : revision, remaining);
    }

    /// Across tenants what all of them have is shown once, as root's.
    private Page page(String prefix, String after, int limit, boolean many) {
        return many && !prefix.startsWith(ROOT) ? store.listOwn(prefix, after, limit) : store.list(prefix, after, limit);
    }

    /// What was there at `revision`, after a key.
    ///
    /// @throws CompactedException when history does not reach back so far
    Range at(List<String> prefixes, String after, int limit, long revision) {
        var result = new ArrayList<Entry>();
        for (var prefix : prefixes) {
            if (after.compareTo(prefix) > 0 && !after.startsWith(prefix)) {
                continue;
            }
            var state = new TreeMap<String, Entry>(KEY_ORDER);
            for (var entry : page(prefix, "", 0, prefixes.size() > 1).entries()) {
                state.put(entry.key(), entry);
            }
            for (var undone : before(prefix, revision).entrySet()) {
                undone.getValue()
                        .ifPresentOrElse(entry -> state.put(entry.key(), entry), () -> state.remove(undone.getKey()));
            }
            result.addAll(after.startsWith(prefix) ? state.tailMap(after, false).values() : state.values());
        }
        long remaining = limit == 0 ? 0 : Math.max(0, result.size() - limit);
        return new Range(limit == 0 ? result : List.copyOf(result.subList(0, Math.min(limit, result.size()))), revision, remaining);
    }

    /// Keys are compared as the store does: by their UTF-8 bytes. Names of objects are ASCII.
    private static final java.util.Comparator<String> KEY_ORDER = java.util.Comparator.naturalOrder();

    /// What each key that changed since `revision` held then.
    private Map<String, Optional<Entry>> before(String prefix, long revision) {
        var before = new HashMap<String, Optional<Entry>>();
        try (var watch = store.watch(prefix, revision)) {
            for (var change = watch.next(Duration.ZERO); change.isPresent(); change = watch.next(Duration.ZERO)) {
                before.putIfAbsent(change.get().entry().key(), Optional.ofNullable(change.get().previous()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ApiStatus.unavailable("the server is stopping").asException();
        }
        return before;
    }
}
