package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// ConfigMaps.
final class ConfigMapRules implements KindRules {
    static final int MAX_BYTES = 1 << 20;

    @Override
    public void validate(ObjectNode map, Errors errors) {
        long size = 0;
        for (Map.Entry<String, JsonNode> entry : map.path("data").properties()) {
            String key = entry.getKey();
            errors.invalid("data[" + key + "]", key, Names.configKey(key));
            if (map.path("binaryData").has(key)) {
                errors.invalid("data[" + key + "]", key, "duplicate of key present in binaryData");
            }
            size += entry.getValue().asString("").getBytes(StandardCharsets.UTF_8).length;
        }
        for (Map.Entry<String, JsonNode> entry : map.path("binaryData").properties()) {
            errors.invalid("binaryData[" + entry.getKey() + "]", entry.getKey(), Names.configKey(entry.getKey()));
            size += decodedBytes(entry.getValue());
        }
        if (size > MAX_BYTES) {
            // So upstream writes the path of the whole, which has no name.
            errors.add(FieldError.tooLong("[]", MAX_BYTES));
        }
    }

    static long decodedBytes(JsonNode base64) {
        String text = base64.asString("");
        int padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
        return Math.max(0, text.length() / 4L * 3 - padding);
    }

    @Override
    public void validateUpdate(ObjectNode map, ObjectNode old, @Nullable String subresource, Errors errors) {
        frozen(map, old, List.of("data", "binaryData"), errors);
    }

    /// An object marked immutable keeps its mark and its content.
    static void frozen(ObjectNode updated, ObjectNode old, List<String> contents, Errors errors) {
        if (!Json.flag(old, "immutable")) {
            return;
        }
        String why = "field is immutable when `immutable` is set";
        if (!Json.flag(updated, "immutable")) {
            errors.forbidden("immutable", why);
        }
        for (String content : contents) {
            JsonNode before = old.path(content);
            JsonNode after = updated.path(content);
            if (!before.equals(after) && !(before.isEmpty() && after.isEmpty())) {
                errors.forbidden(content, why);
            }
        }
    }

    @Override
    public List<Column> columns() {
        return List.of(
                Column.name("Name must be unique within a namespace."),
                Column.of("Data", "How many entries it holds."),
                Column.of("Age", "The time since it was created."));
    }

    @Override
    public List<JsonNode> cells(ObjectNode map, Instant now) {
        return List.of(
                Cells.name(map),
                Json.integer(map.path("data").size() + (long) map.path("binaryData").size()),
                Cells.age(map, now));
    }
}
