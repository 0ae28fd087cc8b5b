package io.hypernetes.objects.kind;

import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Events of the core group.
final class EventRules implements KindRules {
    private static final int WORDS = 128;
    private static final int MESSAGE = 1024;

    /// Upstream lets core events have any name that is part of a path; operators make them of what they watch, capitals and all. Those of `events.k8s.io/v1` are DNS names.
    @Override
    public List<String> checkName(String name) {
        return RoleRules.pathSegment(name);
    }

    @Override
    public void defaults(ObjectNode event) {
        // Clients of any age read both names of the reporter.
        String component = Json.string(event, "source", "component");
        if (Json.string(event, "reportingComponent").isEmpty()) {
            event.put("reportingComponent", component);
        }
        if (!Json.present(event.get("reportingInstance"))) {
            event.put("reportingInstance", Json.string(event, "source", "host"));
        }
    }

    @Override
    public void validate(ObjectNode event, Errors errors) {
        validate(event, "reportingComponent", errors);
    }

    /// As upstream's `legacyValidateEvent`, which calls fields by the names of the core group's form, but for the reporter.
    ///
    /// @param reporter what the form of the request calls it
    static void validate(ObjectNode event, String reporter, Errors errors) {
        String namespace = Json.string(event, "metadata", "namespace");
        String about = Json.string(event, "involvedObject", "namespace");
        boolean exact = Json.present(event.get("eventTime"));
        // Events about objects outside namespaces live in one of these.
        boolean common = namespace.equals("default") || (exact && namespace.equals("kube-system"));
        if (about.isEmpty() ? !common : !exact && !about.equals(namespace)) {
            errors.invalid("involvedObject.namespace", about, "does not match event.namespace");
        }
        if (exact) {
            String controller = Json.string(event, "reportingComponent");
            if (controller.isEmpty()) {
                errors.required(reporter, "");
            }
            errors.invalid(reporter, controller, Names.qualified(controller));
            for (String field : List.of("reportingInstance", "action", "reason")) {
                if (Json.string(event, field).isEmpty()) {
                    errors.required(field, "");
                }
                limit(event, field, WORDS, errors);
            }
            limit(event, "message", MESSAGE, errors);
        }
    }

    private static void limit(ObjectNode event, String field, int most, Errors errors) {
        if (Json.string(event, field).getBytes(StandardCharsets.UTF_8).length > most) {
            errors.invalid(field, "", "can have at most " + most + " characters");
        }
    }

    @Override
    public Map<String, String> selectableFields(ObjectNode event) {
        Map<String, String> fields = new LinkedHashMap<>();
        for (String field : List.of("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")) {
            fields.put("involvedObject." + field, Json.string(event, "involvedObject", field));
        }
        fields.put("reason", Json.string(event, "reason"));
        fields.put("reportingComponent", Json.string(event, "reportingComponent"));
        String source = Json.string(event, "source", "component");
        fields.put("source", source.isEmpty() ? Json.string(event, "reportingComponent") : source);
        fields.put("type", Json.string(event, "type"));
        return fields;
    }

    @Override
    public List<Column> columns() {
        return List.of(
                Column.of("Last Seen", "The time since it happened last."),
                Column.of("Type", "Normal or Warning."),
                Column.of("Reason", "Why, in one word."),
                Column.of("Object", "What it is about."),
                Column.wide("Subobject", "The part it is about."),
                Column.wide("Source", "Who reports it."),
                Column.of("Message", "What happened."),
                Column.wide("First Seen", "The time since it happened first."),
                Column.wide("Count", "How often it happened."),
                new Column("Name", "string", "name", "Name must be unique within a namespace.", 1));
    }

    @Override
    public List<JsonNode> cells(ObjectNode event, Instant now) {
        Instant first = or(ApiTime.at(event, "firstTimestamp"), ApiTime.at(event, "eventTime"));
        Instant last = or(ApiTime.at(event, "lastTimestamp"), first);
        long count = Math.max(1, Json.number(event, 1, "count"));
        if (event.path("series").isObject()) {
            last = or(ApiTime.at(event, "series", "lastObservedTime"), last);
            count = Json.number(event, count, "series", "count");
        }
        String object = Json.string(event, "involvedObject", "kind").toLowerCase(Locale.ROOT);
        String name = Json.string(event, "involvedObject", "name");
        return List.of(
                Cells.text(ApiTime.age(last, now)),
                Cells.text(Json.string(event, "type")),
                Cells.text(Json.string(event, "reason")),
                Cells.text(name.isEmpty() ? object : object + "/" + name),
                Cells.text(Json.string(event, "involvedObject", "fieldPath")),
                Cells.text(source(event)),
                Cells.text(Json.string(event, "message").strip()),
                Cells.text(ApiTime.age(first, now)),
                Json.integer(count),
                Cells.name(event));
    }

    private static String source(ObjectNode event) {
        String component = Json.string(event, "source", "component");
        String host = Json.string(event, "source", "host");
        if (component.isEmpty()) {
            component = Json.string(event, "reportingComponent");
            host = Json.string(event, "reportingInstance");
        }
        return host.isEmpty() ? component : component + ", " + host;
    }

    private static @Nullable Instant or(@Nullable Instant a, @Nullable Instant b) {
        return a == null ? b : a;
    }
}
