package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.objects.Quantity;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// HorizontalPodAutoscalers of version 2, the form in which all are stored.
final class HorizontalPodAutoscalerRules implements KindRules {
    private static final int CPU_PERCENT = 80;
    private static final int MOST_SHOWN = 2;
    private static final List<String> SOURCES = List.of("Object", "External", "Pods", "Resource", "ContainerResource");
    private static final List<String> METRICS = List.of("ContainerResource", "External", "Object", "Pods", "Resource");
    static final Layout LAYOUT = Layout.named()
            .cell("Reference", "What it scales.", h -> Json.string(h, "spec", "scaleTargetRef", "kind") + "/"
                    + Json.string(h, "spec", "scaleTargetRef", "name"))
            .cell("Targets", "What is measured, and what it should be.", HorizontalPodAutoscalerRules::targets)
            .cell("MinPods", "The fewest pods.", h -> h.path("spec").has("minReplicas")
                    ? Long.toString(Json.number(h, 0, "spec", "minReplicas"))
                    : "<unset>")
            .count("MaxPods", "The most pods.", "spec", "maxReplicas")
            .count("Replicas", "How many pods there are.", "status", "currentReplicas")
            .age();

    @Override
    public void defaults(ObjectNode scaler) {
        ObjectNode spec = Json.child(scaler, "spec");
        Json.setDefault(spec, "minReplicas", 1);
        if (spec.path("metrics").isEmpty()) {
            spec.putArray("metrics").add(cpu(CPU_PERCENT));
        }
        if (spec.get("behavior") instanceof ObjectNode behavior) {
            ObjectNode up = Json.child(behavior, "scaleUp");
            Json.setDefault(up, "stabilizationWindowSeconds", 0);
            Json.setDefault(up, "selectPolicy", "Max");
            if (up.path("policies").isEmpty()) {
                up.putArray("policies").add(policy("Pods", 4)).add(policy("Percent", 100));
            }
            ObjectNode down = Json.child(behavior, "scaleDown");
            Json.setDefault(down, "selectPolicy", "Max");
            if (down.path("policies").isEmpty()) {
                down.putArray("policies").add(policy("Percent", 100));
            }
        }
    }

    static ObjectNode cpu(long percent) {
        ObjectNode metric = Json.object().put("type", "Resource");
        ObjectNode resource = metric.putObject("resource").put("name", "cpu");
        resource.putObject("target").put("type", "Utilization").set("averageUtilization", Json.integer(percent));
        return metric;
    }

    private static ObjectNode policy(String type, int value) {
        return Json.object().put("type", type).put("value", value).put("periodSeconds", 15);
    }

    @Override
    public void validate(ObjectNode scaler, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(scaler);
        long least = Json.number(spec, 1, "minReplicas");
        long most = Json.number(spec, 0, "maxReplicas");
        if (least < 1) {
            errors.invalid("spec.minReplicas", least, "must be greater than or equal to 1");
        }
        if (most < 1) {
            errors.invalid("spec.maxReplicas", most, "must be greater than 0");
        }
        if (most < least) {
            errors.invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`");
        }
        reference(spec.path("scaleTargetRef"), "spec.scaleTargetRef", errors);
        List<ObjectNode> metrics = Json.objects(spec, "metrics");
        for (int i = 0; i < metrics.size(); i++) {
            metric(metrics.get(i), "spec.metrics[" + i + "]", errors);
        }
        for (String direction : List.of("scaleUp", "scaleDown")) {
            behavior(spec.path("behavior").path(direction), "spec.behavior." + direction, errors);
        }
    }

    private static void reference(JsonNode reference, String at, Errors errors) {
        for (String field : List.of("kind", "name")) {
            String value = Json.string(reference, field);
            if (value.isEmpty()) {
                errors.required(at + "." + field, "");
            }
            errors.invalid(at + "." + field, value, RoleRules.pathSegment(value));
        }
    }

    /// What is measured is looked at whatever the type says; of several sources the first.
    private static void metric(ObjectNode metric, String at, Errors errors) {
        String type = Json.string(metric, "type");
        if (type.isEmpty()) {
            errors.required(at + ".type", "must specify a metric source type");
        }
        errors.oneOf(at + ".type", type, METRICS);
        List<String> present = SOURCES.stream().filter(source -> metric.path(member(source)).isObject()).toList();
        if (!present.isEmpty()) {
            String first = present.getFirst();
            source(first, metric.path(member(first)), at + "." + member(first), errors);
        }
        if (METRICS.contains(type) && !present.contains(type)) {
            errors.required(at + "." + member(type), "must populate information for the given metric source");
        }
        if (present.size() > 1) {
            present.stream()
                    .filter(other -> !other.equals(type))
                    .forEach(other -> errors.forbidden(at + "." + member(other), "must populate the given metric source only"));
        }
    }

    private static String member(String type) {
        return Character.toLowerCase(type.charAt(0)) + type.substring(1);
    }

    private static void source(String type, JsonNode source, String at, Errors errors) {
        switch (type) {
            case "Resource" -> named(source, at, errors);
            case "ContainerResource" -> {
                if (named(source, at, errors)) {
                    ResourceNames.validateOfContainer(Json.string(source, "name"), at + ".name", errors);
                }
                String container = Json.string(source, "container");
                if (container.isEmpty()) {
                    errors.required(at + ".container", "must specify a container");
                } else {
                    errors.invalid(at + ".container", container, Names.label(container));
                }
            }
            default -> {
                if (type.equals("Object")) {
                    reference(source.path("describedObject"), at + ".describedObject", errors);
                }
                String name = Json.string(source, "metric", "name");
                if (name.isEmpty()) {
                    errors.required(at + ".metric.name", "must specify a metric name");
                }
                errors.invalid(at + ".metric.name", name, RoleRules.pathSegment(name));
            }
        }
        aim(type, source.path("target"), at + ".target", errors);
    }

    private static boolean named(JsonNode source, String at, Errors errors) {
        boolean named = !Json.string(source, "name").isEmpty();
        if (!named) {
            errors.required(at + ".name", "must specify a resource name");
        }
        return named;
    }

    /// What a metric should be.
    private static void aim(String type, JsonNode target, String at, Errors errors) {
        String kind = Json.string(target, "type");
        if (kind.isEmpty()) {
            errors.required(at + ".type", "must specify a metric target type");
        }
        if (!List.of("AverageValue", "Utilization", "Value").contains(kind)) {
            errors.invalid(at + ".type", kind, "must be either Utilization, Value, or AverageValue");
        }
        boolean part = target.has("averageUtilization");
        boolean whole = target.has("value");
        boolean average = target.has("averageValue");
        for (String field : List.of("value", "averageValue")) {
            if (target.has(field) && !isPositive(target.path(field))) {
                errors.invalid(at + "." + field, target.path(field).asString(""), "must be positive");
            }
        }
        if (part && Json.number(target, 0, "averageUtilization") < 1) {
            errors.invalid(at + ".averageUtilization", Json.number(target, 0, "averageUtilization"), "must be greater than 0");
        }
        switch (type) {
            case "Object" -> {
                if (!whole && !average) {
                    errors.required(at + ".averageValue", "must set either a target value or averageValue");
                }
            }
            case "External" -> {
                if (!whole && !average) {
                    errors.required(at + ".averageValue", "must set either a target value for metric or a per-pod target");
                }
                if (whole && average) {
                    errors.forbidden(at + ".value", "may not set both a target value for metric and a per-pod target");
                }
            }
            case "Pods" -> {
                if (!average) {
                    errors.required(at + ".averageValue", "must specify a positive target averageValue");
                }
            }
            default -> {
                if (!part && !average) {
                    errors.required(at + ".averageUtilization", "must set either a target raw value or a target utilization");
                }
                if (part && average) {
                    errors.forbidden(at + ".averageValue", "may not set both a target raw value and a target utilization");
                }
            }
        }
    }

    private static boolean isPositive(JsonNode quantity) {
        return Quantity.parse(quantity.asString("0")).signum() > 0;
    }

    private static void behavior(JsonNode rules, String at, Errors errors) {
        if (!rules.isObject()) {
            return;
        }
        long window = Json.number(rules, 0, "stabilizationWindowSeconds");
        if (window < 0 || window > 3600) {
            errors.invalid(
                    at + ".stabilizationWindowSeconds",
                    window,
                    window < 0 ? "must be greater than or equal to zero" : "must be less than or equal to 3600");
        }
        String select = Json.string(rules, "selectPolicy");
        if (!select.isEmpty()) {
            errors.oneOf(at + ".selectPolicy", select, List.of("Disabled", "Max", "Min"));
        }
        List<ObjectNode> policies = Json.objects(rules, "policies");
        if (policies.isEmpty()) {
            errors.required(at + ".policies", "must specify at least one Policy");
        }
        for (int i = 0; i < policies.size(); i++) {
            String each = at + ".policies[" + i + "]";
            errors.oneOf(each + ".type", Json.string(policies.get(i), "type"), List.of("Percent", "Pods"));
            if (Json.number(policies.get(i), 0, "value") <= 0) {
                errors.invalid(each + ".value", Json.number(policies.get(i), 0, "value"), "must be greater than zero");
            }
            long period = Json.number(policies.get(i), 0, "periodSeconds");
            if (period <= 0 || period > 1800) {
                errors.invalid(
                        each + ".periodSeconds",
                        period,
                        period <= 0 ? "must be greater than zero" : "must be less than or equal to 1800");
            }
        }
        if (rules.has("tolerance") && Quantity.parse(rules.path("tolerance").asString("0")).signum() < 0) {
            errors.invalid(at + ".tolerance", rules.path("tolerance").asString(""), "must be greater than or equal to 0");
        }
    }

    private static String targets(ObjectNode scaler) {
        List<ObjectNode> metrics = Json.objects(scaler.path("spec"), "metrics");
        if (metrics.isEmpty()) {
            return "<none>";
        }
        List<ObjectNode> present = Json.objects(scaler.path("status"), "currentMetrics");
        List<String> shown = new ArrayList<>();
        for (int i = 0; i < Math.min(MOST_SHOWN, metrics.size()); i++) {
            shown.add(target(metrics.get(i), i < present.size() ? present.get(i) : Json.object()));
        }
        String text = String.join(", ", shown);
        return metrics.size() > MOST_SHOWN ? text + " + " + (metrics.size() - MOST_SHOWN) + " more..." : text;
    }

    private static String target(ObjectNode metric, ObjectNode present) {
        String type = Json.string(metric, "type");
        String member = type.isEmpty() ? "" : member(type);
        JsonNode source = metric.path(member);
        JsonNode wanted = source.path("target");
        JsonNode now = present.path(member).path("current");
        String prefix = type.equals("Resource") || type.equals("ContainerResource") ? Json.string(source, "name") + ": " : "";
        if (wanted.has("averageUtilization")) {
            String current = now.has("averageUtilization") ? Json.number(now, 0, "averageUtilization") + "%" : "<unknown>";
            return prefix + current + "/" + Json.number(wanted, 0, "averageUtilization") + "%";
        }
        String field = wanted.has("averageValue") ? "averageValue" : "value";
        String current = now.has(field) ? now.path(field).asString("") : "<unknown>";
        return prefix + current + "/" + wanted.path(field).asString("<auto>")
                + (field.equals("averageValue") && prefix.isEmpty() && !type.equals("Pods") ? " (avg)" : "");
    }

    @Override
    public void validateStatus(ObjectNode scaler, ObjectNode old, Errors errors) {
        StatusValidation.counts(scaler, errors, List.of("currentReplicas", "desiredReplicas"));
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
