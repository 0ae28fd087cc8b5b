package io.hypernetes.controllers.garbage;

import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.PartialObjectMetadata;
import io.hypernetes.client.Client;
import io.hypernetes.client.Index;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.controllers.Caches;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.objects.kind.ResourceType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Who owns whom: the metadata of every object of every kind that can be deleted, with nothing in it but names, owners, finalizers and
/// the mark of deletion.
final class Graph implements AutoCloseable {
    private final Map<GroupKind, Entry> entries = new LinkedHashMap<>();

    record GroupKind(String group, String kind) {}

    /// One kind's part.
    private record Entry(Kind<PartialObjectMetadata> kind, Informer<PartialObjectMetadata> informer, Index<PartialObjectMetadata> byOwner) {}

    /// One object.
    record Item(Kind<PartialObjectMetadata> kind, ObjectKey key, String uid) {}

    Graph(Client client) {
        for (io.hypernetes.objects.kind.Kind served : Kinds.load().all()) {
            ResourceType type = served.type();
            boolean collectable = type.verbs().contains("delete") && type.verbs().contains("watch")
                    && !type.resource().equals("events") && !type.resource().equals("tenants");
            if (collectable) {
                entries.computeIfAbsent(new GroupKind(type.group(), type.kind()), fresh -> entry(
                        client,
                        Kind.metadata(type.group(), type.version(), type.resource(), type.kind(), type.namespaced()),
                        type.rootOnly() ? Scope.tenant(ObjectKey.ROOT) : Scope.everywhere()));
            }
        }
    }

    private static Entry entry(Client client, Kind<PartialObjectMetadata> kind, Scope scope) {
        Informer<PartialObjectMetadata> informer = new Informer<>(client, kind, scope, Selection.everything()).trimmedBy(Graph::trim);
        return new Entry(kind, informer, informer.index(object -> owners(object).stream().map(OwnerReference::getUid).toList()));
    }

    private static void trim(PartialObjectMetadata object) {
        var meta = object.getMetadata();
        meta.setLabels(null);
        String tenant = meta.getAnnotations() == null ? null : meta.getAnnotations().get(ObjectKey.TENANT_ANNOTATION);
        meta.setAnnotations(tenant == null ? null : Map.of(ObjectKey.TENANT_ANNOTATION, tenant));
    }

    /// Calls a handler for every change of every object; before the start only.
    void watch(Handler handler) {
        for (Entry entry : entries.values()) {
            entry.informer.handler(new Informer.Handler<PartialObjectMetadata>() {
                @Override
                public void added(PartialObjectMetadata object) {
                    handler.changed(item(entry.kind, object), object);
                }

                @Override
                public void updated(PartialObjectMetadata before, PartialObjectMetadata now) {
                    handler.changed(item(entry.kind, now), now);
                }

                @Override
                public void deleted(PartialObjectMetadata last) {
                    handler.gone(item(entry.kind, last), last);
                }
            });
        }
    }

    interface Handler {
        void changed(Item item, PartialObjectMetadata now);

        void gone(Item item, PartialObjectMetadata last);
    }

    /// The kind that an owner reference or another object names; null when nobody serves it.
    @Nullable Kind<PartialObjectMetadata> kind(String apiVersion, String kind) {
        Entry entry = entries.get(new GroupKind(Caches.groupOf(apiVersion), kind));
        return entry == null ? null : entry.kind;
    }

    /// An object as cached.
    Optional<PartialObjectMetadata> find(Kind<PartialObjectMetadata> kind, ObjectKey key) {
        Entry entry = entries.get(new GroupKind(kind.group(), kind.kind()));
        return entry == null ? Optional.empty() : entry.informer.get(key);
    }

    /// Everything that names an object as an owner.
    List<Item> dependents(String tenant, String uid) {
        List<Item> dependents = new ArrayList<>();
        for (Entry entry : entries.values()) {
            for (PartialObjectMetadata object : entry.byOwner.get(uid)) {
                Item item = item(entry.kind, object);
                if (item.key.tenant().equals(tenant)) {
                    dependents.add(item);
                }
            }
        }
        return dependents;
    }

    private static Item item(Kind<PartialObjectMetadata> kind, PartialObjectMetadata object) {
        return new Item(kind, ObjectKey.of(object), object.getMetadata().getUid());
    }

    static List<OwnerReference> owners(PartialObjectMetadata object) {
        List<OwnerReference> owners = object.getMetadata().getOwnerReferences();
        return owners == null ? List.of() : owners;
    }

    static boolean hasFinalizer(PartialObjectMetadata object, String finalizer) {
        List<String> finalizers = object.getMetadata().getFinalizers();
        return finalizers != null && finalizers.contains(finalizer);
    }

    static boolean isLeaving(PartialObjectMetadata object) {
        return object.getMetadata().getDeletionTimestamp() != null;
    }

    void start() {
        entries.values().forEach(entry -> entry.informer.start());
    }

    boolean awaitSynced(Duration atMost) throws InterruptedException {
        for (Entry entry : entries.values()) {
            if (!entry.informer.awaitSynced(atMost)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() {
        entries.values().forEach(entry -> entry.informer.close());
    }
}
