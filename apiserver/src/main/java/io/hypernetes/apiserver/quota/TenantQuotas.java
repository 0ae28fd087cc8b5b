package io.hypernetes.apiserver.quota;

import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.apiserver.tenant.TenantState;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Quantity;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.store.ConflictException;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;
import tools.jackson.databind.node.ObjectNode;

/// What a tenant may use as a whole, over all its namespaces: `spec.quota` of its Tenant, by the names that ResourceQuotas have. Thread-safe.
///
/// What is used is counted in an entry of its own, out of the tenant's reach, written in the commit that makes the object; the Tenant's `status.used`
/// follows a moment later, so that not every create is a change of the Tenant.
final class TenantQuotas {
    /// Where counts are kept; the tenant's name follows.
    private static final String PREFIX = "quotas/";

    private static final int ATTEMPTS = 20;

    private final Store store;
    private final Kinds kinds;
    private final DefinedCounts defined;
    private final ReentrantLock[] turns = new ReentrantLock[64];
    private volatile Consumer<String> listener = _ -> {};

    TenantQuotas(Store store, Kinds kinds, DefinedCounts defined) {
        this.store = store;
        this.kinds = kinds;
        this.defined = defined;
        java.util.Arrays.setAll(turns, _ -> new ReentrantLock());
    }

    /// Makes `counted` hear which tenant's count is about to change.
    void onCount(Consumer<String> counted) {
        listener = counted;
    }

    ReentrantLock turn(String tenant) {
        return turns[Math.floorMod(tenant.hashCode(), turns.length)];
    }

    /// The limits of a tenant, empty when it has none.
    ObjectNode limits(String tenant) {
        return TenantState.of(store, tenant)
                .map(state -> state.object().path("spec").path("quota"))
                .filter(quota -> quota instanceof ObjectNode)
                .map(ObjectNode.class::cast)
                .orElseGet(Json::object);
    }

    /// Charges `usage` to the tenant, whose turn the caller has.
    ///
    /// @param asked of which resources more is asked for: of others nothing is refused
    /// @throws io.hypernetes.objects.ApiException 403 when the quota does not allow it
    List<Operation> charge(String tenant, ObjectNode limits, Kind kind, ObjectNode object, Map<String, Quantity> usage, Predicate<String> asked) {
        var charged = new TreeMap<>(usage);
        charged.keySet().removeIf(resource -> !limits.has(resource));
        if (charged.isEmpty()) {
            return List.of();
        }
        var entry = store.get(PREFIX + tenant).orElse(null);
        var count = entry == null ? Json.object() : Json.readObject(entry.value());
        if (!count.path("hard").equals(limits)) {
            // Set or changed a moment ago and not counted yet.
            count(tenant, limits, count);
        }
        var used = Json.child(count, "used");
        var exceeded = new TreeSet<String>();
        charged.forEach((resource, more) -> {
            var sum = PodResources.quantity(used.path(resource)).plus(more);
            if (more.signum() > 0 && asked.test(resource) && sum.compareTo(PodResources.quantity(limits.path(resource))) > 0) {
                exceeded.add(resource);
            }
        });
        if (!exceeded.isEmpty()) {
            var type = kind.type();
            throw ApiStatus.forbidden(
                            type.group(),
                            type.resource(),
                            Json.string(object, "metadata", "name"),
                            "exceeded quota of the tenant, requested: %s, used: %s, limited: %s"
                                    .formatted(Quotas.text(exceeded, charged), Quotas.text(exceeded, used), Quotas.text(exceeded, limits)))
                    .asException();
        }
        charged.forEach((resource, more) -> used.put(resource, PodResources.quantity(used.path(resource)).plus(more).toString()));
        return List.of(write(tenant, entry == null ? Operation.ABSENT : entry.revision(), count));
    }

    /// Counts anew what a tenant uses, and forgets the count of one that has no quota any more.
    void recount(String tenant) {
        var turn = turn(tenant);
        turn.lock();
        try {
            for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
                var entry = store.get(PREFIX + tenant).orElse(null);
                var limits = limits(tenant);
                try {
                    if (!limits.isEmpty()) {
                        var before = entry == null ? Json.object() : Json.readObject(entry.value());
                        var count = before.deepCopy();
                        count(tenant, limits, count);
                        if (!count.equals(before)) {
                            store.commit(List.of(write(tenant, entry == null ? Operation.ABSENT : entry.revision(), count)));
                        }
                    } else if (entry != null) {
                        store.commit(List.of(new Operation.Delete(entry.key(), entry.revision(), _ -> new byte[0])));
                        listener.accept(tenant);
                    }
                    return;
                } catch (ConflictException e) {
                    // Another master wrote it meanwhile: look again.
                }
            }
        } finally {
            turn.unlock();
        }
    }

    /// Writes into the Tenant what was counted last.
    void tell(String tenant) {
        for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
            var state = TenantState.of(store, tenant).orElse(null);
            if (state == null) {
                return;
            }
            var used = store.get(PREFIX + tenant).map(entry -> Json.readObject(entry.value()).path("used")).orElse(null);
            var status = Json.child(state.object(), "status");
            if (used == null ? !status.has("used") : used.equals(status.path("used"))) {
                return;
            }
            if (used == null) {
                status.remove("used");
            } else {
                status.set("used", used);
            }
            try {
                store.commit(List.of(new Operation.Put(state.entry().key(), state.entry().revision(), StoredForm.encoder(state.object()))));
                return;
            } catch (ConflictException e) {
                // The Tenant changed meanwhile: look again.
            }
        }
    }

    private Operation write(String tenant, long expected, ObjectNode count) {
        listener.accept(tenant);
        var bytes = Json.bytes(count);
        return new Operation.Put(PREFIX + tenant, expected, _ -> bytes);
    }

    private void count(String tenant, ObjectNode limits, ObjectNode count) {
        var sums = new TreeMap<String, Quantity>();
        boolean limited = DiskSpace.isLimited(limits);
        var classes = limited ? DiskSpace.classes(store) : Set.<String>of();
        limits.propertyNames().forEach(resource -> sums.put(resource, Quantity.ZERO));
        for (var kind : kinds.all()) {
            var type = kind.type();
            if (!type.isStored() || !Quotas.counts(limits, type.group(), type.resource())) {
                continue;
            }
            for (var entry : store.list(ObjectKey.prefix(tenant, type.group(), type.resource()), "", 0).entries()) {
                var object = Json.readObject(entry.value());
                Usage.of(type.group(), type.resource(), object).forEach((resource, more) -> sums.computeIfPresent(resource, (_, sum) -> sum.plus(more)));
                if (limited && type.is("", "persistentvolumes")) {
                    new DiskSpace(store, tenant, classes).of(object).forEach((resource, more) -> sums.computeIfPresent(resource, (_, sum) -> sum.plus(more)));
                }
            }
        }
        defined.count(sums, (group, resource) -> ObjectKey.prefix(tenant, group, resource));
        count.set("hard", limits.deepCopy());
        var used = count.putObject("used");
        sums.forEach((resource, sum) -> used.put(resource, sum.toString()));
    }
}
