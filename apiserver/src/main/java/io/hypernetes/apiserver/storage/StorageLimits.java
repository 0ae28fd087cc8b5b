package io.hypernetes.apiserver.storage;

import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import io.hypernetes.objects.Quantity;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/// Keeps what tenants have stored within bounds: each tenant's, and all together. Everything is held in memory, after each start again. Thread-safe.
///
/// Judged is how much a commit makes the tenant's bytes grow, by what the store itself counts; what others are about to commit counts as if it were stored, so a
/// bound holds however many write at once. What makes nothing grow is never refused, nor are deletions and what marks an object for its end, nor what the
/// operator writes. What is there may grow a little beyond a bound, so that states of pods are told, leases renewed and finalizers set when there is no more room
/// for new objects.
final class StorageLimits {
    private static final String OPERATOR = "/root/";
    private static final String TENANTS = ObjectKey.prefix("root", "hypernetes.io", "tenants", "_");
    private static final int MOST_KNOWN = 50_000;
    /// By so much an object may grow at once where there is no more room for new ones.
    private static final int LITTLE = 16 << 10;
    /// Whoever has less than such a part of all finds room for a while longer: those who filled it are others.
    private static final int SMALL_PART = 64;
    private static final long LARGEST_BOUND = Long.MAX_VALUE / 4;
    private static final Hold NOTHING = () -> {};

    private final Store store;
    private final StorageBounds bounds;
    private final ConcurrentHashMap<String, Long> underWay = new ConcurrentHashMap<>();
    private final AtomicLong allUnderWay = new AtomicLong();
    private final ConcurrentHashMap<String, Known> known = new ConcurrentHashMap<>();

    /// What a Tenant says, as it was at a revision.
    private record Known(long revision, long most) {}

    /// Room that a commit has until it is closed.
    interface Hold extends AutoCloseable {
        @Override
        void close();
    }

    StorageLimits(Store store, StorageBounds bounds) {
        this.store = store;
        this.bounds = bounds;
    }

    /// Holds the room that a commit takes; closed after it.
    ///
    /// @throws io.hypernetes.objects.ApiException 403 when the tenant has no such room, 507 when all together have not
    Hold hold(List<Operation> operations) {
        if (bounds.equals(StorageBounds.NONE)) {
            return NOTHING;
        }
        String first = "";
        long more = 0;
        boolean makes = false;
        for (var operation : operations) {
            // Who gives room and takes some at once is judged by what it takes.
            if (!(operation instanceof Operation.Put put) || !put.key().startsWith("/") || put.value() instanceof Encoded encoded && encoded.isEnding()) {
                continue;
            }
            if (put.key().startsWith(OPERATOR)) {
                return NOTHING;
            }
            long length = put.value() instanceof Encoded encoded ? encoded.length() : put.value().apply(Long.MAX_VALUE).length;
            var before = store.get(put.key()).orElse(null);
            long grows = before == null ? put.key().length() + length : length - before.knownLength();
            makes |= grows > (before == null ? 0 : LITTLE);
            more += grows;
            first = first.isEmpty() ? put.key() : first;
        }
        return more > 0 ? hold(first, more, makes) : NOTHING;
    }

    private Hold hold(String key, long more, boolean makes) {
        var tenant = ObjectKey.tenantOf(key);
        long most = Math.min(LARGEST_BOUND, of(tenant));
        long mostOfAll = Math.min(LARGEST_BOUND, bounds.all());
        long reserved = underWay.merge(tenant, more, Long::sum);
        long allReserved = allUnderWay.addAndGet(more);
        Hold hold = () -> {
            underWay.computeIfPresent(tenant, (_, sum) -> sum == more ? null : sum - more);
            allUnderWay.addAndGet(-more);
        };
        // Asked after that: what others commit meanwhile is counted twice for a moment rather than not at all.
        long used = store.bytes("/" + tenant + "/") + reserved - more;
        if (used + more > (makes ? most : most + most / 8)) {
            hold.close();
            throw exceeded(key, more, used, most);
        }
        boolean small = used + more <= mostOfAll / SMALL_PART;
        if (store.bytes("") + allReserved > mostOfAll + (small ? mostOfAll / 8 : makes ? 0 : mostOfAll / 16)) {
            hold.close();
            throw ApiStatus.insufficientStorage("the server has no room for more of what tenants store: what is there can be read, changed and deleted, and nothing"
                            + " larger stored; the operator has to give the master more memory, or free some")
                    .asException();
        }
        return hold;
    }

    private static RuntimeException exceeded(String key, long more, long used, long most) {
        var place = ObjectKey.parse(key);
        return ApiStatus.forbidden(
                        place.group(),
                        place.resource(),
                        place.name(),
                        "exceeded quota of the tenant for what it has stored, requested: %d bytes more, used: %d, limited: %d; delete what is not needed, or ask the operator for more (spec.storedBytes of the Tenant)"
                                .formatted(more, used, most))
                .asException();
    }

    /// What a tenant may have stored.
    private long of(String tenant) {
        var entry = store.get(TENANTS + tenant).orElse(null);
        if (entry == null) {
            return bounds.ofTenant();
        }
        var last = known.get(tenant);
        if (last == null || last.revision != entry.revision()) {
            last = new Known(entry.revision(), said(entry));
            if (known.size() >= MOST_KNOWN) {
                known.clear();
            }
            known.put(tenant, last);
        }
        return last.most;
    }

    private long said(Entry entry) {
        try {
            var said = Json.readObject(entry.value()).path("spec").path("storedBytes");
            return said.isString() || said.isNumber() ? Quantity.parse(said.asString()).value() : bounds.ofTenant();
        } catch (MalformedJsonException | IllegalArgumentException e) {
            return bounds.ofTenant();
        }
    }
}
