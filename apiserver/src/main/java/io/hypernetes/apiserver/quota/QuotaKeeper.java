package io.hypernetes.apiserver.quota;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.Follower;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.tenant.TenantState;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Change;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Store;
import io.hypernetes.store.StoreException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Counts quotas anew when something in their namespace went, ended or came under another quota, and a quota whose own `spec` changed. Many changes at once are one count.
/// What tenants write is read by a thread of its own.
public final class QuotaKeeper implements Follower.Listener, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(QuotaKeeper.class);
    private static final Duration LATER = Duration.ofSeconds(5);
    private static final Duration SOON = Duration.ofMillis(500);
    private static final String QUOTAS = "/core/resourcequotas/";
    /// How much of what was written is held until it is read, in bytes.
    private static final long ROOM = 32 << 20;
    /// What may count otherwise after a change.
    private static final List<String> CHANGING = List.of("/core/pods/", "/core/services/", "/core/persistentvolumeclaims/");
    private static final String TENANTS = ObjectKey.prefix(Caller.ROOT, "hypernetes.io", "tenants");

    private static final String CLASSES = ObjectKey.prefix(Caller.ROOT, "storage.k8s.io", "storageclasses");

    /// Where to count: a namespace, perhaps, one of its quotas, the whole of a tenant, or only what a Tenant tells of it.
    private record Place(String tenant, String namespace, String quota, What what) {
        private enum What {
            SUSPECTS,
            NAMESPACE,
            QUOTA,
            TENANT,
            TOLD
        }

        Place(String tenant, String namespace, What what) {
            this(tenant, namespace, "", what);
        }

        static Place of(String tenant) {
            return new Place(tenant, "", What.TENANT);
        }
    }

    private final Store store;
    private final Quotas quotas;
    private final LinkedHashSet<Place> dirty = new LinkedHashSet<>();
    private final Set<Place> waiting = ConcurrentHashMap.newKeySet();
    private final Suspects suspects = new Suspects(ROOM);
    private final Thread thread;

    public QuotaKeeper(Store store, Quotas quotas) {
        this.store = store;
        this.quotas = quotas;
        quotas.whole().onCount(tenant -> later(new Place(tenant, "", Place.What.TOLD), SOON));
        this.thread = Thread.ofVirtual().name("quota-keeper").start(this::run);
    }

    @Override
    public void refresh() {
        refresh(Caller.ROOT);
        for (var entry : store.list(TENANTS, "", 0).entries()) {
            refresh(ObjectKey.parse(entry.key()).name());
        }
        wholes();
    }

    /// All tenants that have a limit as a whole.
    private void wholes() {
        for (var entry : store.list(TENANTS, "", 0).entries()) {
            if (limited(entry)) {
                var tenant = ObjectKey.parse(entry.key()).name();
                mark(Place.of(tenant));
                later(new Place(tenant, "", Place.What.TOLD), SOON);
            }
        }
    }

    private void refresh(String tenant) {
        for (var entry : store.list(ObjectKey.prefix(tenant, "", "resourcequotas"), "", 0).entries()) {
            mark(new Place(tenant, ObjectKey.parse(entry.key()).namespace(), Place.What.NAMESPACE));
        }
    }

    @Override
    public void changed(Change change) {
        if (change.entry().key().startsWith(TENANTS)) {
            tenant(change);
        }
        // By these it is told which class a disk counts under.
        if (change.entry().key().startsWith(CLASSES)) {
            wholes();
        }
        boolean quota = change.entry().key().contains(QUOTAS);
        if (!change.deleted() && !quota && (change.previous() == null || CHANGING.stream().noneMatch(change.entry().key()::contains))) {
            return;
        }
        var key = ObjectKey.parse(change.entry().key());
        boolean limited = store.get(TenantState.key(key.tenant())).filter(QuotaKeeper::limited).isPresent();
        if (change.deleted()) {
            count(key.tenant(), key.namespace(), limited);
        } else if (quota || limited || quotas.has(key.tenant(), key.namespace())) {
            // What is written of a pod, again and again, is looked at only where somebody counts it.
            if (suspects.add(key.tenant(), key.namespace(), change)) {
                mark(new Place(key.tenant(), key.namespace(), Place.What.SUSPECTS));
            } else {
                count(key.tenant(), key.namespace(), limited);
                if (quota) {
                    markLater(new Place(key.tenant(), key.namespace(), Place.What.NAMESPACE));
                }
            }
        }
    }

    /// Has a namespace counted that has a quota.
    ///
    /// @param whole whether its tenant is counted too
    private void count(String tenant, String namespace, boolean whole) {
        if (whole) {
            mark(Place.of(tenant));
        }
        if (quotas.has(tenant, namespace)) {
            mark(new Place(tenant, namespace, Place.What.NAMESPACE));
        }
    }

    /// Reads what was written in a namespace, and has it counted when it counts otherwise now.
    private void look(String tenant, String namespace) {
        boolean otherwise = false;
        for (var suspect : suspects.take(tenant, namespace)) {
            try {
                if (suspect.now().key().contains(QUOTAS)) {
                    lookAtQuota(tenant, namespace, suspect);
                } else if (!otherwise) {
                    otherwise = suspect.before() != null && countsOtherwise(suspect.now(), suspect.before());
                }
            } catch (RuntimeException e) {
                log.error("event=quota-object-not-read key={}", suspect.now().key(), e);
                otherwise = true;
            }
        }
        if (otherwise) {
            count(tenant, namespace, !quotas.whole().limits(tenant).isEmpty());
        }
    }

    /// Has a quota counted that asks for something else than it did. Nearly all that is written of a quota is what creates and changes charge to it, and what a
    /// tenant uses as a whole does not depend on its quotas.
    private void lookAtQuota(String tenant, String namespace, Suspects.Suspect quota) {
        var now = Json.readObject(quota.now().value());
        var spec = now.path("spec");
        var before = quota.before();
        boolean uncounted = !spec.path("hard").equals(now.path("status").path("hard"))
                || (before != null && !spec.equals(Json.readObject(before.value()).path("spec")));
        var place = new Place(tenant, namespace, ObjectKey.parse(quota.now().key()).name(), Place.What.QUOTA);
        if (uncounted) {
            mark(place);
        }
        if (uncounted || before == null) {
            // A writer that saw no quota, or another, may still be on its way: it is counted afterwards.
            markLater(place);
        }
    }

    private void tenant(Change change) {
        var before = change.previous();
        if (change.deleted() || (!limited(change.entry()) && (before == null || !limited(before)))) {
            return;
        }
        var now = Json.readObject(change.entry().value()).path("spec").path("quota");
        if (before == null || !now.equals(Json.readObject(before.value()).path("spec").path("quota"))) {
            var place = Place.of(ObjectKey.parse(change.entry().key()).name());
            mark(place);
            // A writer that saw no quota may still be on its way: it is counted afterwards.
            markLater(place);
        }
    }

    private static boolean limited(Entry tenant) {
        return new String(tenant.value(), StandardCharsets.ISO_8859_1).contains("\"quota\":");
    }

    /// Whether a change has ended a pod, moved an object into or out of a quota's scopes, or made it count as something else: what changes for quotas in upstream's
    /// `pkg/quota/v1/install/update_filter.go`, and pods that come to end by a deadline. Who writes that charges it already; this makes it good again where one
    /// of both quotas was not counted right before.
    private static boolean countsOtherwise(Entry now, Entry before) {
        var resource = ObjectKey.parse(now.key()).resource();
        return (resource.equals("pods") && isOver(now) && !isOver(before))
                || QuotaScopes.countsOtherwise(resource, Json.readObject(now.value()), Json.readObject(before.value()));
    }

    private static boolean isOver(Entry entry) {
        // Bytes tell enough: at worst a count too many.
        var text = new String(entry.value(), StandardCharsets.ISO_8859_1);
        return text.contains("\"phase\":\"Succeeded\"") || text.contains("\"phase\":\"Failed\"");
    }

    private void mark(Place place) {
        synchronized (dirty) {
            dirty.add(place);
            dirty.notifyAll();
        }
    }

    private void markLater(Place place) {
        later(place, LATER);
    }

    /// Marks a place once `pause` has passed, however often it is asked for in between.
    private void later(Place place, Duration pause) {
        if (!waiting.add(place)) {
            return;
        }
        Thread.ofVirtual().name("quota-later").start(() -> {
            try {
                Thread.sleep(pause);
                waiting.remove(place);
                mark(place);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private void run() {
        try {
            while (true) {
                Place place;
                synchronized (dirty) {
                    while (dirty.isEmpty()) {
                        dirty.wait();
                    }
                    place = dirty.removeFirst();
                }
                try {
                    switch (place.what()) {
                        case SUSPECTS -> look(place.tenant(), place.namespace());
                        case NAMESPACE -> quotas.recount(place.tenant(), place.namespace());
                        case QUOTA -> quotas.recount(place.tenant(), place.namespace(), place.quota());
                        case TENANT -> quotas.whole().recount(place.tenant());
                        case TOLD -> quotas.whole().tell(place.tenant());
                    }
                } catch (StoreException e) {
                    log.warn("event=quota-count-failed tenant={} namespace={} cause={}", place.tenant(), place.namespace(), e.getMessage());
                } catch (RuntimeException | Error e) {
                    log.error("event=quota-count-failed tenant={} namespace={}", place.tenant(), place.namespace(), e);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
