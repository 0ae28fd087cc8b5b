package io.hypernetes.controllers.garbage;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.PartialObjectMetadata;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.hypernetes.client.Client;
import io.hypernetes.client.Index;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Informers;
import io.hypernetes.client.Kind;
import io.hypernetes.client.LeanDefinition;
import io.hypernetes.client.LeanPod;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.controllers.Caches;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.objects.kind.ResourceType;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// Who owns whom: the metadata of every object of every kind that can be deleted. What others of the process have a cache of is followed there; of all else
/// there is nothing here but names, owners, finalizers and the mark of deletion. Built-in kinds are watched across tenants, those of a tenant's CustomResourceDefinitions in that tenant, from when
/// they are established until they are deleted.
final class Graph implements AutoCloseable {
    private static final long SEED = new SecureRandom().nextLong();

    /// Each is a watch, with what it takes at its two ends.
    private static final int MEMORY_OF_A_KIND = 256 << 10;
    private static final int MOST_KINDS = (int) Math.clamp(Runtime.getRuntime().maxMemory() / MEMORY_OF_A_KIND, 1024, 65_536);
    /// No tenant has more than what is left when it is divided among so many.
    private static final int TENANTS = 4;

    private final Client client;
    private final Places<TenantKind> places;
    private final Map<GroupKind, Entry<?>> builtIn = new LinkedHashMap<>();
    private final Map<TenantKind, Entry<?>> custom = new ConcurrentHashMap<>();
    private final Informer<CustomResourceDefinition> definitions;
    private final List<Handler> handlers = new ArrayList<>();

    private record GroupKind(String group, String kind) {}

    private record TenantKind(String tenant, String group, String kind) {}

    /// One kind's part.
    ///
    /// @param own whether it is this graph's to start and close
    private record Entry<T extends HasMetadata>(Kind<PartialObjectMetadata> kind, Informer<T> informer, Index<T> byOwner, boolean own) {
        Item item(T object) {
            return new Item(kind, informer.key(object), object.getMetadata().getUid());
        }

        void start() {
            if (own) {
                informer.start();
            }
        }

        void close() {
            if (own) {
                informer.close();
            }
        }

        Optional<HasMetadata> find(ObjectKey key) {
            return informer.get(key).map(HasMetadata.class::cast);
        }

        boolean isElsewhere(ObjectKey dependent, String uid) {
            return !informer.list(object -> {
                ObjectKey key = informer.key(object);
                return key.tenant().equals(dependent.tenant()) && !key.namespace().equals(dependent.namespace()) && uid.equals(object.getMetadata().getUid());
            }).isEmpty();
        }

        boolean isBlocked(String tenant, String uid) {
            return byOwner.any(digest(uid, true), object -> informer.key(object).tenant().equals(tenant) && isBlocking(object, uid));
        }

        void addDependents(String tenant, String uid, List<Item> dependents) {
            for (boolean blocking : new boolean[] {true, false}) {
                for (T object : byOwner.get(digest(uid, blocking))) {
                    Item item = item(object);
                    // One may name it twice.
                    if (item.key.tenant().equals(tenant) && owners(object).stream().anyMatch(owner -> uid.equals(owner.getUid())) && isBlocking(object, uid) == blocking) {
                        dependents.add(item);
                    }
                }
            }
        }

        void each(BiConsumer<Item, HasMetadata> cached) {
            informer.list().forEach(object -> cached.accept(item(object), object));
        }
    }

    /// One object.
    record Item(Kind<PartialObjectMetadata> kind, ObjectKey key, String uid) {}

    Graph(Client client, Informers informers) {
        this(client, informers, MOST_KINDS / TENANTS, MOST_KINDS);
    }

    /// @param mostOfTenant how many kinds of its own a tenant has followed
    /// @param most how many all have
    Graph(Client client, Informers informers, int mostOfTenant, int most) {
        this.client = client;
        this.places = new Places<>(mostOfTenant, most);
        for (ResourceType type : Kinds.types()) {
            boolean collectable = type.isStored() && type.verbs().contains("delete") && type.verbs().contains("watch")
                    && !type.resource().equals("events") && !type.resource().equals("tenants");
            if (collectable) {
                Kind<PartialObjectMetadata> kind = Kind.metadata(type.group(), type.version(), type.resource(), type.kind(), type.namespaced());
                Scope scope = type.rootOnly() ? Scope.tenant(ObjectKey.ROOT) : Scope.everywhere();
                builtIn.computeIfAbsent(new GroupKind(type.group(), type.kind()), fresh -> informers.known(kind, scope)
                        .<Entry<?>>map(informer -> entry(kind, informer, false))
                        .orElseGet(() -> entry(kind, metadata(kind, scope), true)));
            }
        }
        definitions = LeanDefinition.informer(client, Scope.everywhere()).trimmedBy(Graph::trim).handler(new Definitions());
    }

    private Informer<PartialObjectMetadata> metadata(Kind<PartialObjectMetadata> kind, Scope scope) {
        return new Informer<>(client, kind, scope, Selection.everything()).trimmedBy(Graph::trim);
    }

    private <T extends HasMetadata> Entry<T> entry(Kind<PartialObjectMetadata> kind, Informer<T> informer, boolean own) {
        Entry<T> entry = new Entry<>(kind, informer, informer.index(object -> owners(object).stream().map(owner -> digest(owner.getUid(), isBlocking(owner))).toList()), own);
        informer.handler(new Informer.Handler<T>() {
            @Override
            public void added(T object) {
                handlers.forEach(handler -> handler.changed(entry.item(object), object));
            }

            @Override
            public void updated(T before, T now) {
                added(now);
                handlers.forEach(handler -> handler.was(entry.item(now), before));
            }

            @Override
            public void deleted(T last) {
                handlers.forEach(handler -> handler.gone(entry.item(last), last));
            }
        });
        return entry;
    }

    /// By what dependents are found: a tenant's objects may name millions of owners, and their uids would each be there once more. Others may have the same. Those that block are apart: whether there
    /// is one is asked each time that one of them goes, and there may be a hundred thousand that do not.
    private static Long digest(String uid, boolean blocking) {
        long digest = SEED;
        for (int i = 0; i < uid.length(); i++) {
            digest = (digest ^ uid.charAt(i)) * 0x9E3779B97F4A7C15L;
            digest ^= digest >>> 29;
        }
        return blocking ? digest | 1 : digest & ~1L;
    }

    private static void trim(HasMetadata object) {
        var meta = object.getMetadata();
        meta.setLabels(null);
        meta.setCreationTimestamp(null);
        meta.setGenerateName(null);
        meta.setGeneration(null);
        String tenant = meta.getAnnotations() == null ? null : meta.getAnnotations().get(ObjectKey.TENANT_ANNOTATION);
        meta.setAnnotations(tenant == null ? null : Map.of(ObjectKey.TENANT_ANNOTATION, tenant));
        if (meta.getFinalizers() != null) {
            meta.setFinalizers(meta.getFinalizers().stream().filter(name -> name.equals(GarbageCollector.FOREGROUND) || name.equals(GarbageCollector.ORPHAN)).toList());
        }
        LeanPod.compact(meta);
    }

    /// Begins and ends the watches of custom kinds, as far as there are places for them.
    private final class Definitions implements Informer.Handler<CustomResourceDefinition> {
        private final Map<TenantKind, Kind<PartialObjectMetadata>> known = new HashMap<>();

        @Override
        public void added(CustomResourceDefinition definition) {
            boolean established = definition.getStatus() != null && definition.getStatus().getConditions() != null
                    && definition.getStatus().getConditions().stream().anyMatch(condition ->
                            "Established".equals(condition.getType()) && "True".equals(condition.getStatus()));
            if (!established) {
                return;
            }
            definition.getSpec().getVersions().stream()
                    .filter(version -> Boolean.TRUE.equals(version.getServed()))
                    .min(java.util.Comparator.comparing(version -> !Boolean.TRUE.equals(version.getStorage())))
                    .ifPresent(version -> follow(key(definition), definition, version.getName()));
        }

        private void follow(TenantKind place, CustomResourceDefinition definition, String version) {
            var names = definition.getSpec().getNames();
            known.put(place, Kind.metadata(
                    definition.getSpec().getGroup(), version, names.getPlural(), names.getKind(), "Namespaced".equals(definition.getSpec().getScope())));
            change(places.add(place.tenant, place));
            if (custom.containsKey(place)) {
                begin(place);
            } else {
                handlers.forEach(handler -> handler.unfollowed(definition, places.mostOfTenant()));
            }
        }

        private void change(Places.Change<TenantKind> change) {
            change.ends().ifPresent(this::end);
            change.begins().ifPresent(this::begin);
        }

        /// A version that is no longer served tells nothing any more: then another one is followed.
        private void begin(TenantKind place) {
            Kind<PartialObjectMetadata> kind = known.get(place);
            if (kind == null) {
                return;
            }
            custom.compute(place, (same, before) -> {
                if (before != null && before.kind.equals(kind)) {
                    return before;
                }
                if (before != null) {
                    before.close();
                }
                Entry<?> entry = entry(kind, metadata(kind, Scope.tenant(place.tenant)), true);
                entry.start();
                return entry;
            });
        }

        private void end(TenantKind place) {
            Entry<?> entry = custom.remove(place);
            if (entry != null) {
                entry.close();
                // Nothing is heard any more of what was there, and nobody blocks who is not heard of: else his owners would wait for ever.
                entry.each((item, object) -> handlers.forEach(handler -> handler.was(item, object)));
            }
        }

        @Override
        public void updated(CustomResourceDefinition before, CustomResourceDefinition now) {
            added(now);
        }

        @Override
        public void deleted(CustomResourceDefinition last) {
            TenantKind place = key(last);
            known.remove(place);
            end(place);
            change(places.remove(place.tenant, place));
        }

        private TenantKind key(CustomResourceDefinition definition) {
            return new TenantKind(
                    ObjectKey.of(definition).tenant(), definition.getSpec().getGroup(), definition.getSpec().getNames().getKind());
        }
    }

    /// Calls a handler for every change of every object; before the start only.
    void watch(Handler handler) {
        handlers.add(handler);
    }

    interface Handler {
        void changed(Item item, HasMetadata now);

        /// What the object was before it changed, or before nothing is heard of it any more.
        void was(Item item, HasMetadata before);

        void gone(Item item, HasMetadata last);

        /// There is no place for one more kind: nothing is heard of its objects, for as long as that is so.
        ///
        /// @param most how many kinds of its own a tenant has followed
        void unfollowed(CustomResourceDefinition definition, int most);
    }

    private @Nullable Entry<?> entry(String tenant, String group, String kind) {
        Entry<?> entry = builtIn.get(new GroupKind(group, kind));
        return entry != null ? entry : custom.get(new TenantKind(tenant, group, kind));
    }

    /// The kind that an owner reference names in a tenant; null when nobody serves it there.
    @Nullable Kind<PartialObjectMetadata> kind(String tenant, String apiVersion, String kind) {
        Entry<?> entry = entry(tenant, Caches.groupOf(apiVersion), kind);
        return entry == null ? null : entry.kind;
    }

    /// An object as cached.
    Optional<HasMetadata> find(Kind<PartialObjectMetadata> kind, ObjectKey key) {
        Entry<?> entry = entry(key.tenant(), kind.group(), kind.kind());
        return entry == null ? Optional.empty() : entry.find(key);
    }

    /// Whether an object of a kind is cached that is in another namespace of the tenant than the one that names it; looks at all of the kind.
    boolean isElsewhere(Kind<PartialObjectMetadata> kind, ObjectKey dependent, String uid) {
        Entry<?> entry = entry(dependent.tenant(), kind.group(), kind.kind());
        return entry != null && entry.isElsewhere(dependent, uid);
    }

    /// Everything that names an object as an owner.
    List<Item> dependents(String tenant, String uid) {
        List<Item> dependents = new ArrayList<>();
        builtIn.values().forEach(entry -> entry.addDependents(tenant, uid, dependents));
        custom.forEach((kind, entry) -> {
            if (kind.tenant.equals(tenant)) {
                entry.addDependents(tenant, uid, dependents);
            }
        });
        return dependents;
    }

    /// Whether anything that names an object as an owner blocks its deletion.
    boolean isBlocked(String tenant, String uid) {
        return builtIn.values().stream().anyMatch(entry -> entry.isBlocked(tenant, uid))
                || custom.entrySet().stream().anyMatch(entry -> entry.getKey().tenant.equals(tenant) && entry.getValue().isBlocked(tenant, uid));
    }

    /// Whether an object blocks the deletion of an owner.
    static boolean isBlocking(HasMetadata dependent, String owner) {
        return owners(dependent).stream().anyMatch(reference -> owner.equals(reference.getUid()) && isBlocking(reference));
    }

    private static boolean isBlocking(OwnerReference reference) {
        return Boolean.TRUE.equals(reference.getBlockOwnerDeletion());
    }

    static List<OwnerReference> owners(HasMetadata object) {
        List<OwnerReference> owners = object.getMetadata().getOwnerReferences();
        return owners == null ? List.of() : owners;
    }

    static boolean hasFinalizer(HasMetadata object, String finalizer) {
        List<String> finalizers = object.getMetadata().getFinalizers();
        return finalizers != null && finalizers.contains(finalizer);
    }

    static boolean isLeaving(HasMetadata object) {
        return object.getMetadata().getDeletionTimestamp() != null;
    }

    void start() {
        builtIn.values().forEach(Entry::start);
        definitions.start();
    }

    /// Waits for the built-in kinds; what belongs to custom ones is asked of the API server before anything is deleted.
    boolean awaitSynced(Duration atMost) throws InterruptedException {
        for (Entry<?> entry : builtIn.values()) {
            if (!entry.informer.awaitSynced(atMost)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() {
        definitions.close();
        builtIn.values().forEach(Entry::close);
        custom.values().forEach(Entry::close);
    }
}
