package io.hypernetes.controllers.garbage;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Places that tenants share, of which none has more than some, and all together have no more than some: where these are all taken, who has fewest takes from who has
/// most. Whoever finds none waits for one. Not thread-safe.
final class Places<K> {
    private final int mostOfTenant;
    private final int most;
    private final Map<String, Tenant<K>> tenants = new HashMap<>();
    private int taken;

    private static final class Tenant<K> {
        private final LinkedHashSet<K> having = new LinkedHashSet<>();
        private final LinkedHashSet<K> waiting = new LinkedHashSet<>();
    }

    /// What has to be done.
    ///
    /// @param begins who has a place now
    /// @param ends who has none any more, and waits
    record Change<K>(Optional<K> begins, Optional<K> ends) {
        private static <K> Change<K> none() {
            return new Change<>(Optional.empty(), Optional.empty());
        }
    }

    Places(int mostOfTenant, int most) {
        this.mostOfTenant = mostOfTenant;
        this.most = most;
    }

    Change<K> add(String tenant, K key) {
        Tenant<K> own = tenants.computeIfAbsent(tenant, fresh -> new Tenant<>());
        if (own.having.contains(key) || own.waiting.contains(key)) {
            return Change.none();
        }
        if (own.having.size() < mostOfTenant) {
            if (taken < most) {
                own.having.add(key);
                taken++;
                return new Change<>(Optional.of(key), Optional.empty());
            }
            Tenant<K> richest = richest(tenants.values());
            if (richest.having.size() > own.having.size() + 1) {
                K ends = richest.having.removeLast();
                richest.waiting.add(ends);
                own.having.add(key);
                return new Change<>(Optional.of(key), Optional.of(ends));
            }
        }
        own.waiting.add(key);
        return Change.none();
    }

    private static <K> Tenant<K> richest(Collection<Tenant<K>> all) {
        return all.stream().max(Comparator.comparingInt(each -> each.having.size())).orElseThrow();
    }

    /// Gives back the place of who has one, to who waits for it.
    Change<K> remove(String tenant, K key) {
        Tenant<K> own = tenants.get(tenant);
        if (own == null) {
            return Change.none();
        }
        own.waiting.remove(key);
        boolean had = own.having.remove(key);
        if (own.having.isEmpty() && own.waiting.isEmpty()) {
            tenants.remove(tenant);
        }
        if (!had) {
            return Change.none();
        }
        taken--;
        return tenants.values().stream()
                .filter(each -> !each.waiting.isEmpty() && each.having.size() < mostOfTenant)
                .min(Comparator.comparingInt(each -> each.having.size()))
                .map(next -> {
                    K begins = next.waiting.removeFirst();
                    next.having.add(begins);
                    taken++;
                    return new Change<>(Optional.of(begins), Optional.<K>empty());
                })
                .orElseGet(Change::none);
    }

    /// How many a tenant may have.
    int mostOfTenant() {
        return mostOfTenant;
    }

    /// Who has a place, for whoever looks.
    List<K> having(String tenant) {
        Tenant<K> own = tenants.get(tenant);
        return own == null ? List.of() : List.copyOf(own.having);
    }
}
