package io.hypernetes.images;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/// Who has read which layer at a registry, every byte of it: only they get it from here, as to know what a layer is called proves nothing. Safe for use by many threads.
final class LayerRights {
    /// Of one layer, the latest; who is forgotten reads it anew.
    static final int MOST_READERS = 1000;

    private final Map<String, Set<Claimant>> readers = new HashMap<>(); // guarded by this

    synchronized boolean mayUse(String diffId, Claimant claimant) {
        Set<Claimant> known = readers.getOrDefault(diffId, Set.of());
        return claimant.mayReadAll() || known.contains(Claimant.ANYBODY) || known.contains(claimant);
    }

    /// What anybody may read is no single one's any more.
    synchronized void grant(String diffId, Claimant claimant) {
        if (mayUse(diffId, claimant)) {
            return;
        }
        Set<Claimant> known = readers.computeIfAbsent(diffId, _ -> new LinkedHashSet<>());
        if (claimant.equals(Claimant.ANYBODY)) {
            known.clear();
        } else if (known.size() >= MOST_READERS) {
            known.remove(known.iterator().next());
        }
        known.add(claimant);
    }

    /// Forgets the layers that are in none of these images, and of the others who may have no whole image that one is in: a pull that failed, or a tenant whose images are gone.
    ///
    /// @param images their layers
    /// @param held layers that pulls need, of which nothing is forgotten
    synchronized void retain(Collection<List<String>> images, Predicate<String> held) {
        Map<String, Set<Claimant>> needed = new HashMap<>();
        for (List<String> layers : images) {
            Set<Claimant> having = new HashSet<>();
            layers.forEach(layer -> having.addAll(readers.getOrDefault(layer, Set.of())));
            having.removeIf(claimant -> layers.stream().anyMatch(layer -> !mayUse(layer, claimant)));
            having.add(Claimant.ANYBODY); // one a layer, and others may have the rest of an image
            layers.forEach(layer -> needed.computeIfAbsent(layer, _ -> new HashSet<>()).addAll(having));
        }
        readers.entrySet().removeIf(layer -> {
            if (held.test(layer.getKey())) {
                return false;
            }
            layer.getValue().retainAll(needed.getOrDefault(layer.getKey(), Set.of()));
            return layer.getValue().isEmpty();
        });
    }

    /// How many layers are known.
    synchronized int size() {
        return readers.size();
    }

    /// By diff id, of these layers only.
    synchronized Map<String, List<Claimant>> of(Set<String> diffIds) {
        Map<String, List<Claimant>> all = new TreeMap<>();
        readers.forEach((diffId, known) -> {
            if (diffIds.contains(diffId)) {
                all.put(diffId, new ArrayList<>(known));
            }
        });
        return all;
    }
}
