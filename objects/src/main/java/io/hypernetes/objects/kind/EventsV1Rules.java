package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Events of `events.k8s.io/v1`, a second face of those of the core group with other names for the same things.
final class EventsV1Rules implements KindRules {
    /// The names here and in the core group.
    private static final Map<String, String> NAMES = Map.of(
            "regarding", "involvedObject",
            "note", "message",
            "reportingController", "reportingComponent",
            "deprecatedSource", "source",
            "deprecatedFirstTimestamp", "firstTimestamp",
            "deprecatedLastTimestamp", "lastTimestamp",
            "deprecatedCount", "count");
    /// What an event of this form says for ever, under the names of the core group.
    private static final List<String> KEPT = List.of(
            "involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count", "type", "eventTime", "action", "related",
            "reportingComponent", "reportingInstance");

    private final EventRules core;

    EventsV1Rules(EventRules core) {
        this.core = core;
    }

    @Override
    public ObjectNode fromStored(ObjectNode stored) {
        NAMES.forEach((here, there) -> rename(stored, there, here));
        return stored;
    }

    @Override
    public ObjectNode toStored(ObjectNode event) {
        NAMES.forEach((here, there) -> rename(event, here, there));
        return event;
    }

    private static void rename(ObjectNode object, String from, String to) {
        JsonNode value = object.remove(from);
        if (value != null) {
            object.set(to, value);
        }
    }

    /// Upstream looks at the form of the core group here too, and calls fields by its names, but for the reporter.
    @Override
    public void validate(ObjectNode event, Errors errors) {
        EventRules.validate(toStored(event.deepCopy()), "reportingController", errors);
    }

    /// New events of this form tell when they happened exactly, and nothing as older ones did.
    @Override
    public void validateNew(ObjectNode event, Errors errors) {
        series(event, errors);
        if (!Json.present(event.get("eventTime"))) {
            errors.required("eventTime", "");
        }
        String type = Json.string(event, "type");
        if (!type.equals("Normal") && !type.equals("Warning")) {
            errors.invalid("type", "", "has invalid value: " + type);
        }
        for (String old : List.of("deprecatedFirstTimestamp", "deprecatedLastTimestamp", "deprecatedCount", "deprecatedSource")) {
            JsonNode value = event.path(old);
            boolean empty = value.isMissingNode() || (value.isNumber() && value.asInt(0) == 0)
                    || (value.isObject() && Json.string(value, "component").isEmpty() && Json.string(value, "host").isEmpty());
            if (!empty) {
                errors.invalid(NAMES.getOrDefault(old, old), "", "needs to be unset");
            }
        }
    }

    private static void series(ObjectNode event, Errors errors) {
        JsonNode series = event.path("series");
        if (series.isObject() && Json.number(series, 0, "count") < 2) {
            errors.invalid("series.count", "", "should be at least 2");
        }
        if (series.isObject() && !Json.present(series.get("lastObservedTime"))) {
            errors.required("series.lastObservedTime", "");
        }
    }

    @Override
    public void validateUpdate(ObjectNode event, ObjectNode old, @Nullable String subresource, Errors errors) {
        if (!event.path("series").equals(old.path("series"))) {
            series(event, errors);
        }
        ObjectNode now = toStored(event.deepCopy());
        ObjectNode before = toStored(old.deepCopy());
        for (String kept : KEPT) {
            JsonNode value = now.path(kept);
            boolean nothing = isNothing(value) && isNothing(before.path(kept));
            if (!nothing && !value.equals(before.path(kept))) {
                String at = kept.equals("reportingComponent") ? "reportingController" : kept;
                errors.invalid(at, value.isMissingNode() ? Json.text("") : value, WorkloadValidation.IMMUTABLE);
            }
        }
    }

    private static boolean isNothing(JsonNode value) {
        return value.isMissingNode() || (value.isString() && value.stringValue().isEmpty()) || (value.isObject() && value.isEmpty());
    }

    @Override
    public Map<String, String> selectableFields(ObjectNode event) {
        Map<String, String> fields = new LinkedHashMap<>();
        core.selectableFields(toStored(event.deepCopy())).forEach((name, value) -> fields.put(
                name.replace("involvedObject.", "regarding.").replace("reportingComponent", "reportingController"), value));
        fields.remove("source");
        return fields;
    }

    @Override
    public List<Column> columns() {
        return core.columns();
    }

    @Override
    public List<JsonNode> cells(ObjectNode event, Instant now) {
        return core.cells(toStored(event.deepCopy()), now);
    }
}
