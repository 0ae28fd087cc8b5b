package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.objects.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// LimitRanges.
final class LimitRangeRules implements KindRules {
    @Override
    public void defaults(ObjectNode range) {
        for (ObjectNode limit : Json.objects(Json.child(range, "spec"), "limits")) {
            if (!Json.string(limit, "type").equals("Container")) {
                continue;
            }
            fill(limit, "default", "max");
            fill(limit, "defaultRequest", "default");
            fill(limit, "defaultRequest", "min");
        }
    }

    /// What `target` does not say `source` says for it.
    private static void fill(ObjectNode limit, String target, String source) {
        if (!(limit.get(source) instanceof ObjectNode given) || given.isEmpty()) {
            return;
        }
        ObjectNode amounts = Json.child(limit, target);
        given.properties().forEach(amount -> {
            if (!amounts.has(amount.getKey())) {
                amounts.set(amount.getKey(), amount.getValue());
            }
        });
    }

    @Override
    public void validate(ObjectNode range, Errors errors) {
        List<ObjectNode> limits = Json.objects(WorkloadValidation.spec(range), "limits");
        Set<String> types = new HashSet<>();
        for (int i = 0; i < limits.size(); i++) {
            limit(limits.get(i), "spec.limits[" + i + "]", types, errors);
        }
    }

    private static void limit(ObjectNode limit, String at, Set<String> types, Errors errors) {
        String type = Json.string(limit, "type");
        if (!List.of("Pod", "Container", "PersistentVolumeClaim").contains(type)) {
            errors.invalid(at + ".type", type, Names.qualified(type));
            if (!type.contains("/")) {
                errors.invalid(at + ".type", type, "must be a standard limit type or fully qualified");
            }
        }
        if (!types.add(type)) {
            errors.duplicate(at + ".type", type);
        }
        Set<String> names = new TreeSet<>();
        for (String amounts : List.of("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")) {
            for (Map.Entry<String, JsonNode> amount : limit.path(amounts).properties()) {
                names.add(amount.getKey());
                errors.invalid(at + "." + amounts + "[" + amount.getKey() + "]", amount.getKey(), Names.qualified(amount.getKey()));
                if (type.equals("Pod") && amounts.startsWith("default")) {
                    errors.forbidden(at + "." + amounts, "may not be specified when `type` is 'Pod'");
                }
            }
        }
        if (type.equals("PersistentVolumeClaim") && limit.path("min").isEmpty() && limit.path("max").isEmpty()) {
            errors.required(at + ".limits", "either minimum or maximum storage value is required, but neither was provided");
        }
        for (String name : names) {
            compare(limit, at, name, errors);
        }
    }

    private static void compare(ObjectNode limit, String at, String name, Errors errors) {
        order(limit, at + ".min[" + name + "]", name, "min", "max", "min value %s is greater than max value %s", errors);
        order(limit, at + ".defaultRequest[" + name + "]", name, "defaultRequest", "max",
                "default request value %s is greater than max value %s", errors);
        order(limit, at + ".defaultRequest[" + name + "]", name, "defaultRequest", "default",
                "default request value %s is greater than default limit value %s", errors);
        order(limit, at + ".default[" + name + "]", name, "default", "max", "default value %s is greater than max value %s", errors);
        order(limit, at + ".default[" + name + "]", name, "min", "default", "min value %s is greater than default value %s", errors);
        order(limit, at + ".defaultRequest[" + name + "]", name, "min", "defaultRequest",
                "min value %s is greater than default request value %s", errors);
        JsonNode ratio = limit.path("maxLimitRequestRatio").path(name);
        if (ratio.isString()) {
            BigDecimal most = Quantity.parse(ratio.stringValue()).decimal();
            if (most.compareTo(BigDecimal.ONE) < 0) {
                errors.invalid(
                        at + ".maxLimitRequestRatio[" + name + "]", ratio.stringValue(), "ratio " + ratio.stringValue() + " is less than 1");
            }
            JsonNode max = limit.path("max").path(name);
            JsonNode min = limit.path("min").path(name);
            if (max.isString() && min.isString() && Quantity.parse(min.stringValue()).signum() > 0) {
                BigDecimal possible = Quantity.parse(max.stringValue())
                        .decimal()
                        .divide(Quantity.parse(min.stringValue()).decimal(), 6, RoundingMode.HALF_UP);
                if (most.compareTo(possible) > 0) {
                    errors.invalid(
                            at + ".maxLimitRequestRatio[" + name + "]",
                            ratio.stringValue(),
                            "ratio " + ratio.stringValue() + " is greater than max/min = " + possible.toPlainString());
                }
            }
        }
    }

    private static void order(ObjectNode limit, String at, String name, String lower, String higher, String sentence, Errors errors) {
        JsonNode low = limit.path(lower).path(name);
        JsonNode high = limit.path(higher).path(name);
        if (low.isString() && high.isString()
                && Quantity.parse(low.stringValue()).compareTo(Quantity.parse(high.stringValue())) > 0) {
            errors.invalid(at, low.stringValue(), sentence.formatted(low.stringValue(), high.stringValue()));
        }
    }

    @Override
    public Layout layout() {
        return Layout.CREATED;
    }
}
