package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// StorageClasses.
final class StorageClassRules implements KindRules {
    private static final String DEFAULT = "storageclass.kubernetes.io/is-default-class";
    private static final int PARAMETERS_MAX = 512;
    private static final int PARAMETERS_MAX_BYTES = 256 << 10;
    private static final Layout LAYOUT = Layout.first("Name", "Name must be unique within a namespace.", StorageClassRules::name)
            .text("Provisioner", "Who makes its volumes.", "provisioner")
            .text("ReclaimPolicy", "What becomes of its volumes when they are released.", "reclaimPolicy")
            .text("VolumeBindingMode", "When its volumes are made.", "volumeBindingMode")
            .value(Column.of("AllowVolumeExpansion", "Whether its volumes may grow."),
                    type -> JsonNodeFactory.instance.booleanNode(Json.flag(type, "allowVolumeExpansion")))
            .age();

    private static String name(ObjectNode type) {
        String name = Json.string(type, "metadata", "name");
        JsonNode annotations = type.path("metadata").path("annotations");
        boolean chosen = Json.string(annotations, DEFAULT).equals("true")
                || Json.string(annotations, "storageclass.beta.kubernetes.io/is-default-class").equals("true");
        return chosen ? name + " (default)" : name;
    }

    /// Tenants see what they choose by, nothing of where the disks are.
    @Override
    public ObjectNode projected(ObjectNode type) {
        return Projection.of(type, List.of(DEFAULT, "kubernetes.io/description"),
                List.of("provisioner", "reclaimPolicy", "volumeBindingMode", "allowVolumeExpansion", "allowedTopologies"));
    }

    @Override
    public void defaults(ObjectNode type) {
        Json.setDefault(type, "reclaimPolicy", "Delete");
        Json.setDefault(type, "volumeBindingMode", "Immediate");
    }

    @Override
    public void validate(ObjectNode type, Errors errors) {
        provisioner(Json.string(type, "provisioner"), "provisioner", errors);
        parameters(type, errors);
        errors.oneOfOrNothing("reclaimPolicy", Json.string(type, "reclaimPolicy"), List.of("Delete", "Retain"));
        errors.oneOf("volumeBindingMode", Json.string(type, "volumeBindingMode"), List.of("Immediate", "WaitForFirstConsumer"));
        topologies(type, errors);
    }

    /// Who makes volumes, or knows their attributes.
    static void provisioner(String name, String at, Errors errors) {
        if (name.isEmpty()) {
            errors.required(at, "");
        } else {
            String lower = name.toLowerCase(Locale.ROOT);
            errors.invalid(at, lower, Names.qualified(lower));
        }
    }

    static void parameters(ObjectNode type, Errors errors) {
        if (type.path("parameters").size() > PARAMETERS_MAX) {
            errors.add(FieldError.tooLong("parameters", PARAMETERS_MAX));
            return;
        }
        long bytes = 0;
        for (var parameter : type.path("parameters").properties()) {
            if (parameter.getKey().isEmpty()) {
                errors.invalid("parameters", parameter.getKey(), "field can not be empty.");
            }
            bytes += MetadataValidation.bytes(parameter.getKey()) + MetadataValidation.bytes(parameter.getValue().asString(""));
        }
        if (bytes > PARAMETERS_MAX_BYTES) {
            errors.add(FieldError.tooLong("parameters", PARAMETERS_MAX_BYTES));
        }
    }

    private static void topologies(ObjectNode type, Errors errors) {
        Set<Map<String, Set<String>>> known = new HashSet<>();
        List<ObjectNode> topologies = Json.objects(type, "allowedTopologies");
        for (int i = 0; i < topologies.size(); i++) {
            String at = "allowedTopologies[" + i + "].matchLabelExpressions";
            Map<String, Set<String>> allowed = new HashMap<>();
            List<ObjectNode> expressions = Json.objects(topologies.get(i), "matchLabelExpressions");
            for (int j = 0; j < expressions.size(); j++) {
                expression(expressions.get(j), at + "[" + j + "]", allowed, errors);
            }
            // Upstream compares each with as many empty ones as there are topologies (validateAllowedTopologies): nothing is never enough.
            if (!known.add(allowed) || allowed.isEmpty()) {
                errors.duplicate(at, "");
            }
        }
    }

    private static void expression(ObjectNode expression, String at, Map<String, Set<String>> allowed, Errors errors) {
        Set<String> values = new HashSet<>();
        JsonNode said = expression.path("values");
        if (said.isEmpty()) {
            errors.required(at + ".values", "");
        }
        for (int i = 0; i < said.size(); i++) {
            if (!values.add(said.path(i).asString(""))) {
                errors.duplicate(at + ".values[" + i + "]", said.path(i).asString(""));
            }
        }
        String key = Json.string(expression, "key");
        errors.invalid(at + ".key", key, Names.qualified(key));
        if (allowed.putIfAbsent(key, values) != null) {
            errors.duplicate(at + ".key", key);
        }
    }

    @Override
    public void validateUpdate(ObjectNode type, ObjectNode old, @Nullable String subresource, Errors errors) {
        for (String kept : List.of("parameters", "provisioner", "reclaimPolicy")) {
            if (!type.path(kept).equals(old.path(kept)) && !(type.path(kept).isEmpty() && old.path(kept).isEmpty() && kept.equals("parameters"))) {
                errors.forbidden(kept, "updates to " + kept + " are forbidden.");
            }
        }
        if (!type.path("volumeBindingMode").equals(old.path("volumeBindingMode"))) {
            errors.invalid("volumeBindingMode", Json.string(type, "volumeBindingMode"), WorkloadValidation.IMMUTABLE);
        }
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
