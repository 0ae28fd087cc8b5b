package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// PodTemplates.
final class PodTemplateRules implements KindRules {
    @Override
    public void defaults(ObjectNode template) {
        PodSpecDefaults.apply(Json.child(Json.child(template, "template"), "spec"));
    }

    @Override
    public boolean countsGeneration() {
        return true;
    }

    @Override
    public void validate(ObjectNode template, Errors errors) {
        WorkloadValidation.template(template.path("template"), "template", errors);
    }

    @Override
    public List<Column> columns() {
        return List.of(
                Column.name("Name must be unique within a namespace."),
                Column.of("Containers", "Names of the containers."),
                Column.of("Images", "Images of the containers."),
                Column.of("Pod Labels", "The labels of pods made from it."));
    }

    @Override
    public List<JsonNode> cells(ObjectNode template, Instant now) {
        List<String> names = new ArrayList<>();
        List<String> images = new ArrayList<>();
        for (ObjectNode container : Json.objects(template.path("template").path("spec"), "containers")) {
            names.add(Json.string(container, "name"));
            images.add(Json.string(container, "image"));
        }
        List<String> labels = new ArrayList<>();
        for (Map.Entry<String, JsonNode> label :
                template.path("template").path("metadata").path("labels").properties()) {
            labels.add(label.getKey() + "=" + label.getValue().asString(""));
        }
        return List.of(
                Cells.name(template),
                Cells.text(String.join(",", names)),
                Cells.text(String.join(",", images)),
                Cells.orNone(String.join(",", labels)));
    }
}
