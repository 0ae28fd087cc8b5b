package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.MicroTime;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How an event says who reports it, when it happened and how often.
sealed interface EventForm {
    /// An event that happened once.
    void first(EventBuilder event, @Nullable String action, Instant at);

    /// What changes of an event that happened again.
    ///
    /// @param count how often it happened by now
    Map<String, Object> again(int count, Instant at);

    /// As client-go's tools/record tells it: a source, a count, and times of whole seconds.
    ///
    /// @param host null for a component that runs on no node
    record Counted(String component, @Nullable String host) implements EventForm {
        @Override
        public void first(EventBuilder event, @Nullable String action, Instant at) {
            event.withAction(action)
                    .withNewSource().withComponent(component).withHost(host).endSource()
                    .withReportingComponent(component)
                    .withReportingInstance(host == null ? "" : host)
                    .withCount(1)
                    .withFirstTimestamp(text(at))
                    .withLastTimestamp(text(at));
        }

        @Override
        public Map<String, Object> again(int count, Instant at) {
            return Map.of("count", count, "lastTimestamp", text(at));
        }

        private static String text(Instant at) {
            return at.truncatedTo(ChronoUnit.SECONDS).toString();
        }
    }

    /// As its tools/events tells it, in events.k8s.io/v1: who controls and which instance of it, the exact time, and a series when it happens again.
    /// Nothing of the older form may be said beside it.
    record Series(String controller, String instance) implements EventForm {
        private static final DateTimeFormatter EXACT = DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

        @Override
        public void first(EventBuilder event, @Nullable String action, Instant at) {
            // Events with an exact time are refused without an action.
            event.withAction(action == null ? event.getReason() : action)
                    .withReportingComponent(controller)
                    .withReportingInstance(instance)
                    .withEventTime(new MicroTime(EXACT.format(at)));
        }

        @Override
        public Map<String, Object> again(int count, Instant at) {
            return Map.of("series", Map.of("count", count, "lastObservedTime", EXACT.format(at)));
        }
    }
}
