package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.ObjectReferenceBuilder;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes core/v1 Events in the background. The same event of the same object again raises `count` and `lastTimestamp` of
/// the first one; from the tenth message on that one object causes for one reason within ten minutes, they share one event that
/// shows the last of them. One object may cause 25 events at once and one more every five minutes; others are dropped.
///
/// Events of one tenant are written one after the other, and wait for no other tenant's, whose webhooks may not answer. A thousand may wait that the API server has not
/// yet taken; of more, the tenant that has most of them loses some. Thread-safe.
public final class EventRecorder implements AutoCloseable {

    /// How serious.
    public enum Type {
        NORMAL("Normal"),
        WARNING("Warning");

        private final String text;

        Type(String text) {
            this.text = text;
        }
    }

    private record Sameness(String tenant, String uid, String fieldPath, Type type, String reason, String message) {}

    /// What events have in common that differ by their messages only, as client-go tells them apart (tools/record/events_cache.go).
    private record Likeness(String tenant, String uid, Type type, String reason) {}

    private static final class Messages {
        /// Hashes: a message that shares one with another is told under its own event, no more.
        final Set<Integer> seen = new HashSet<>();
        Instant last = Instant.EPOCH;
    }

    private record Written(String namespace, String name, int count) {}

    private record Pending(
            ObjectReference object, @Nullable ObjectReference related, @Nullable String action, Type type, String reason, String message, Instant at) {}

    private static final class Budget {
        double left = BURST;
        Instant at = Instant.EPOCH;
    }

    private static final Logger LOG = LoggerFactory.getLogger(EventRecorder.class);
    private static final int REMEMBERED = 4096;
    private static final int QUEUED = 1000;
    private static final double BURST = 25;
    private static final Duration REFILL = Duration.ofMinutes(5);
    private static final int LONGEST_MESSAGE = 1024;
    private static final String CUT = " ...";
    private static final int APART = 9;
    private static final Duration TOGETHER = Duration.ofMinutes(10);
    private static final String COMBINED = "(combined from similar events): ";

    private final Resources<Event> events;
    private final String component;
    private final @Nullable String host;
    private final InstantSource clock;
    private final TenantLines<Pending> pending;
    // These maps are guarded by this. What is in them of a tenant is its own thread's, which is one at a time.
    private final Map<Sameness, Written> written = bounded();
    private final Map<String, Budget> budgets = bounded();
    private final Map<Likeness, Messages> similar = bounded();

    /// @param component such as `kubelet` or `default-scheduler`
    /// @param host the node, for a component that runs on one; else null
    public EventRecorder(Client client, String component, @Nullable String host, InstantSource clock) {
        this.events = client.of(Kind.EVENT);
        this.component = component;
        this.host = host;
        this.clock = clock;
        this.pending = new TenantLines<>("events-" + component, QUEUED, this::attempt);
    }

    /// An event about an object; never blocks and never fails.
    public void record(String tenant, HasMetadata object, Type type, String reason, String message) {
        record(tenant, reference(object, null), null, null, type, reason, message);
    }

    /// An event about what was done to an object, as clients of events.k8s.io tell it.
    ///
    /// @param action what was done or tried, such as `Binding`
    /// @param related on whose behalf or with what; null when that is nobody
    public void record(String tenant, HasMetadata object, @Nullable HasMetadata related, String action, Type type, String reason, String message) {
        record(tenant, reference(object, null), related == null ? null : reference(related, null), action, type, reason, message);
    }

    /// An event about a part of an object, such as `spec.containers{web}`.
    public void record(String tenant, HasMetadata object, String fieldPath, Type type, String reason, String message) {
        record(tenant, reference(object, fieldPath), null, null, type, reason, message);
    }

    @Override
    public void close() {
        pending.close();
    }

    private void record(
            String tenant, ObjectReference object, @Nullable ObjectReference related, @Nullable String action, Type type, String reason, String message) {
        Pending dropped = pending.offer(tenant, new Pending(object, related, action, type, reason, cut(message), clock.instant()));
        if (dropped != null) {
            LOG.warn("event=event-dropped cause=queue-full reason={} object={}", dropped.reason, dropped.object.getName());
        }
    }

    private static String cut(String message) {
        return message.length() > LONGEST_MESSAGE ? message.substring(0, LONGEST_MESSAGE - CUT.length()) + CUT : message;
    }

    private static ObjectReference reference(HasMetadata object, @Nullable String fieldPath) {
        return new ObjectReferenceBuilder()
                .withApiVersion(object.getApiVersion())
                .withKind(object.getKind())
                .withNamespace(object.getMetadata().getNamespace())
                .withName(object.getMetadata().getName())
                .withUid(object.getMetadata().getUid())
                .withResourceVersion(object.getMetadata().getResourceVersion())
                .withFieldPath(fieldPath)
                .build();
    }

    private void attempt(String tenant, Pending next) {
        try {
            write(tenant, next);
        } catch (ApiException refused) {
            LOG.warn("event=event-lost tenant={} reason={} object={} cause=\"{}\"",
                    tenant, next.reason, next.object.getName(), refused.getMessage());
        } catch (RuntimeException fault) {
            LOG.error("event=event-fault tenant={} reason={} object={}", tenant, next.reason, next.object.getName(), fault);
        }
    }

    private void write(String tenant, Pending event) {
        ObjectReference object = event.object;
        String uid = object.getUid() == null ? object.getName() : object.getUid();
        String fieldPath = object.getFieldPath() == null ? "" : object.getFieldPath();
        String message;
        Sameness same;
        Written before;
        synchronized (this) {
            if (!affordable(tenant + "/" + uid, event.at)) {
                LOG.debug("event=event-dropped cause=rate reason={} object={}", event.reason, object.getName());
                return;
            }
            boolean combined = isOneOfMany(tenant, event, uid);
            message = combined ? cut(COMBINED + event.message) : event.message;
            same = new Sameness(tenant, uid, combined ? "" : fieldPath, event.type, event.reason, combined ? COMBINED : message);
            before = written.get(same);
        }
        if (before != null && repeat(tenant, event, message, before)) {
            remember(same, new Written(before.namespace, before.name, before.count + 1));
            return;
        }
        // Events of cluster-scoped objects live in the default namespace, where kubectl describe looks for them.
        String namespace = object.getNamespace() == null ? "default" : object.getNamespace();
        String name = object.getName() + "." + Long.toHexString(nanos(event.at)) + Integer.toHexString(same.hashCode());
        String at = text(event.at);
        events.create(tenant, new EventBuilder()
                .withNewMetadata().withNamespace(namespace).withName(name).endMetadata()
                .withInvolvedObject(object)
                .withRelated(event.related)
                .withAction(event.action)
                .withType(event.type.text)
                .withReason(event.reason)
                .withMessage(message)
                .withNewSource().withComponent(component).withHost(host).endSource()
                .withReportingComponent(component)
                .withReportingInstance(host == null ? "" : host)
                .withCount(1)
                .withFirstTimestamp(at)
                .withLastTimestamp(at)
                .build());
        remember(same, new Written(namespace, name, 1));
    }

    private synchronized void remember(Sameness same, Written now) {
        written.put(same, now);
    }

    /// False when the first event has expired meanwhile, so that a new one is due.
    private boolean repeat(String tenant, Pending event, String message, Written before) {
        try {
            events.patch(new ObjectKey(tenant, before.namespace, before.name),
                    Patch.merge(Map.of("count", before.count + 1, "lastTimestamp", text(event.at), "message", message)));
            return true;
        } catch (ApiException refused) {
            if (refused.isNotFound()) {
                return false;
            }
            throw refused;
        }
    }

    private boolean isOneOfMany(String tenant, Pending event, String uid) {
        Messages messages = similar.computeIfAbsent(new Likeness(tenant, uid, event.type, event.reason), key -> new Messages());
        if (Duration.between(messages.last, event.at).compareTo(TOGETHER) > 0) {
            messages.seen.clear();
        }
        messages.last = event.at;
        int hash = event.message.hashCode();
        if (messages.seen.contains(hash)) {
            return false;
        }
        if (messages.seen.size() >= APART) {
            return true;
        }
        messages.seen.add(hash);
        return false;
    }

    private boolean affordable(String object, Instant now) {
        Budget budget = budgets.computeIfAbsent(object, key -> new Budget());
        double refill = (double) Duration.between(budget.at, now).toMillis() / REFILL.toMillis();
        budget.left = Math.min(BURST, budget.left + Math.max(0, refill));
        budget.at = now;
        if (budget.left < 1) {
            return false;
        }
        budget.left--;
        return true;
    }

    private static String text(Instant at) {
        return at.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    private static long nanos(Instant at) {
        return at.getEpochSecond() * 1_000_000_000L + at.getNano();
    }

    private static <K, V> Map<K, V> bounded() {
        return new LinkedHashMap<>(64, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
                return size() > REMEMBERED;
            }
        };
    }
}
