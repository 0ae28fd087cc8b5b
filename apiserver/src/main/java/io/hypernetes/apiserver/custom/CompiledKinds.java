package io.hypernetes.apiserver.custom;

import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.store.Entry;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What definitions are compiled to. It is kept for as long as there is room, and as long as anybody else holds one of the kinds it is found here again: a
/// watch holds its kind for hours, and a thousand of them hold one. Each state of a definition is compiled by one at a time, for whom others wait. Thread-safe.
final class CompiledKinds {
    private final MadeByWeight<Compiled> kept;
    private final ConcurrentHashMap<Edition, Held> held = new ConcurrentHashMap<>();
    private final ReferenceQueue<List<Kind>> gone = new ReferenceQueue<>();
    private final ConcurrentHashMap<Edition, CompletableFuture<Compiled>> underWay = new ConcurrentHashMap<>();

    /// A state of a definition; a definition of the same name that is made later has a later revision.
    record Edition(String key, long revision) {}

    /// @param weight roughly, in bytes
    record Compiled(List<Kind> kinds, long weight) {}

    /// Of [Kind#versions], which lives as long as any of the kinds.
    private static final class Held extends WeakReference<List<Kind>> {
        private final Edition edition;
        private final long weight;

        private Held(Edition edition, Compiled compiled, ReferenceQueue<List<Kind>> gone) {
            super(compiled.kinds, gone);
            this.edition = edition;
            this.weight = compiled.weight;
        }
    }

    CompiledKinds(MadeByWeight<Compiled> kept) {
        this.kept = kept;
    }

    /// What a definition is compiled to.
    ///
    /// @param compile gives a list of [Kind#versions], or an empty one
    Compiled of(Entry entry, Function<Edition, Compiled> compile) {
        var edition = new Edition(entry.key(), entry.revision());
        var known = find(edition);
        if (known != null) {
            return known;
        }
        var mine = new CompletableFuture<Compiled>();
        var others = underWay.putIfAbsent(edition, mine);
        if (others != null) {
            return await(others);
        }
        try {
            // Somebody may have been done with it since.
            var found = find(edition);
            var made = found == null ? make(edition, compile) : found;
            mine.complete(made);
            return made;
        } catch (RuntimeException | Error e) {
            mine.completeExceptionally(e);
            throw e;
        } finally {
            underWay.remove(edition, mine);
        }
    }

    /// Keeps a definition that is there no more no longer.
    void forget(String tenant, String key) {
        kept.remove(tenant, key);
    }

    private @Nullable Compiled find(Edition edition) {
        var tenant = ObjectKey.tenantOf(edition.key);
        var known = kept.get(tenant, edition.key, edition.revision);
        if (known != null) {
            return known;
        }
        var reference = held.get(edition);
        var kinds = reference == null ? null : reference.get();
        if (reference == null || kinds == null) {
            return null;
        }
        var again = new Compiled(kinds, reference.weight);
        kept.put(tenant, edition.key, edition.revision, again.weight, again);
        return again;
    }

    private Compiled make(Edition edition, Function<Edition, Compiled> compile) {
        while (gone.poll() instanceof Held dead) {
            held.remove(dead.edition, dead);
        }
        var made = compile.apply(edition);
        if (!made.kinds.isEmpty()) {
            held.put(edition, new Held(edition, made, gone));
        }
        kept.put(ObjectKey.tenantOf(edition.key), edition.key, edition.revision, made.weight, made);
        return made;
    }

    private static Compiled await(CompletableFuture<Compiled> others) {
        try {
            return others.join();
        } catch (CompletionException e) {
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                case null, default -> throw e;
            }
        }
    }
}
