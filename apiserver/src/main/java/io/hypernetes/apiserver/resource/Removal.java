package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.service.ServiceAllocator;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.apiserver.tenant.TenantState;
import io.hypernetes.apiserver.tenant.Tenants;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;
import tools.jackson.databind.node.ObjectNode;

/// Takes objects out of the store for good.
final class Removal {
    private final Store store;
    private final Tenants tenants;
    private final Indexed.Cache indexes;
    private final ServiceAllocator services;

    Removal(Store store, Tenants tenants, Indexed.Cache indexes, ServiceAllocator services) {
        this.services = services;
        this.store = store;
        this.tenants = tenants;
        this.indexes = indexes;
    }

    /// Whether an object is marked for deletion and nothing holds it any more.
    static boolean isFinished(Kind kind, ObjectNode object) {
        var metadata = object.path("metadata");
        return !Json.string(metadata, "deletionTimestamp").isEmpty()
                && Json.number(metadata, 0, "deletionGracePeriodSeconds") == 0
                && !isHeld(kind, object);
    }

    /// Whether finalizers hold an object. Those in the spec are of namespaces; a kind of another group may be called so too, and mean anything by them.
    private static boolean isHeld(Kind kind, ObjectNode object) {
        return !object.path("metadata").path("finalizers").isEmpty()
                || (kind.type().is("", "namespaces") && !object.path("spec").path("finalizers").isEmpty());
    }

    /// Removes an object whose state is still the one given.
    ///
    /// @param last what watchers see last
    /// @throws io.hypernetes.store.ConflictException when it changed meanwhile
    void remove(ResourceRequest request, String key, Entry current, ObjectNode last) {
        remove(request, key, current, StoredForm.ending(last), Admission.isService(request.kind()) ? services.release(request.tenant(), last) : List.of());
    }

    /// As the other, of one that cannot be read: what a service has stays taken until it is looked through.
    void removeUnreadable(ResourceRequest request, String key, Entry current) {
        remove(request, key, current, StoredForm.endingUnread(request.kind().type().storedVersion(), request.kind().type().kind(), request.key()), List.of());
    }

    private void remove(ResourceRequest request, String key, Entry current, LongFunction<byte[]> last, List<Operation> more) {
        var operations = new ArrayList<Operation>();
        operations.add(new Operation.Delete(key, current.revision(), last));
        operations.addAll(TenantState.guard(store, request.tenant(), current));
        boolean tenant = request.tenant().equals(Caller.ROOT) && !request.kind().isCustom() && request.kind().type().is("hypernetes.io", "tenants");
        if (tenant) {
            operations.addAll(tenants.remains(request.target().name()));
        }
        operations.addAll(more);
        store.commit(operations);
        indexes.forget(key);
        if (tenant) {
            tenants.gone(request.target().name());
        }
    }
}
