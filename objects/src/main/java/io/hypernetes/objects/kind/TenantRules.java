package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.objects.Quantity;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Tenants: the logical clusters, objects of the operator's own cluster.
final class TenantRules implements KindRules {
    private static final int DISPLAY_NAME_MAX = 253;
    private static final int WEIGHT_MAX = 1000;
    private static final List<String> ISOLATIONS = List.of("Shared", "Strict");

    @Override
    public List<String> checkName(String name) {
        return name.equals("root")
                ? List.of("the name root belongs to the operator's own cluster, which always exists")
                : Names.label(name);
    }

    @Override
    public void defaults(ObjectNode tenant) {
        Json.child(tenant, "spec");
    }

    @Override
    public boolean countsGeneration() {
        return true;
    }

    @Override
    public void validate(ObjectNode tenant, Errors errors) {
        if (Json.string(tenant, "spec", "displayName").length() > DISPLAY_NAME_MAX) {
            errors.add(FieldError.tooLong("spec.displayName", DISPLAY_NAME_MAX));
        }
        if (Json.at(tenant, "spec", "weight").isNumber()) {
            long weight = Json.number(tenant, 1, "spec", "weight");
            if (weight < 1 || weight > WEIGHT_MAX) {
                errors.add(FieldError.invalid("spec.weight", weight, "must be between 1 and " + WEIGHT_MAX));
            }
        }
        String isolation = Json.string(tenant, "spec", "isolation");
        if (!isolation.isEmpty() && !ISOLATIONS.contains(isolation)) {
            errors.add(FieldError.notSupported("spec.isolation", isolation, ISOLATIONS));
        }
        String stored = Json.string(tenant, "spec", "storedBytes");
        if (!stored.isEmpty() && isNegative(stored)) {
            errors.add(FieldError.invalid("spec.storedBytes", stored, "must be greater than or equal to 0"));
        }
        ResourceQuotaRules.amounts(Json.at(tenant, "spec", "quota"), "spec.quota", errors);
    }

    private static boolean isNegative(String amount) {
        try {
            return Quantity.parse(amount).signum() < 0;
        } catch (IllegalArgumentException e) {
            // What is no amount at all the schema tells.
            return false;
        }
    }

    @Override
    public Map<String, String> selectableFields(ObjectNode tenant) {
        return Map.of("status.phase", Json.string(tenant, "status", "phase"));
    }

    @Override
    public List<Column> columns() {
        return List.of(
                Column.name("Name of the tenant."),
                Column.of("Display Name", "What people call it."),
                Column.of("Phase", "Where the tenant is in its life."),
                Column.of("Age", "The time since the tenant was created."));
    }

    @Override
    public List<JsonNode> cells(ObjectNode tenant, Instant now) {
        return List.of(
                Cells.name(tenant),
                Cells.orNone(Json.string(tenant, "spec", "displayName")),
                Cells.text(Json.string(tenant, "status", "phase")),
                Cells.age(tenant, now));
    }
}
