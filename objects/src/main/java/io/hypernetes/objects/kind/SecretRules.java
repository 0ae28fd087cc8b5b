package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import io.hypernetes.objects.Names;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Secrets.
final class SecretRules implements KindRules {
    private static final String OPAQUE = "Opaque";

    /// `stringData` is for writing only: it becomes `data` at once.
    @Override
    public void defaults(ObjectNode secret) {
        Json.setDefault(secret, "type", OPAQUE);
        if (secret.remove("stringData") instanceof ObjectNode plain && !plain.isEmpty()) {
            ObjectNode data = Json.child(secret, "data");
            for (Map.Entry<String, JsonNode> entry : plain.properties()) {
                byte[] bytes = entry.getValue().asString("").getBytes(StandardCharsets.UTF_8);
                data.put(entry.getKey(), Base64.getEncoder().encodeToString(bytes));
            }
        }
    }

    @Override
    public void validate(ObjectNode secret, Errors errors) {
        long size = 0;
        for (Map.Entry<String, JsonNode> entry : secret.path("data").properties()) {
            errors.invalid("data[" + entry.getKey() + "]", entry.getKey(), Names.configKey(entry.getKey()));
            size += ConfigMapRules.decodedBytes(entry.getValue());
        }
        if (size > ConfigMapRules.MAX_BYTES) {
            errors.add(FieldError.tooLong("data", ConfigMapRules.MAX_BYTES));
        }
        switch (Json.string(secret, "type")) {
            case "kubernetes.io/service-account-token" -> {
                if (Json.string(secret.path("metadata").path("annotations"), "kubernetes.io/service-account.name").isEmpty()) {
                    errors.required("metadata.annotations[kubernetes.io/service-account.name]", "");
                }
            }
            case "kubernetes.io/dockercfg" -> json(secret, ".dockercfg", errors);
            case "kubernetes.io/dockerconfigjson" -> json(secret, ".dockerconfigjson", errors);
            case "kubernetes.io/basic-auth" -> {
                if (!secret.path("data").has("username") && !secret.path("data").has("password")) {
                    errors.required("data[username]", "");
                    errors.required("data[password]", "");
                }
            }
            case "kubernetes.io/ssh-auth" -> {
                // An empty key is none.
                if (Json.string(secret, "data", "ssh-privatekey").isEmpty()) {
                    errors.required("data[ssh-privatekey]", "");
                }
            }
            case "kubernetes.io/tls" -> {
                present(secret, "tls.crt", errors);
                present(secret, "tls.key", errors);
            }
            default -> {}
        }
    }

    private static void present(ObjectNode secret, String key, Errors errors) {
        if (!secret.path("data").has(key)) {
            errors.required("data[" + key + "]", "");
        }
    }

    private static void json(ObjectNode secret, String key, Errors errors) {
        JsonNode value = secret.path("data").path(key);
        if (value.isMissingNode()) {
            errors.required("data[" + key + "]", "");
            return;
        }
        try {
            JsonNode read = Json.read(Base64.getMimeDecoder().decode(value.asString(""))).root();
            if (!read.isObject() && !read.isNull()) {
                String type = read.isArray() ? "array" : read.isString() ? "string" : read.isNumber() ? "number" : "bool";
                errors.invalid(
                        "data[" + key + "]",
                        "<secret contents redacted>",
                        "json: cannot unmarshal " + type + " into Go value of type map[string]interface {}");
            }
        } catch (MalformedJsonException e) {
            // The content is a secret: it is not repeated.
            errors.invalid("data[" + key + "]", "<secret contents redacted>", "it is not JSON");
        }
    }

    @Override
    public void validateUpdate(ObjectNode secret, ObjectNode old, @Nullable String subresource, Errors errors) {
        if (!Json.string(secret, "type").equals(Json.string(old, "type"))) {
            errors.invalid("type", Json.string(secret, "type"), "field is immutable");
        }
        ConfigMapRules.frozen(secret, old, List.of("data"), errors);
    }

    @Override
    public Map<String, String> selectableFields(ObjectNode secret) {
        return Map.of("type", Json.string(secret, "type"));
    }

    @Override
    public List<Column> columns() {
        return List.of(
                Column.name("Name must be unique within a namespace."),
                Column.of("Type", "What the secret is for."),
                Column.of("Data", "How many entries it holds."),
                Column.of("Age", "The time since it was created."));
    }

    @Override
    public List<JsonNode> cells(ObjectNode secret, Instant now) {
        return List.of(
                Cells.name(secret),
                Cells.text(Json.string(secret, "type")),
                Json.integer(secret.path("data").size()),
                Cells.age(secret, now));
    }
}
