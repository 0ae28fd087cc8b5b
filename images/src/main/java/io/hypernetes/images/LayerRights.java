package io.hypernetes.images;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/// Who has read which layer at a registry, every byte of it: only they get it from here, as to know what a layer is called proves nothing. Safe for use by many threads.
final class LayerRights {
    private final Map<String, Set<Claimant>> readers = new ConcurrentHashMap<>();

    boolean mayUse(String diffId, Claimant claimant) {
        Set<Claimant> known = readers.getOrDefault(diffId, Set.of());
        return claimant.mayReadAll() || known.contains(Claimant.ANYBODY) || known.contains(claimant);
    }

    void grant(String diffId, Claimant claimant) {
        readers.computeIfAbsent(diffId, _ -> ConcurrentHashMap.newKeySet()).add(claimant);
    }

    /// Forgets all other layers.
    void retain(Predicate<String> diffIds) {
        readers.keySet().removeIf(diffIds.negate());
    }

    /// By diff id.
    Map<String, Set<Claimant>> all() {
        return readers;
    }
}
