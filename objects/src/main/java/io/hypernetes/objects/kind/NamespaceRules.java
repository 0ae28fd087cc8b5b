package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Namespaces.
final class NamespaceRules implements KindRules {
    private static final String NAME_LABEL = "kubernetes.io/metadata.name";
    private static final String FINALIZER = "kubernetes";
    private static final List<String> STANDARD = List.of(FINALIZER, "orphan", "foregroundDeletion");

    @Override
    public List<String> checkName(String name) {
        return Names.label(name);
    }

    @Override
    public void defaults(ObjectNode namespace) {
        String name = Json.string(namespace, "metadata", "name");
        if (!name.isEmpty()) {
            Json.child(Json.child(namespace, "metadata"), "labels").put(NAME_LABEL, name);
        }
        Json.setDefault(Json.child(namespace, "status"), "phase", "Active");
    }

    @Override
    public void prepareCreate(ObjectNode namespace) {
        Json.child(namespace, "status").put("phase", "Active");
        ArrayNode finalizers = Json.child(namespace, "spec").withArray("finalizers");
        if (finalizers.valueStream().noneMatch(name -> name.asString("").equals(FINALIZER))) {
            finalizers.add(FINALIZER);
        }
    }

    /// ValidateNamespace of upstream's `pkg/apis/core/validation/validation.go`, which does not say which of them it is.
    @Override
    public void validateNew(ObjectNode namespace, Errors errors) {
        for (JsonNode name : namespace.path("spec").path("finalizers")) {
            if (errors.isFull()) {
                break;
            }
            finalizer(name.asString(""), "spec.finalizers", errors);
        }
    }

    private static void finalizer(String name, String at, Errors errors) {
        errors.invalid(at, name, Names.qualified(name));
        if (!name.contains("/") && !STANDARD.contains(name)) {
            errors.invalid(at, name, "name is neither a standard finalizer name nor is it fully qualified");
        }
    }

    @Override
    public void validateUpdate(ObjectNode namespace, ObjectNode old, @Nullable String subresource, Errors errors) {
        if (!"finalize".equals(subresource)) {
            return;
        }
        JsonNode finalizers = namespace.path("spec").path("finalizers");
        // One that was stored when less was asked may stay, or whoever takes another away could not.
        Set<JsonNode> known = old.path("spec").path("finalizers").valueStream().collect(Collectors.toSet());
        for (int i = 0; i < finalizers.size() && !errors.isFull(); i++) {
            if (!known.contains(finalizers.path(i))) {
                finalizer(finalizers.path(i).asString(""), "spec.finalizers[" + i + "]", errors);
            }
        }
    }

    @Override
    public void prepareUpdate(ObjectNode namespace, ObjectNode old, @Nullable String subresource) {
        // Only the path `finalize` may change the finalizers, and nothing else.
        if (subresource == null) {
            Json.restore(namespace, old, "spec");
        } else if (subresource.equals("finalize")) {
            Json.restore(namespace, old, "status");
        }
    }

    @Override
    public void validateStatus(ObjectNode namespace, ObjectNode old, Errors errors) {
        String phase = Json.string(namespace, "status", "phase");
        boolean deleted = Json.present(namespace.path("metadata").get("deletionTimestamp"));
        String due = deleted ? "Terminating" : "Active";
        if (!phase.equals(due)) {
            errors.invalid("status.Phase", phase, "may only be '" + due + "' if `deletionTimestamp` is " + (deleted ? "not empty" : "empty"));
        }
    }

    @Override
    public Map<String, String> selectableFields(ObjectNode namespace) {
        return Map.of("status.phase", Json.string(namespace, "status", "phase"));
    }

    @Override
    public List<Column> columns() {
        return List.of(
                Column.name("Name must be unique within a namespace."),
                Column.of("Status", "The status of the namespace."),
                Column.of("Age", "The time since the namespace was created."));
    }

    @Override
    public List<JsonNode> cells(ObjectNode namespace, Instant now) {
        return List.of(
                Cells.name(namespace), Cells.text(Json.string(namespace, "status", "phase")), Cells.age(namespace, now));
    }
}
