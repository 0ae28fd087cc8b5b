package io.hypernetes.apiserver.tenant;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.service.BaseServices;
import io.hypernetes.apiserver.storage.Follower;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.OneByOne;
import io.hypernetes.objects.ApiException;
import io.hypernetes.store.Change;
import io.hypernetes.store.ConflictException;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Restores the [BaseServices] of a tenant, and what shows where they lead, when somebody deletes them: at once, and at the start. Not in a tenant that is
/// being deleted. Thread-safe.
public final class ServiceKeeper implements Follower.Listener {
    private static final Logger log = LoggerFactory.getLogger(ServiceKeeper.class);
    private static final int ATTEMPTS = 5;
    private static final Set<String> RESOURCES = Set.of("services", "endpoints", "endpointslices");

    private final Store store;
    private final BaseServices services;
    private final InstantSource clock;

    public ServiceKeeper(Store store, BaseServices services, InstantSource clock) {
        this.store = store;
        this.services = services;
        this.clock = clock;
    }

    @Override
    public void refresh() {
        var tenants = new ArrayList<>(List.of(Caller.ROOT));
        store.list(ObjectKey.prefix(Caller.ROOT, "hypernetes.io", "tenants"), "", 0).entries().forEach(entry -> tenants.add(ObjectKey.parse(entry.key()).name()));
        OneByOne.each(tenants, "services-restored", tenant -> tenant, this::restore);
    }

    @Override
    public void changed(Change change) {
        if (!change.deleted() || !isNamedAsOne(change.entry().key())) {
            return;
        }
        var key = ObjectKey.parse(change.entry().key());
        if (RESOURCES.contains(key.resource())) {
            restore(key.tenant());
        }
    }

    private static boolean isNamedAsOne(String key) {
        for (var name : BaseServices.Name.values()) {
            if (key.endsWith(name.suffix())) {
                return true;
            }
        }
        return false;
    }

    /// Makes what is missing in a tenant.
    void restore(String tenant) {
        var now = clock.instant();
        for (var name : BaseServices.Name.values()) {
            var key = name.key(tenant);
            make(key, () -> services.make(tenant, name, now));
        }
        for (var backend : services.backends(tenant, now)) {
            make(ObjectKey.parse(backend.key()), () -> List.of(backend));
        }
    }

    private void make(ObjectKey key, Supplier<List<Operation>> operations) {
        for (int attempt = 1; attempt <= ATTEMPTS && store.get(key.text()).isEmpty(); attempt++) {
            var home = store.get(new ObjectKey(key.tenant(), "", "namespaces", "", key.namespace()).text()).orElse(null);
            if (home == null || NamespaceBasics.isGoing(home) || NamespaceBasics.isGoing(store, key.tenant())) {
                return;
            }
            try {
                var all = new ArrayList<>(operations.get());
                all.add(new Operation.Check(home.key(), home.revision()));
                store.commit(all);
            } catch (ConflictException e) {
                log.debug("event=base-service-written-meanwhile key={}", key);
            } catch (ApiException e) {
                log.warn("event=base-service-not-made key={} cause={}", key, e.getMessage());
                return;
            }
        }
    }
}
