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
    private static final int NOTE_MAX = 1024;
    private static final int REASON_MAX = 128;

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

    /// New events of this form tell when they happened exactly, who tells, and what was done.
    @Override
    public void validate(ObjectNode event, Errors errors) {
        if (!Json.present(event.get("eventTime"))) {
            // An event that an older client made has none, and may be written back as it is.
            if (!Json.present(event.get("deprecatedFirstTimestamp"))) {
                errors.required("eventTime", "");
            }
            return;
        }
        for (String field : List.of("reportingController", "reportingInstance", "action", "reason")) {
            String value = Json.string(event, field);
            if (value.isEmpty()) {
                errors.required(field, "");
            } else if (value.length() > REASON_MAX) {
                errors.invalid(field, value, "can have at most " + REASON_MAX + " characters");
            }
        }
        if (Json.string(event, "note").length() > NOTE_MAX) {
            errors.invalid("note", "", "can have at most " + NOTE_MAX + " characters");
        }
        errors.oneOf("type", Json.string(event, "type"), List.of("Normal", "Warning"));
        String namespace = Json.string(event, "metadata", "namespace");
        String about = Json.string(event, "regarding", "namespace");
        if (about.isEmpty() ? !List.of("default", "kube-system").contains(namespace) : !about.equals(namespace)) {
            errors.invalid("regarding.namespace", about, "does not match event.namespace");
        }
    }

    @Override
    public void validateUpdate(ObjectNode event, ObjectNode old, @Nullable String subresource, Errors errors) {
        for (String kept : List.of("reason", "action", "reportingController", "reportingInstance", "regarding", "note", "type")) {
            if (Json.present(old.get("eventTime")) && !event.path(kept).equals(old.path(kept))) {
                errors.invalid(kept, event.path(kept).isMissingNode() ? Json.text("") : event.path(kept), WorkloadValidation.IMMUTABLE);
            }
        }
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
