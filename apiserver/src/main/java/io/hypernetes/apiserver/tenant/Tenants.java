package io.hypernetes.apiserver.tenant;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.service.BaseServices;
import io.hypernetes.apiserver.storage.LayeredStore;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.OneByOne;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.store.ConflictException;
import io.hypernetes.store.Operation;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.UUID;
import tools.jackson.databind.node.ObjectNode;

/// Gives each tenant what a cluster has from its first moment, and clears away what is left at its last.
public final class Tenants {
    /// Holds a tenant until everything in it is gone.
    public static final String FINALIZER = "hypernetes.io/tenant";

    private static final List<String> BASE_NAMESPACES = List.of("default", "kube-node-lease", "kube-public", "kube-system");

    private final LayeredStore store;
    private final Kind namespaces;
    private final TenantAuthorities authorities;
    private final NamespaceBasics basics;
    private final BaseServices services;
    private final ServiceKeeper keeper;
    private final Segments segments;

    public Tenants(
            LayeredStore store,
            Kinds kinds,
            TenantAuthorities authorities,
            NamespaceBasics basics,
            BaseServices services,
            ServiceKeeper keeper,
            Segments segments) {
        this.services = services;
        this.keeper = keeper;
        this.segments = segments;
        this.store = store;
        this.namespaces = kinds.get("v1", "Namespace");
        this.authorities = authorities;
        this.basics = basics;
    }

    /// Makes sure that `root` has its namespaces, that every tenant has its authority and that nobody else has one, after a crash too:
    /// a tenant made anew must not believe what one of its name signed.
    public void restore(Instant now) {
        for (var name : BASE_NAMESPACES) {
            try {
                store.commit(baseNamespace(Caller.ROOT, name, now));
            } catch (ConflictException e) {
                // It is there already.
            }
        }
        new BuiltIns(store).restore(now);
        basics.restore(Caller.ROOT);
        OneByOne.each(List.of(Caller.ROOT), "services-restored", root -> root, keeper::restore);
        var tenants = new HashSet<>(names());
        tenants.remove(Caller.ROOT);
        var vouched = authorities.tenants();
        OneByOne.each(tenants, "tenant-restored", tenant -> tenant, tenant -> {
            if (!vouched.contains(tenant)) {
                authorities.create(tenant);
            }
            segments.restore(tenant);
            keeper.restore(tenant);
        });
        vouched.stream().filter(name -> !tenants.contains(name)).forEach(authorities::destroy);
    }

    /// Every tenant, `root` first.
    public List<String> names() {
        var names = new ArrayList<String>();
        names.add(Caller.ROOT);
        for (var entry : store.list(ObjectKey.prefix(Caller.ROOT, "hypernetes.io", "tenants"), "", 0).entries()) {
            names.add(ObjectKey.parse(entry.key()).name());
        }
        return names;
    }

    /// The operations that make a tenant's first namespaces and services, for the commit that makes the tenant, which is given its number.
    public List<Operation> base(ObjectNode object, Instant now) {
        var operations = new ArrayList<Operation>();
        var tenant = Json.string(object, "metadata", "name");
        operations.add(segments.create(object));
        for (var name : BASE_NAMESPACES) {
            operations.addAll(baseNamespace(tenant, name, now));
        }
        for (var name : BaseServices.Name.values()) {
            operations.addAll(services.make(tenant, name, now));
        }
        operations.addAll(services.backends(tenant, now));
        return operations;
    }

    private List<Operation> baseNamespace(String tenant, String name, Instant now) {
        var operations = new ArrayList<Operation>();
        var key = new ObjectKey(tenant, "", "namespaces", "", name).text();
        operations.add(new Operation.Put(key, Operation.ABSENT, StoredForm.encoder(namespace(name, now))));
        operations.addAll(basics.operations(tenant, name, now));
        return operations;
    }

    /// The operations that put into a new namespace what every namespace has, for the commit that makes it.
    public List<Operation> basics(String tenant, String namespace, Instant now) {
        return basics.operations(tenant, namespace, now);
    }

    /// Called once a tenant is stored and before its creator is answered.
    public void made(String tenant) {
        authorities.create(tenant);
        basics.restore(tenant, NamespaceBasics.SYSTEM);
    }

    /// The operations that remove whatever a tenant still holds, for the commit that removes the tenant. It fails with a conflict when more has come
    /// meanwhile.
    public List<Operation> remains(String tenant) {
        var operations = new ArrayList<>(segments.remove(tenant));
        operations.addAll(store.untouched(tenant));
        store.get("quotas/" + tenant).ifPresent(count -> operations.add(Operation.delete(count.key())));
        for (var entry : store.list("/" + tenant + "/", "", 0).entries()) {
            operations.add(new Operation.Delete(
                    entry.key(), Operation.ANY, revision -> StoredForm.withRevision(entry.value(), revision)));
        }
        return operations;
    }

    /// Called once a tenant is no longer stored.
    public void gone(String tenant) {
        authorities.destroy(tenant);
    }

    /// What every namespace has beyond what its creator said.
    public static void complete(ObjectNode namespace) {
        var spec = Json.child(namespace, "spec");
        if (spec.path("finalizers").isEmpty()) {
            spec.putArray("finalizers").add("kubernetes");
        }
        Json.child(namespace, "status").put("phase", "Active");
        Json.child(Json.child(namespace, "metadata"), "labels")
                .put("kubernetes.io/metadata.name", Json.string(namespace, "metadata", "name"));
    }

    private ObjectNode namespace(String name, Instant now) {
        var object = Json.object();
        object.put("apiVersion", "v1");
        object.put("kind", "Namespace");
        var metadata = object.putObject("metadata");
        metadata.put("name", name);
        namespaces.setDefaults(object);
        namespaces.prepareCreate(object);
        metadata.put("uid", UUID.randomUUID().toString());
        metadata.put("creationTimestamp", ApiTime.format(now));
        complete(object);
        return object;
    }
}
