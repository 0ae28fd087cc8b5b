package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// CSINodes.
final class CsiNodeRules implements KindRules {
    private static final int LONGEST_ID = 256;
    private static final Layout LAYOUT = Layout.named()
            .integer("Drivers", "How many drivers the node has.", node -> node.path("spec").path("drivers").size())
            .age();

    @Override
    public void validate(ObjectNode node, Errors errors) {
        Set<String> names = new HashSet<>();
        List<ObjectNode> drivers = drivers(node);
        for (int i = 0; i < drivers.size(); i++) {
            driver(drivers.get(i), "spec.drivers[" + i + "]", names, errors);
        }
    }

    private static void driver(ObjectNode driver, String at, Set<String> names, Errors errors) {
        String name = Json.string(driver, "name");
        CsiDriverRules.name(name, at + ".name", errors);
        String id = Json.string(driver, "nodeID");
        if (id.isEmpty()) {
            errors.required(at + ".nodeID", "");
        } else if (id.length() > LONGEST_ID) {
            errors.invalid(at + ".nodeID", id, "must be " + LONGEST_ID + " characters or less");
        }
        long count = Json.number(driver, 0, "allocatable", "count");
        if (count < 0) {
            errors.invalid(at + ".allocatable.count", count, "must be greater than or equal to 0");
        }
        if (!names.add(name)) {
            errors.duplicate(at + ".name", name);
        }
        Set<String> keys = new HashSet<>();
        for (JsonNode each : driver.path("topologyKeys")) {
            String key = each.asString("");
            if (key.isEmpty()) {
                errors.required(at, "");
            }
            if (!keys.add(key)) {
                errors.duplicate(at, key);
            }
            errors.invalid(at, key, Names.qualified(key));
        }
    }

    /// Drivers come and go; of one that stays only how much it takes may change.
    @Override
    public void validateUpdate(ObjectNode node, ObjectNode old, @Nullable String subresource, Errors errors) {
        Map<String, ObjectNode> before = new HashMap<>();
        drivers(old).forEach(driver -> before.put(Json.string(driver, "name"), driver));
        for (ObjectNode now : drivers(node)) {
            ObjectNode then = before.get(Json.string(now, "name"));
            if (then != null && !fixed(now).equals(fixed(then))) {
                errors.invalid("spec.drivers", fixed(now), WorkloadValidation.IMMUTABLE);
            }
        }
    }

    private static ObjectNode fixed(ObjectNode driver) {
        ObjectNode fixed = driver.deepCopy();
        fixed.remove("allocatable");
        return fixed;
    }

    private static List<ObjectNode> drivers(ObjectNode node) {
        return Json.objects(node.path("spec"), "drivers");
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
