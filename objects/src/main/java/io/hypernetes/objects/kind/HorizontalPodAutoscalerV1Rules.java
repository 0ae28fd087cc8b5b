package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// HorizontalPodAutoscalers of version 1, a second face of those of version 2: the target of the processor is a number of its own, and what
/// version 1 has no words for travels in annotations.
final class HorizontalPodAutoscalerV1Rules implements KindRules {
    private static final String METRICS = "autoscaling.alpha.kubernetes.io/metrics";
    private static final String CURRENT = "autoscaling.alpha.kubernetes.io/current-metrics";
    private static final String CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions";
    private static final String BEHAVIOR = "autoscaling.alpha.kubernetes.io/behavior";

    private final HorizontalPodAutoscalerRules second = new HorizontalPodAutoscalerRules();

    @Override
    public void defaults(ObjectNode scaler) {
        Json.setDefault(Json.child(scaler, "spec"), "minReplicas", 1);
    }

    @Override
    public void validate(ObjectNode scaler, Errors errors) {
        ObjectNode stored = toStored(scaler.deepCopy());
        second.defaults(stored);
        second.validate(stored, errors);
    }

    @Override
    public void validateStatus(ObjectNode scaler, ObjectNode old, Errors errors) {
        second.validateStatus(scaler, old, errors);
    }

    @Override
    public ObjectNode toStored(ObjectNode scaler) {
        ObjectNode spec = Json.child(scaler, "spec");
        ObjectNode annotations = Json.child(Json.child(scaler, "metadata"), "annotations");
        ArrayNode metrics = Json.array();
        JsonNode percent = spec.remove("targetCPUUtilizationPercentage");
        if (percent != null && percent.isIntegralNumber()) {
            metrics.add(HorizontalPodAutoscalerRules.cpu(percent.longValue()));
        }
        read(annotations, METRICS).forEach(metrics::add);
        if (!metrics.isEmpty()) {
            spec.set("metrics", metrics);
        }
        if (read(annotations, BEHAVIOR) instanceof ObjectNode behavior) {
            spec.set("behavior", behavior);
        }
        if (scaler.get("status") instanceof ObjectNode status) {
            JsonNode current = status.remove("currentCPUUtilizationPercentage");
            ArrayNode measured = Json.array();
            if (current != null && current.isIntegralNumber()) {
                ObjectNode metric = measured.addObject().put("type", "Resource");
                metric.putObject("resource").put("name", "cpu").putObject("current").set("averageUtilization", current);
            }
            read(annotations, CURRENT).forEach(measured::add);
            if (!measured.isEmpty()) {
                status.set("currentMetrics", measured);
            }
            if (read(annotations, CONDITIONS) instanceof ArrayNode conditions) {
                status.set("conditions", conditions);
            }
        }
        annotations.remove(List.of(METRICS, CURRENT, CONDITIONS, BEHAVIOR));
        if (annotations.isEmpty()) {
            Json.child(scaler, "metadata").remove("annotations");
        }
        second.defaults(scaler);
        return scaler;
    }

    @Override
    public ObjectNode fromStored(ObjectNode stored) {
        ObjectNode spec = Json.child(stored, "spec");
        ArrayNode others = Json.array();
        if (spec.remove("metrics") instanceof ArrayNode metrics) {
            for (JsonNode metric : metrics) {
                JsonNode percent = metric.path("resource").path("target").path("averageUtilization");
                boolean cpu = Json.string(metric, "resource", "name").equals("cpu") && percent.isIntegralNumber();
                if (cpu && !spec.has("targetCPUUtilizationPercentage")) {
                    spec.set("targetCPUUtilizationPercentage", percent);
                } else {
                    others.add(metric);
                }
            }
        }
        annotate(stored, METRICS, others);
        if (spec.remove("behavior") instanceof ObjectNode behavior) {
            annotate(stored, BEHAVIOR, behavior);
        }
        if (stored.get("status") instanceof ObjectNode status) {
            ArrayNode measured = Json.array();
            if (status.remove("currentMetrics") instanceof ArrayNode metrics) {
                for (JsonNode metric : metrics) {
                    JsonNode percent = metric.path("resource").path("current").path("averageUtilization");
                    if (Json.string(metric, "resource", "name").equals("cpu") && percent.isIntegralNumber()) {
                        status.set("currentCPUUtilizationPercentage", percent);
                    } else {
                        measured.add(metric);
                    }
                }
            }
            annotate(stored, CURRENT, measured);
            if (status.remove("conditions") instanceof ArrayNode conditions) {
                annotate(stored, CONDITIONS, conditions);
            }
        }
        return stored;
    }

    private static void annotate(ObjectNode object, String name, JsonNode value) {
        if (!value.isEmpty()) {
            Json.child(Json.child(object, "metadata"), "annotations").put(name, Json.print(value));
        }
    }

    /// The value of an annotation; a missing node when it is absent or not JSON.
    private static JsonNode read(ObjectNode annotations, String name) {
        String text = Json.string(annotations, name);
        if (text.isEmpty()) {
            return tools.jackson.databind.node.MissingNode.getInstance();
        }
        try {
            return Json.read(text.getBytes(java.nio.charset.StandardCharsets.UTF_8)).root();
        } catch (MalformedJsonException e) {
            return tools.jackson.databind.node.MissingNode.getInstance();
        }
    }

    @Override
    public List<Column> columns() {
        return second.columns();
    }

    @Override
    public List<JsonNode> cells(ObjectNode scaler, java.time.Instant now) {
        return second.cells(toStored(scaler.deepCopy()), now);
    }
}
