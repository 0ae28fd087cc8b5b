package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.ObjectReferenceBuilder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes Events in the background. The same event of the same object again raises the count and the last time of
/// the first one; from the tenth message on that one object causes for one reason within ten minutes, they share one event that
/// shows the last of them. One object may cause 25 events at once and one more every five minutes; others are dropped.
///
/// What is remembered of events is forgotten first of the tenant of which most is. Events of one tenant are written one after the other, and wait for no other tenant's, whose webhooks may not answer. A thousand may wait that the API server has not
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

    private record Sameness(String uid, String fieldPath, Type type, String reason, String message) {}

    /// What events have in common that differ by their messages only, as client-go tells them apart (tools/record/events_cache.go).
    private record Likeness(String uid, Type type, String reason) {}

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
    /// In bytes.
    private static final int LONGEST_MESSAGE = 1024;
    private static final String CUT = " ...";
    private static final int APART = 9;
    private static final Duration TOGETHER = Duration.ofMinutes(10);
    private static final String COMBINED = "(combined from similar events): ";

    private final Resources<Event> events;
    private final EventForm form;
    private final InstantSource clock;
    private final TenantLines<Pending> pending;
    // These are guarded by this. What is in them of a tenant is its own thread's, which is one at a time.
    private final TenantMemory<Sameness, Written> written = new TenantMemory<>(REMEMBERED);
    private final TenantMemory<String, Budget> budgets = new TenantMemory<>(REMEMBERED);
    private final TenantMemory<Likeness, Messages> similar = new TenantMemory<>(REMEMBERED);

    /// Of the core group's form.
    ///
    /// @param component such as `kubelet`
    /// @param host the node, for a component that runs on one; else null
    public EventRecorder(Client client, String component, @Nullable String host, InstantSource clock) {
        this(client, component, new EventForm.Counted(component, host), clock);
    }

    private EventRecorder(Client client, String component, EventForm form, InstantSource clock) {
        this.events = client.of(Kind.EVENT);
        this.form = form;
        this.clock = clock;
        this.pending = new TenantLines<>("events-" + component, QUEUED, this::attempt);
    }

    /// Of the form of events.k8s.io: with exact times, and series of what happens again.
    ///
    /// @param controller such as `default-scheduler`
    /// @param host the machine on which this instance of it runs
    public static EventRecorder exact(Client client, String controller, String host, InstantSource clock) {
        return new EventRecorder(client, controller, new EventForm.Series(controller, controller + "-" + host), clock);
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
        byte[] bytes = message.getBytes(StandardCharsets.UTF_8);
        if (bytes.length <= LONGEST_MESSAGE) {
            return message;
        }
        int end = LONGEST_MESSAGE - CUT.length();
        while ((bytes[end] & 0xC0) == 0x80) {
            end--;
        }
        return new String(bytes, 0, end, StandardCharsets.UTF_8) + CUT;
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
            if (!affordable(tenant, uid, event.at)) {
                LOG.debug("event=event-dropped cause=rate reason={} object={}", event.reason, object.getName());
                return;
            }
            boolean combined = isOneOfMany(tenant, event, uid);
            message = combined ? cut(COMBINED + event.message) : event.message;
            same = new Sameness(uid, combined ? "" : fieldPath, event.type, event.reason, combined ? COMBINED : message);
            before = written.get(tenant, same);
        }
        if (before != null && repeat(tenant, event, message, before)) {
            remember(tenant, same, new Written(before.namespace, before.name, before.count + 1));
            return;
        }
        // Events of cluster-scoped objects live in the default namespace, where kubectl describe looks for them.
        String namespace = object.getNamespace() == null ? "default" : object.getNamespace();
        String name = object.getName() + "." + Long.toHexString(nanos(event.at)) + Integer.toHexString(same.hashCode());
        EventBuilder fresh = new EventBuilder()
                .withNewMetadata().withNamespace(namespace).withName(name).endMetadata()
                .withInvolvedObject(object)
                .withRelated(event.related)
                .withType(event.type.text)
                .withReason(event.reason)
                .withMessage(message);
        form.first(fresh, event.action, event.at);
        events.create(tenant, fresh.build());
        remember(tenant, same, new Written(namespace, name, 1));
    }

    private synchronized void remember(String tenant, Sameness same, Written now) {
        written.put(tenant, same, now);
    }

    /// False when the first event has expired meanwhile, so that a new one is due.
    private boolean repeat(String tenant, Pending event, String message, Written before) {
        try {
            Map<String, Object> changes = new HashMap<>(form.again(before.count + 1, event.at));
            changes.put("message", message);
            events.patch(new ObjectKey(tenant, before.namespace, before.name), Patch.merge(changes));
            return true;
        } catch (ApiException refused) {
            if (refused.isNotFound()) {
                return false;
            }
            throw refused;
        }
    }

    private boolean isOneOfMany(String tenant, Pending event, String uid) {
        Messages messages = similar.get(tenant, new Likeness(uid, event.type, event.reason), Messages::new);
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

    private boolean affordable(String tenant, String object, Instant now) {
        Budget budget = budgets.get(tenant, object, Budget::new);
        double refill = (double) Duration.between(budget.at, now).toMillis() / REFILL.toMillis();
        budget.left = Math.min(BURST, budget.left + Math.max(0, refill));
        budget.at = now;
        if (budget.left < 1) {
            return false;
        }
        budget.left--;
        return true;
    }

    private static long nanos(Instant at) {
        return at.getEpochSecond() * 1_000_000_000L + at.getNano();
    }
}
