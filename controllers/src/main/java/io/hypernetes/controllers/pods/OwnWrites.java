package io.hypernetes.controllers.pods;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.hypernetes.client.Informer;
import io.hypernetes.client.ObjectKey;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Whether a cache shows what a controller itself has created and deleted: until it does, deciding from the cache would do the same
/// again. One for each kind of dependents; the keys are those of the objects that the controller works on. Thread-safe.
public final class OwnWrites<T extends HasMetadata> {
    private record Deleted(ObjectKey key, String uid) {}

    private static final class Pending {
        long revision;
        final Set<Deleted> deleted = new HashSet<>();
    }

    private final Informer<T> cache;
    private final Map<ObjectKey, Pending> pending = new ConcurrentHashMap<>();

    public OwnWrites(Informer<T> cache) {
        this.cache = cache;
    }

    /// The controller wrote a dependent of `owner`, as the server answered.
    public void wrote(ObjectKey owner, T written) {
        String version = written.getMetadata().getResourceVersion();
        long revision = version != null && version.matches("[0-9]{1,18}") ? Long.parseLong(version) : 0;
        pending.compute(owner, (key, known) -> {
            Pending now = known == null ? new Pending() : known;
            now.revision = Math.max(now.revision, revision);
            return now;
        });
    }

    /// The controller asked for the deletion of a dependent of `owner`.
    public void deleted(ObjectKey owner, T dependent) {
        pending.compute(owner, (key, known) -> {
            Pending now = known == null ? new Pending() : known;
            now.deleted.add(new Deleted(ObjectKey.of(owner.tenant(), dependent), dependent.getMetadata().getUid()));
            return now;
        });
    }

    /// Whether the cache shows all of it.
    public boolean visible(ObjectKey owner) {
        return pending.computeIfPresent(owner, (key, known) -> {
            known.deleted.removeIf(this::isGone);
            return known.deleted.isEmpty() && cache.revision() >= known.revision ? null : known;
        }) == null;
    }

    private boolean isGone(Deleted deleted) {
        T seen = cache.get(deleted.key).orElse(null);
        return seen == null
                || seen.getMetadata().getDeletionTimestamp() != null
                || !Objects.equals(seen.getMetadata().getUid(), deleted.uid);
    }
}
