package io.hypernetes.identity.oidc;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/// The issuers whose keys are kept, those used last. A tenant that names ever new ones loses its own: above its bound the one it used longest ago, and
/// where all together are too many, one of the tenant that has most. Thread-safe.
final class KnownIssuers {
    static final int MOST = 1_000;
    /// As many as a configuration may name, see [Issuer].
    static final int MOST_OF_A_TENANT = 64;

    /// Keys are kept for each tenant by itself: what one tenant's configuration makes known, or says to trust, is nothing to another's.
    ///
    /// @param tenant empty for the operator's issuers
    record Source(String tenant, String url, String trust) {}

    private final Function<Source, IssuerKeys> unknown;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, LinkedHashMap<Source, IssuerKeys>> ofTenants = new HashMap<>();
    private int count;

    /// @param unknown makes what fetches the keys of an issuer; fetches nothing by itself
    KnownIssuers(Function<Source, IssuerKeys> unknown) {
        this.unknown = unknown;
    }

    IssuerKeys keysOf(Source source) {
        lock.lock();
        try {
            var own = ofTenants.computeIfAbsent(source.tenant, _ -> new LinkedHashMap<>(4, 0.75f, true));
            var keys = own.get(source);
            if (keys == null) {
                keys = unknown.apply(source);
                own.put(source, keys);
                count++;
                if (own.size() > MOST_OF_A_TENANT && !source.tenant.isEmpty()) {
                    forgetEldest(own);
                } else if (count > MOST) {
                    forgetEldest(largest());
                }
            }
            return keys;
        } finally {
            lock.unlock();
        }
    }

    private LinkedHashMap<Source, IssuerKeys> largest() {
        var largest = new LinkedHashMap<Source, IssuerKeys>();
        for (var each : ofTenants.entrySet()) {
            if (!each.getKey().isEmpty() && each.getValue().size() > largest.size()) {
                largest = each.getValue();
            }
        }
        return largest;
    }

    private void forgetEldest(LinkedHashMap<Source, IssuerKeys> of) {
        if (of.isEmpty()) {
            return;
        }
        var eldest = of.firstEntry().getKey();
        of.remove(eldest);
        count--;
        if (of.isEmpty()) {
            ofTenants.remove(eldest.tenant);
        }
    }
}
