package io.hypernetes.apiserver.tenant;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.LayeredStore;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// A Tenant as it is stored now, as far as it decides what may be done in the tenant.
///
/// @param entry what a commit that relies on this checks
/// @param object the Tenant
public record TenantState(Entry entry, ObjectNode object) {

    /// The state of a tenant; empty for `root`, which is no object, and for a tenant that does not exist.
    public static Optional<TenantState> of(Store store, String tenant) {
        return tenant.equals(Caller.ROOT)
                ? Optional.empty()
                : store.get(key(tenant)).map(entry -> new TenantState(entry, Json.readObject(entry.value())));
    }

    /// Where a Tenant is stored.
    public static String key(String tenant) {
        return new ObjectKey(Caller.ROOT, "hypernetes.io", "tenants", "", tenant).text();
    }

    /// What the commit checks that makes something of the base layer a tenant's own, changed or deleted: that there is the tenant. Else what is left of it would
    /// be there when one of its name is made anew.
    ///
    /// @param current as it is stored before that
    /// @throws io.hypernetes.objects.ApiException 404 when the tenant is gone
    public static List<Operation> guard(Store store, String tenant, Entry current) {
        return tenant.equals(Caller.ROOT) || !LayeredStore.isOfBase(current)
                ? List.of()
                : List.of(of(store, tenant)
                        .orElseThrow(() -> ApiStatus.notFound("hypernetes.io", "tenants", tenant).asException())
                        .unchanged());
    }

    /// Whether it is being deleted.
    public boolean terminating() {
        return !Json.string(object, "metadata", "deletionTimestamp").isEmpty();
    }

    /// Whether its people may only read and its pods stand still.
    public boolean suspended() {
        return Json.flag(object, "spec", "suspended");
    }

    /// On a pod of a tenant that shares no machine templates with others: [#STRICT].
    public static final String ISOLATION_ANNOTATION = "hypernetes.io/isolation";

    /// How a Tenant says so in `spec.isolation`.
    public static final String STRICT = "Strict";

    /// Whether its machines are copied from templates of its own alone.
    public boolean strict() {
        return Json.string(object, "spec", "isolation").equals(STRICT);
    }

    /// Makes a commit fail when the tenant changed meanwhile, or went.
    public Operation unchanged() {
        return new Operation.Check(entry.key(), entry.revision());
    }
}
