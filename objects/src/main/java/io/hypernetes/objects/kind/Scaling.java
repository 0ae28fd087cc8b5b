package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.selector.LabelSelector;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// How objects of a kind are scaled: where they say how many are wanted and how many there are, seen from outside as a Scale of `autoscaling/v1`.
///
/// @param wanted the path of the number that is wanted, such as `spec`, `replicas`
/// @param present the path of the number that there is
/// @param selector the path of the pods' selector: its text, a LabelSelector or a map of labels; empty when there is none
public record Scaling(List<String> wanted, List<String> present, List<String> selector) {
    /// How a Scale is printed.
    static final Layout LAYOUT = Layout.empty()
            .text("Name", "The name of what is scaled.", "metadata", "name")
            .integer("Desired", "How many are wanted.", "spec", "replicas")
            .integer("Available", "How many there are.", "status", "replicas")
            .age();

    /// `spec.replicas`, `status.replicas`, `spec.selector`.
    static final Scaling REPLICAS =
            new Scaling(List.of("spec", "replicas"), List.of("status", "replicas"), List.of("spec", "selector"));

    /// The Scale of an object.
    public ObjectNode scale(ObjectNode object) {
        ObjectNode scale = Json.object();
        scale.put("kind", "Scale");
        scale.put("apiVersion", "autoscaling/v1");
        ObjectNode meta = scale.putObject("metadata");
        for (String copied : List.of("name", "namespace", "uid", "resourceVersion", "creationTimestamp")) {
            JsonNode value = object.path("metadata").get(copied);
            if (value != null) {
                meta.set(copied, value);
            }
        }
        ObjectNode spec = scale.putObject("spec");
        long replicas = number(object, wanted);
        if (replicas != 0) {
            spec.set("replicas", Json.integer(replicas));
        }
        ObjectNode status = scale.putObject("status");
        status.set("replicas", Json.integer(number(object, present)));
        String text = selectorText(object);
        if (!text.isEmpty()) {
            status.put("selector", text);
        }
        return scale;
    }

    /// Lets `object` want what `scale` says, and claim the state that `scale` was read from.
    public void apply(ObjectNode scale, ObjectNode object) {
        want(object, Json.number(scale, 0, "spec", "replicas"));
        ObjectNode meta = Json.child(object, "metadata");
        for (String claimed : List.of("name", "namespace", "uid", "resourceVersion")) {
            String value = Json.string(scale, "metadata", claimed);
            if (value.isEmpty()) {
                meta.remove(claimed);
            } else {
                meta.put(claimed, value);
            }
        }
    }

    /// What a configuration of the Scale says, as a configuration of the object that is scaled.
    public ObjectNode configuration(ObjectNode scale, String apiVersion, String kind) {
        ObjectNode config = Json.object().put("apiVersion", apiVersion).put("kind", kind);
        ObjectNode meta = config.putObject("metadata");
        for (String claimed : List.of("name", "namespace", "uid", "resourceVersion")) {
            String value = Json.string(scale, "metadata", claimed);
            if (!value.isEmpty()) {
                meta.put(claimed, value);
            }
        }
        if (Json.present(scale.path("spec").get("replicas"))) {
            want(config, Json.number(scale, 0, "spec", "replicas"));
        }
        return config;
    }

    /// Lets `object` want none when it does not say how many: a Scale that says no number says 0.
    public ObjectNode orNone(ObjectNode object) {
        if (Json.at(object, wanted.toArray(String[]::new)).isMissingNode()) {
            want(object, 0);
        }
        return object;
    }

    private void want(ObjectNode object, long replicas) {
        ObjectNode at = object;
        for (String name : wanted.subList(0, wanted.size() - 1)) {
            at = Json.child(at, name);
        }
        at.set(wanted.getLast(), Json.integer(replicas));
    }

    private String selectorText(ObjectNode object) {
        JsonNode node = Json.at(object, selector.toArray(String[]::new));
        if (selector.isEmpty() || !node.isObject()) {
            return node.isString() ? node.stringValue() : "";
        }
        try {
            if (node.has("matchLabels") || node.has("matchExpressions")) {
                return LabelSelector.of(node).toString();
            }
            Map<String, String> labels = new TreeMap<>();
            node.properties().forEach(label -> labels.put(label.getKey(), label.getValue().asString("")));
            return LabelSelector.ofLabels(labels).toString();
        } catch (IllegalArgumentException e) {
            // A selector that was valid when it was written and is so no longer selects nothing.
            return "";
        }
    }

    private static long number(ObjectNode object, List<String> path) {
        return Json.number(object, 0, path.toArray(String[]::new));
    }
}
