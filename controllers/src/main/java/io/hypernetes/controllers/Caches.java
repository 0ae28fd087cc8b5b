package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.hypernetes.client.Index;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Informers;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.controllers.pods.PodState;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The objects that controllers look at: of the caches of the process ([Informers]) those that some controller asked for, with indexes.
///
/// A controller asks in [Controller#watch], through a view of its own; its loop begins when what it asked for is filled, so a kind
/// that the API server does not serve holds up nobody else. Cached objects are shared: nobody may change one, or write a pod back.
public final class Caches {
    private final Informers informers;
    private final Map<Kind<?>, Entry<?>> entries;
    private final Set<Informer<?>> asked = new LinkedHashSet<>();

    /// One kind's cache and the indexes that somebody asked for.
    private static final class Entry<T extends HasMetadata> {
        final Informer<T> informer;
        @Nullable Index<T> byController;
        @Nullable Index<T> byNamespace;
        @Nullable Index<T> byNode;

        Entry(Informer<T> informer) {
            this.informer = informer;
        }
    }

    private Caches(Informers informers, Map<Kind<?>, Entry<?>> entries) {
        this.informers = informers;
        this.entries = entries;
    }

    static Caches of(Informers informers) {
        return new Caches(informers, new HashMap<>());
    }

    /// The same caches for one controller; what is asked through it is what its loop waits for.
    Caches view() {
        return new Caches(informers, entries);
    }

    /// The objects of a kind in all tenants; of the operator's tenant alone when only that has them.
    ///
    /// @throws IllegalStateException when nobody asked for the kind before the start
    public <T extends HasMetadata> Informer<T> of(Kind<T> kind) {
        return entry(kind).informer;
    }

    /// What is selected of the objects of a kind, as [#of].
    public <T extends HasMetadata> Informer<T> of(Kind<T> kind, Selection selection) {
        Informer<T> informer = informers.of(kind, scope(kind), selection);
        synchronized (entries) {
            asked.add(informer);
        }
        return informer;
    }

    /// Objects by the uid of the controller that owns them, see [#controlledBy]; those without one by their namespace as [#orphansOf].
    public <T extends HasMetadata> Index<T> byController(Kind<T> kind) {
        Entry<T> entry = entry(kind);
        synchronized (entries) {
            if (entry.byController == null) {
                entry.byController = entry.informer.index(object -> List.of(controllerOf(object)));
            }
            return entry.byController;
        }
    }

    /// Objects by `tenant/namespace`, as [#namespaceOf] has it.
    public <T extends HasMetadata> Index<T> byNamespace(Kind<T> kind) {
        Entry<T> entry = entry(kind);
        synchronized (entries) {
            if (entry.byNamespace == null) {
                entry.byNamespace = entry.informer.index(object -> List.of(namespaceOf(ObjectKey.of(object))));
            }
            return entry.byNamespace;
        }
    }

    /// Pods by the name of their node.
    public Index<Pod> podsByNode() {
        Entry<Pod> entry = entry(Kind.POD);
        synchronized (entries) {
            if (entry.byNode == null) {
                entry.byNode = entry.informer.index(pod -> PodState.node(pod).isEmpty() ? List.of() : List.of(PodState.node(pod)));
            }
            return entry.byNode;
        }
    }

    /// All nodes.
    public Informer<Node> nodes() {
        return of(Kind.NODE);
    }

    /// The leases of nodes.
    public Informer<Lease> leases() {
        return of(Kind.LEASE);
    }

    /// The pods of all tenants.
    public Informer<Pod> pods() {
        return of(Kind.POD);
    }

    /// The namespaces of all tenants.
    public Informer<Namespace> namespaces() {
        return of(Kind.NAMESPACE);
    }

    /// All tenants.
    public Informer<GenericKubernetesResource> tenants() {
        return of(Kind.TENANT);
    }

    /// Requests for certificates of the operator's own cluster.
    public Informer<CertificateSigningRequest> signingRequests() {
        return of(Kind.CERTIFICATE_SIGNING_REQUEST);
    }

    /// The key in [#byNamespace] of everything beside an object.
    public static Object namespaceOf(ObjectKey key) {
        return key.tenant() + "/" + key.namespace();
    }

    /// The key in [#byController] of what nobody controls in the namespace of an object.
    public static Object orphansOf(ObjectKey key) {
        return "/" + key.tenant() + "/" + key.namespace();
    }

    /// What an object controls, of those in its own place: who makes an object elsewhere may say of it that anybody controls it.
    ///
    /// @param byController as [#byController] gives it
    public static <T extends HasMetadata> List<T> controlledBy(Index<T> byController, ObjectKey owner, String uid) {
        return byController.get(uid).stream()
                .filter(object -> {
                    ObjectKey key = ObjectKey.of(object);
                    return key.tenant().equals(owner.tenant()) && key.namespace().equals(owner.namespace());
                })
                .toList();
    }

    /// The reference to the controller of an object; null when it has none.
    public static @Nullable OwnerReference controllerRef(HasMetadata object) {
        List<OwnerReference> owners = object.getMetadata().getOwnerReferences();
        if (owners != null) {
            for (OwnerReference owner : owners) {
                if (Boolean.TRUE.equals(owner.getController())) {
                    return owner;
                }
            }
        }
        return null;
    }

    private static Object controllerOf(HasMetadata object) {
        OwnerReference owner = controllerRef(object);
        return owner == null ? orphansOf(ObjectKey.of(object)) : owner.getUid();
    }

    @SuppressWarnings("unchecked") // an entry is made from its key, whose objects are what it says
    private <T extends HasMetadata> Entry<T> entry(Kind<T> kind) {
        synchronized (entries) {
            Entry<T> entry = (Entry<T>) entries.computeIfAbsent(kind, fresh -> new Entry<>(informers.of(kind, scope(kind))));
            asked.add(entry.informer);
            return entry;
        }
    }

    private static Scope scope(Kind<?> kind) {
        if (kind.equals(Kind.LEASE)) {
            return Scope.namespace(ObjectKey.ROOT, "kube-node-lease");
        }
        boolean operators = kind.equals(Kind.NODE) || kind.equals(Kind.TENANT);
        return operators ? Scope.tenant(ObjectKey.ROOT) : Scope.everywhere();
    }

    /// Waits until what was asked for through this view is filled; false when `atMost` has passed first.
    boolean awaitSynced(Duration atMost) throws InterruptedException {
        List<Informer<?>> wanted;
        synchronized (entries) {
            wanted = List.copyOf(asked);
        }
        for (Informer<?> informer : wanted) {
            if (!informer.awaitSynced(atMost)) {
                return false;
            }
        }
        return true;
    }

    /// A handler that passes the key of whatever changed.
    public static <T extends HasMetadata> Informer.Handler<T> keys(Consumer<ObjectKey> wake) {
        return each(object -> wake.accept(ObjectKey.of(object)));
    }

    /// A handler that passes the key of whatever is marked for deletion, once: what is said of it meanwhile, by whoever empties it too, is no reason to try
    /// again before the pause after a failure is over.
    static <T extends HasMetadata> Informer.Handler<T> marked(Consumer<ObjectKey> wake) {
        return new Informer.Handler<>() {
            @Override
            public void added(T object) {
                if (object.getMetadata().getDeletionTimestamp() != null) {
                    wake.accept(ObjectKey.of(object));
                }
            }

            @Override
            public void updated(T before, T now) {
                if (before.getMetadata().getDeletionTimestamp() == null) {
                    added(now);
                }
            }

            @Override
            public void deleted(T last) {}
        };
    }

    /// A handler that passes the key of the controller of whatever changed, before and after, when it is of the given kind.
    public static <T extends HasMetadata> Informer.Handler<T> controllers(Kind<?> kind, Consumer<ObjectKey> wake) {
        return new Informer.Handler<>() {
            @Override
            public void added(T object) {
                pass(object);
            }

            @Override
            public void updated(T before, T now) {
                pass(before);
                pass(now);
            }

            @Override
            public void deleted(T last) {
                pass(last);
            }

            private void pass(T object) {
                OwnerReference owner = controllerRef(object);
                if (owner != null && owner.getKind().equals(kind.kind()) && groupOf(owner.getApiVersion()).equals(kind.group())) {
                    ObjectKey key = ObjectKey.of(object);
                    wake.accept(new ObjectKey(key.tenant(), kind.namespaced() ? key.namespace() : "", owner.getName()));
                }
            }
        };
    }

    /// The group of an apiVersion; empty for core/v1.
    public static String groupOf(String apiVersion) {
        int slash = apiVersion.indexOf('/');
        return slash < 0 ? "" : apiVersion.substring(0, slash);
    }

    /// A handler that does the same for every kind of change.
    public static <T> Informer.Handler<T> each(Consumer<? super T> action) {
        return new Informer.Handler<>() {
            @Override
            public void added(T object) {
                action.accept(object);
            }

            @Override
            public void updated(T before, T now) {
                action.accept(now);
            }

            @Override
            public void deleted(T last) {
                action.accept(last);
            }
        };
    }
}
