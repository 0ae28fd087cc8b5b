package io.hypernetes.controllers.garbage;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.PartialObjectMetadata;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion.Propagation;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Informers;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Patch;
import io.hypernetes.client.WorkLoop;
import io.hypernetes.client.WorkQueue;
import io.hypernetes.controllers.garbage.Graph.Item;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Follows owner references through every kind, within each tenant.
///
/// * What names owners none of which exists any more is deleted.
/// * An owner deleted with `Foreground` holds the finalizer `foregroundDeletion` until nothing that blocks it is left.
/// * An owner deleted with `Orphan` holds the finalizer `orphan` until no dependent names it.
///
/// The graph may lag behind the API, so each step looks at the object itself and names its uid; that an owner is gone is always asked
/// of the API server, that all are there is not.
public final class GarbageCollector implements AutoCloseable {
    static final String FOREGROUND = "foregroundDeletion";
    static final String ORPHAN = "orphan";

    private static final Logger LOG = LoggerFactory.getLogger(GarbageCollector.class);
    private static final int WORKERS = 16;
    private static final Duration LOOK_AGAIN = Duration.ofMinutes(1);

    private final Client client;
    private final EventRecorder events;
    private final Graph graph;
    private final WorkQueue<Item> queue = new WorkQueue<>(item -> item.key().tenant());
    private final WorkLoop<Item> loop;
    private final Thread starter;
    private final Remembered departed = new Remembered();
    private final Remembered told = new Remembered();
    private final Allowance looks = new Allowance(InstantSource.system());

    /// The last few thousand of something; thread-safe.
    private static final class Remembered {
        private static final int MOST = 4096;
        private final Set<String> all = new LinkedHashSet<>();

        synchronized boolean has(String one) {
            return all.contains(one);
        }

        /// @return whether it is new
        synchronized boolean add(String one) {
            boolean fresh = all.add(one);
            if (all.size() > MOST) {
                all.remove(all.iterator().next());
            }
            return fresh;
        }
    }

    /// @param client may read and write in every tenant
    /// @param informers what others of this process look at, asked for before; not started yet
    public GarbageCollector(Client client, Informers informers, EventRecorder events) {
        this.client = client;
        this.events = events;
        this.graph = new Graph(client, informers);
        graph.watch(new Changes());
        this.loop = new WorkLoop<>("garbage-collector", queue, WORKERS, this::look);
        this.starter = Thread.ofVirtual().name("garbage-collector-start").unstarted(this::startWhenSynced);
    }

    /// Begins; nothing is deleted before the whole graph is known.
    public GarbageCollector start() {
        graph.start();
        starter.start();
        return this;
    }

    private void startWhenSynced() {
        try {
            while (!graph.awaitSynced(LOOK_AGAIN)) {
                // The API server is not reachable yet.
            }
            loop.start();
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        starter.interrupt();
        loop.close();
        graph.close();
    }

    private final class Changes implements Graph.Handler {
        @Override
        public void changed(Item item, HasMetadata now) {
            boolean waits = Graph.isLeaving(now) && (Graph.hasFinalizer(now, FOREGROUND) || Graph.hasFinalizer(now, ORPHAN));
            if (waits || !Graph.owners(now).isEmpty()) {
                queue.add(item);
            }
        }

        /// Owners that it names no longer, or no longer blocks, may have waited for nothing else.
        @Override
        public void was(Item item, HasMetadata before) {
            lookAtWaitingOwners(item, before);
        }

        @Override
        public void gone(Item item, HasMetadata last) {
            departed.add(item.uid());
            graph.dependents(item.key().tenant(), item.uid()).forEach(queue::add);
            lookAtWaitingOwners(item, last);
        }

        /// Its tenant is told once, not of each: there may be thousands.
        @Override
        public void unfollowed(CustomResourceDefinition definition, int most) {
            String tenant = ObjectKey.of(definition).tenant();
            if (told.add("kinds of " + tenant)) {
                LOG.warn("event=kinds-not-followed tenant={} most={}", tenant, most);
                PartialObjectMetadata about = new PartialObjectMetadata();
                about.setApiVersion(Kind.CUSTOM_RESOURCE_DEFINITION.apiVersion());
                about.setKind(Kind.CUSTOM_RESOURCE_DEFINITION.kind());
                about.setMetadata(new ObjectMetaBuilder().withName(definition.getMetadata().getName()).withUid(definition.getMetadata().getUid()).build());
                events.record(tenant, about, EventRecorder.Type.WARNING, "KindNotCollected",
                        "the garbage collector follows " + most + " kinds of a tenant's own definitions at most, and this one, perhaps with others, is beyond: objects of"
                                + " such kinds do not go with their owners, and what they own stays; delete definitions that are not needed, or ask the operator for more memory for the master");
            }
        }

        private void lookAtWaitingOwners(Item item, HasMetadata dependent) {
            for (OwnerReference reference : Graph.owners(dependent)) {
                owner(item, reference).ifPresent(owner -> graph.find(owner.kind(), owner.key())
                        .filter(object -> Graph.isLeaving(object) && Graph.hasFinalizer(object, FOREGROUND))
                        // As long as another blocks it there is nothing to be done; with a hundred thousand of them it would be done a hundred thousand times.
                        .filter(object -> !graph.isBlocked(item.key().tenant(), object.getMetadata().getUid()))
                        .ifPresent(object -> queue.add(new Item(owner.kind(), owner.key(), object.getMetadata().getUid()))));
            }
        }
    }

    /// Who a reference means; empty when nobody serves its kind, or a cluster-scoped object names a namespaced owner, which cannot be.
    private Optional<Item> owner(Item dependent, OwnerReference reference) {
        var kind = graph.kind(dependent.key().tenant(), reference.getApiVersion(), reference.getKind());
        if (kind == null || (kind.namespaced() && dependent.key().namespace().isEmpty())) {
            return Optional.empty();
        }
        return Optional.of(new Item(
                kind,
                new ObjectKey(dependent.key().tenant(), kind.namespaced() ? dependent.key().namespace() : "", reference.getName()),
                reference.getUid()));
    }

    private Optional<Duration> look(Item item) {
        if (isSettled(item)) {
            return Optional.empty();
        }
        PartialObjectMetadata object = client.of(item.kind()).find(item.key()).orElse(null);
        if (object == null || !item.uid().equals(object.getMetadata().getUid())) {
            return Optional.empty();
        }
        if (Graph.isLeaving(object)) {
            if (Graph.hasFinalizer(object, ORPHAN)) {
                orphanDependents(item, object);
            } else if (Graph.hasFinalizer(object, FOREGROUND)) {
                deleteDependents(item, object);
            }
            return Optional.empty();
        }
        if (!Graph.owners(object).isEmpty()) {
            judge(item, object);
        }
        return Optional.empty();
    }

    /// Whether the graph knows all owners of an object and none of them is going. Whatever the graph has not heard of yet, it will hear of, and then
    /// the object is looked at again; so nobody is asked about most of what is made.
    private boolean isSettled(Item item) {
        HasMetadata known = graph.find(item.kind(), item.key()).orElse(null);
        return known != null
                && item.uid().equals(known.getMetadata().getUid())
                && !Graph.isLeaving(known)
                && Graph.owners(known).stream().allMatch(reference -> owner(item, reference)
                        .flatMap(owner -> graph.find(owner.kind(), owner.key()))
                        .filter(owner -> reference.getUid().equals(owner.getMetadata().getUid()) && !Graph.isLeaving(owner))
                        .isPresent());
    }

    /// Whether an object with owners may stay.
    private void judge(Item item, PartialObjectMetadata object) {
        List<OwnerReference> solid = new ArrayList<>();
        List<OwnerReference> dangling = new ArrayList<>();
        List<OwnerReference> waiting = new ArrayList<>();
        for (OwnerReference reference : Graph.owners(object)) {
            HasMetadata owner = null;
            Item named = owner(item, reference).orElse(null);
            if (named != null) {
                owner = graph.find(named.kind(), named.key())
                        .filter(cached -> reference.getUid().equals(cached.getMetadata().getUid()))
                        .or(() -> client.of(named.kind()).find(named.key()).map(HasMetadata.class::cast))
                        .filter(found -> reference.getUid().equals(found.getMetadata().getUid()))
                        .orElse(null);
            }
            if (owner == null) {
                tellOfForeignOwner(item, object, reference);
            }
            if (named != null && owner == null) {
                dangling.add(reference);
            } else if (owner != null && Graph.isLeaving(owner) && Graph.hasFinalizer(owner, FOREGROUND)) {
                waiting.add(reference);
            } else {
                // An owner of a kind that nobody serves is no reason to delete anything.
                solid.add(reference);
            }
        }
        if (dangling.isEmpty() && waiting.isEmpty()) {
            return;
        }
        if (!solid.isEmpty()) {
            LOG.info("event=owner-references-dropped kind={} object={} count={}", item.kind().plural(), item.key(), dangling.size() + waiting.size());
            keepOnly(item, object, solid);
            return;
        }
        boolean hasDependents = !graph.dependents(item.key().tenant(), item.uid()).isEmpty();
        Propagation propagation;
        if (!waiting.isEmpty() && hasDependents) {
            propagation = Propagation.FOREGROUND;
            unblockCycle(item, object, waiting);
        } else if (Graph.hasFinalizer(object, ORPHAN)) {
            propagation = Propagation.ORPHAN;
        } else if (Graph.hasFinalizer(object, FOREGROUND)) {
            propagation = Propagation.FOREGROUND;
        } else {
            propagation = Propagation.BACKGROUND;
        }
        LOG.info("event=garbage-deleted kind={} object={} propagation={}", item.kind().plural(), item.key(), propagation);
        client.of(item.kind()).delete(item.key(), Deletion.of(item.uid(), propagation));
    }

    /// Owners are in the namespace of what they own, or in none. Whoever names one of another namespace is told so, as upstream does
    /// (reportInvalidNamespaceOwnerRef in pkg/controller/garbagecollector/graph_builder.go).
    private void tellOfForeignOwner(Item item, PartialObjectMetadata object, OwnerReference reference) {
        var kind = graph.kind(item.key().tenant(), reference.getApiVersion(), reference.getKind());
        String namespace = item.key().namespace();
        String both = item.uid() + " " + reference.getUid();
        // Of most that are not found it is known that they have gone; only of others is it worth looking everywhere. That goes through the objects of all
        // tenants, and anybody can name an owner that nobody knows as often as he likes: who does it too often is told of no more of them.
        if (kind == null || !kind.namespaced() || departed.has(reference.getUid()) || told.has(both)
                || !looks.take(item.key().tenant()) || !graph.isElsewhere(kind, item.key(), reference.getUid())) {
            return;
        }
        if (told.add(both)) {
            PartialObjectMetadata about = new PartialObjectMetadata();
            about.setApiVersion(item.kind().apiVersion());
            about.setKind(item.kind().kind());
            about.setMetadata(new ObjectMetaBuilder()
                    .withNamespace(object.getMetadata().getNamespace()).withName(object.getMetadata().getName()).withUid(item.uid()).build());
            events.record(item.key().tenant(), about, EventRecorder.Type.WARNING, "OwnerRefInvalidNamespace",
                    "ownerRef [" + reference.getApiVersion() + "/" + reference.getKind() + ", namespace: " + namespace + ", name: " + reference.getName()
                            + ", uid: " + reference.getUid() + "] does not exist in namespace \"" + namespace + "\"");
        }
    }

    /// When something below waits for this object too, waiting would never end: then this one blocks nobody.
    private void unblockCycle(Item item, PartialObjectMetadata object, List<OwnerReference> waiting) {
        boolean cycle = graph.dependents(item.key().tenant(), item.uid()).stream()
                .flatMap(dependent -> graph.find(dependent.kind(), dependent.key()).stream())
                .anyMatch(dependent -> Graph.isLeaving(dependent) && Graph.hasFinalizer(dependent, FOREGROUND));
        if (cycle) {
            waiting.forEach(reference -> reference.setBlockOwnerDeletion(false));
            keepOnly(item, object, Graph.owners(object));
        }
    }

    private void keepOnly(Item item, PartialObjectMetadata object, List<OwnerReference> references) {
        Map<String, @Nullable Object> meta = new HashMap<>();
        meta.put("uid", item.uid());
        meta.put("resourceVersion", object.getMetadata().getResourceVersion());
        meta.put("ownerReferences", references.isEmpty() ? null : references);
        client.of(item.kind()).patch(item.key(), Patch.merge(Map.of("metadata", meta)));
    }

    private void deleteDependents(Item item, PartialObjectMetadata object) {
        if (!graph.isBlocked(item.key().tenant(), item.uid())) {
            withoutFinalizer(item, object, FOREGROUND);
            return;
        }
        for (Item dependent : graph.dependents(item.key().tenant(), item.uid())) {
            // What is going already was looked at when it was marked, and is waited for.
            graph.find(dependent.kind(), dependent.key())
                    .filter(cached -> !Graph.isLeaving(cached) && Graph.isBlocking(cached, item.uid()))
                    .ifPresent(blocking -> queue.add(dependent));
        }
    }

    private void orphanDependents(Item item, PartialObjectMetadata object) {
        for (Item dependent : graph.dependents(item.key().tenant(), item.uid())) {
            PartialObjectMetadata now = client.of(dependent.kind()).find(dependent.key())
                    .filter(found -> Objects.equals(found.getMetadata().getUid(), dependent.uid()))
                    .orElse(null);
            if (now != null) {
                keepOnly(dependent, now, Graph.owners(now).stream().filter(reference -> !reference.getUid().equals(item.uid())).toList());
            }
        }
        withoutFinalizer(item, object, ORPHAN);
    }

    private void withoutFinalizer(Item item, PartialObjectMetadata object, String finalizer) {
        List<String> left = object.getMetadata().getFinalizers().stream().filter(name -> !name.equals(finalizer)).toList();
        Map<String, @Nullable Object> meta = new HashMap<>();
        meta.put("uid", item.uid());
        meta.put("resourceVersion", object.getMetadata().getResourceVersion());
        meta.put("finalizers", left.isEmpty() ? null : left);
        LOG.debug("event=finalizer-taken object={} finalizer={} left={}", item.key(), finalizer, Set.copyOf(left));
        client.of(item.kind()).patch(item.key(), Patch.merge(Map.of("metadata", meta)));
    }
}
