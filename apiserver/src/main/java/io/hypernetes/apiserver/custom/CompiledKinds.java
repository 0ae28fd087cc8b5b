package io.hypernetes.apiserver.custom;

import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.store.Entry;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// What definitions are compiled to. It is kept for as long as there is room, and as long as anybody else holds one of the kinds it is found here again: a
/// thousand requests that wait for a webhook hold one. Each definition is compiled by one at a time, for whom others wait. Thread-safe.
final class CompiledKinds {
    private final MadeByWeight<Compiled> kept;
    private final ConcurrentHashMap<Edition, Held> held = new ConcurrentHashMap<>();
    private final ReferenceQueue<List<Kind>> gone = new ReferenceQueue<>();
    private final ConcurrentHashMap<String, CompletableFuture<@Nullable Void>> underWay = new ConcurrentHashMap<>();

    /// What of a definition is compiled: it may be stored again and again and be what it was.
    ///
    /// @param changed whether its spec is another than at first
    /// @param digest of its spec and of the names that it got
    record Edition(String key, String uid, boolean changed, String digest) {
        static Edition of(String key, ObjectNode definition) {
            // To be deleted counts as a change too, and is none of what is compiled.
            long changes = Json.number(definition, 1, "metadata", "generation") - (TenantKinds.isDeleted(definition) ? 1 : 0);
            return new Edition(key, Json.string(definition, "metadata", "uid"), changes > 1, digest(definition));
        }

        private static String digest(ObjectNode definition) {
            try {
                var digest = MessageDigest.getInstance("SHA-256");
                digest.update(Json.bytes(definition.path("spec")));
                digest.update(Json.bytes(definition.path("status").path("acceptedNames")));
                return HexFormat.of().formatHex(digest.digest());
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("SHA-256 is missing in this Java runtime", e);
            }
        }
    }

    /// @param edition of what it was compiled
    /// @param weight roughly, in bytes
    record Compiled(Edition edition, List<Kind> kinds, long weight) {}

    /// Of [Kind#versions], which lives as long as any of the kinds.
    private static final class Held extends WeakReference<List<Kind>> {
        private final Edition edition;
        private final long weight;

        private Held(Compiled compiled, ReferenceQueue<List<Kind>> gone) {
            super(compiled.kinds, gone);
            this.edition = compiled.edition;
            this.weight = compiled.weight;
        }
    }

    CompiledKinds(MadeByWeight<Compiled> kept) {
        this.kept = kept;
    }

    /// What a definition is compiled to if that is kept; null otherwise.
    @Nullable Compiled known(Entry entry) {
        return kept.get(ObjectKey.tenantOf(entry.key()), entry.key(), entry.revision());
    }

    /// What a definition is compiled to.
    ///
    /// @param edition tells the edition of the entry
    /// @param compile gives a list of [Kind#versions], or an empty one
    Compiled of(Entry entry, Supplier<Edition> edition, Function<Edition, Compiled> compile) {
        var tenant = ObjectKey.tenantOf(entry.key());
        while (true) {
            var known = known(entry);
            if (known != null) {
                return known;
            }
            var done = new CompletableFuture<@Nullable Void>();
            var others = underWay.putIfAbsent(entry.key(), done);
            if (others != null) {
                // It may be of another revision, or have failed: so look again.
                others.join();
                continue;
            }
            try {
                var now = edition.get();
                var found = find(now);
                var compiled = found == null ? make(now, compile) : found;
                kept.put(tenant, entry.key(), entry.revision(), compiled.weight, compiled);
                return compiled;
            } finally {
                underWay.remove(entry.key(), done);
                done.complete(null);
            }
        }
    }

    /// Keeps a definition that is there no more no longer.
    void forget(String tenant, String key) {
        kept.remove(tenant, key);
    }

    private @Nullable Compiled find(Edition edition) {
        var reference = held.get(edition);
        var kinds = reference == null ? null : reference.get();
        return reference == null || kinds == null ? null : new Compiled(edition, kinds, reference.weight);
    }

    private Compiled make(Edition edition, Function<Edition, Compiled> compile) {
        while (gone.poll() instanceof Held dead) {
            held.remove(dead.edition, dead);
        }
        var made = compile.apply(edition);
        if (!made.kinds.isEmpty()) {
            held.put(edition, new Held(made, gone));
        }
        return made;
    }
}
