package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.objects.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// LimitRanges, as in ValidateLimitRange of upstream's `pkg/apis/core/validation/validation.go`.
final class LimitRangeRules implements KindRules {
    private static final List<String> TYPES = List.of("Pod", "Container", "PersistentVolumeClaim");

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
        List<String> wrong = Names.qualified(type);
        errors.invalid(at + ".type", type, wrong);
        if (wrong.isEmpty() && !type.contains("/") && !TYPES.contains(type)) {
            errors.invalid(at + ".type", type, "must be a standard limit type or fully qualified");
        }
        if (!types.add(type)) {
            errors.duplicate(at + ".type", type);
        }
        names(limit, "max", at, errors);
        names(limit, "min", at, errors);
        for (String amounts : List.of("default", "defaultRequest")) {
            if (!type.equals("Pod")) {
                names(limit, amounts, at, errors);
            } else if (!limit.path(amounts).isEmpty()) {
                errors.forbidden(at + "." + amounts, "may not be specified when `type` is 'Pod'");
            }
        }
        if (type.equals("PersistentVolumeClaim") && !limit.path("min").has("storage") && !limit.path("max").has("storage")) {
            errors.required(at + ".limits", "either minimum or maximum storage value is required, but neither was provided");
        }
        names(limit, "maxLimitRequestRatio", at, errors);
        Set<String> names = new TreeSet<>();
        for (String amounts : List.of("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")) {
            if (!type.equals("Pod") || !amounts.startsWith("default")) {
                names.addAll(limit.path(amounts).propertyNames());
            }
        }
        for (String name : names) {
            compare(limit, !type.equals("Pod"), at, name, errors);
        }
    }

    private static void names(ObjectNode limit, String amounts, String at, Errors errors) {
        boolean contained = List.of("Pod", "Container").contains(Json.string(limit, "type"));
        for (String name : limit.path(amounts).propertyNames()) {
            String each = at + "." + amounts + "[" + name + "]";
            if (contained) {
                ResourceNames.validateOfContainer(name, each, errors);
            } else {
                ResourceNames.validate(name, each, errors);
            }
        }
    }

    private static void compare(ObjectNode limit, boolean defaulted, String at, String name, Errors errors) {
        Quantity min = amount(limit, "min", name);
        Quantity max = amount(limit, "max", name);
        Quantity most = defaulted ? amount(limit, "default", name) : null;
        Quantity asked = defaulted ? amount(limit, "defaultRequest", name) : null;
        Quantity ratio = amount(limit, "maxLimitRequestRatio", name);
        String request = at + ".defaultRequest[" + name + "]";
        order(min, max, at + ".min[" + name + "]", min, "min value %s is greater than max value %s", errors);
        order(min, asked, request, asked, "min value %s is greater than default request value %s", errors);
        order(asked, max, request, asked, "default request value %s is greater than max value %s", errors);
        order(asked, most, request, asked, "default request value %s is greater than default limit value %s", errors);
        order(min, most, at + ".default[" + name + "]", min, "min value %s is greater than default value %s", errors);
        order(most, max, at + ".default[" + name + "]", max, "default value %s is greater than max value %s", errors);
        if (ratio != null) {
            ratio(ratio, min, max, at + ".maxLimitRequestRatio[" + name + "]", errors);
        }
        if (most != null && asked != null && !ResourceNames.isOvercommitted(name) && !most.equals(asked)) {
            errors.invalid(request, asked.toString(), "default value %s must equal to defaultRequest value %s in %s".formatted(most, asked, name));
        }
    }

    private static void ratio(Quantity ratio, @Nullable Quantity min, @Nullable Quantity max, String at, Errors errors) {
        if (ratio.compareTo(Quantity.of(1)) < 0) {
            errors.invalid(at, ratio.toString(), "ratio " + ratio + " is less than 1");
        }
        if (min == null || max == null || min.isZero()) {
            return;
        }
        // In floating point, as upstream reckons and prints it.
        boolean small = Math.max(ratio.value(), Math.max(min.value(), max.value())) < Long.MAX_VALUE / 1000;
        double possible = small ? (double) max.millis() / min.millis() : (double) max.value() / min.value();
        double wanted = small ? ratio.millis() / 1000.0 : ratio.value();
        if (wanted > possible) {
            String shown = new BigDecimal(possible).setScale(6, RoundingMode.HALF_EVEN).toPlainString();
            errors.invalid(at, ratio.toString(), "ratio " + ratio + " is greater than max/min = " + shown);
        }
    }

    /// @param shown which of the two upstream shows
    private static void order(
            @Nullable Quantity low, @Nullable Quantity high, String at, @Nullable Quantity shown, String sentence, Errors errors) {
        if (low != null && high != null && low.compareTo(high) > 0) {
            errors.invalid(at, String.valueOf(shown), sentence.formatted(low, high));
        }
    }

    private static @Nullable Quantity amount(ObjectNode limit, String amounts, String name) {
        JsonNode amount = limit.path(amounts).path(name);
        return amount.isString() ? Quantity.parse(amount.stringValue()) : null;
    }

    @Override
    public Layout layout() {
        return Layout.CREATED;
    }
}
