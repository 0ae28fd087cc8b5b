package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.LayeredStore;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.kind.ResourceType;
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
        return request.tenantPath().everywhere()
                ? tenants().stream().map(tenant -> ObjectKey.prefix(tenant, type.storedVersion().group(), type.resource())).toList()
                : List.of(prefix(type, request.holder(), request.target().namespace()));
    }

    private static String prefix(ResourceType type, String holder, String namespace) {
        return namespace.isEmpty()
                ? ObjectKey.prefix(holder, type.storedVersion().group(), type.resource())
                : ObjectKey.prefix(holder, type.storedVersion().group(), type.resource(), namespace);
    }

    /// A fresh revision for what a request reads.
    long tick(ResourceRequest request) {
        return request.tenantPath().everywhere() ? store.tick() : store.tick(prefix(request.kind().type(), request.holder(), request.target().namespace()));
    }

    /// A fresh revision for what is watched.
    long tick(Watched watched) {
        return watched.tenantPath().everywhere() ? store.tick() : store.tick(prefix(watched.type(), watched.holder(), watched.target().namespace()));
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
    /// Several prefixes are read one after the other; the revision has to be one of before the tenants were looked for, which holds for all, so that
    /// a watch from there repeats what changed meanwhile and misses nothing.
    ///
    /// @param before that revision; 0 for the one prefix of one tenant, which has its own
    Range now(List<String> prefixes, String after, int limit, long before) {
        var entries = new ArrayList<Entry>();
        long revision = before;
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
        return new Range(entries, revision, remaining);
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
        long remaining = 0;
        for (var prefix : prefixes) {
            if (after.compareTo(prefix) > 0 && !after.startsWith(prefix)) {
                continue;
            }
            int left = limit == 0 ? 0 : limit - result.size();
            var part = at(prefix, after.startsWith(prefix) ? after : "", limit == 0 ? 0 : Math.max(1, left), prefixes.size() > 1, revision);
            if (limit != 0 && left == 0) {
                remaining += part.entries().size() + part.remaining();
            } else {
                result.addAll(part.entries());
                remaining += part.remaining();
            }
        }
        return new Range(result, revision, remaining);
    }

    /// The same of one prefix. A changed key takes away one entry at most, so as many more are read than are asked for, not all.
    private Range at(String prefix, String after, int limit, boolean many, long revision) {
        int more = 0;
        boolean all = limit == 0;
        while (true) {
            var page = page(prefix, after, all ? 0 : (int) Math.min(Integer.MAX_VALUE, (long) limit + more), many);
            var undone = before(prefix, revision);
            undone.keySet().removeIf(key -> KEY_ORDER.compare(key, after) <= 0);
            if (page.remaining() > 0 && undone.size() > more) {
                more = 2 * undone.size();
                continue;
            }
            var found = undone(page, undone, limit, revision);
            if (page.remaining() == 0 || found.remaining() > 0) {
                return found;
            }
            // By the count nothing follows, but it was taken while others write, and a list must not end too early.
            all = true;
        }
    }

    private Range undone(Page page, Map<String, Optional<Entry>> undone, int limit, long revision) {
        var state = new TreeMap<String, Entry>(KEY_ORDER);
        page.entries().forEach(entry -> state.put(entry.key(), entry));
        var end = page.remaining() == 0 ? "" : page.entries().getLast().key();
        long remaining = page.remaining();
        for (var then : undone.entrySet()) {
            var key = then.getKey();
            if (!end.isEmpty() && KEY_ORDER.compare(key, end) > 0) {
                // Behind what was read it only counts.
                remaining += (then.getValue().isPresent() ? 1 : 0) - (store.get(key).isPresent() ? 1 : 0);
            } else {
                then.getValue().ifPresentOrElse(entry -> state.put(key, entry), () -> state.remove(key));
            }
        }
        var entries = List.copyOf(state.values());
        int shown = limit == 0 ? entries.size() : Math.min(limit, entries.size());
        return new Range(entries.subList(0, shown), revision, remaining + entries.size() - shown);
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
