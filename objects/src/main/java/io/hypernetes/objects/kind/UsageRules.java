package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// NodeMetrics and PodMetrics: what a node, or the containers of a pod together, use now. They are never stored.
final class UsageRules implements KindRules {
    @Override
    public List<Column> columns() {
        return List.of(
                Column.name("Name of the node or pod."),
                Column.of("CPU", "Processors in use, in all containers together."),
                Column.of("Memory", "Memory in use that cannot be reclaimed, in all containers together."),
                Column.of("Window", "The time over which the use of processors was measured."));
    }

    @Override
    public List<JsonNode> cells(ObjectNode object, Instant now) {
        return List.of(
                Cells.name(object),
                Cells.text(sum(object, "cpu").movePointRight(9).setScale(0, RoundingMode.HALF_UP).toPlainString() + "n"),
                Cells.text(sum(object, "memory").divide(BigDecimal.valueOf(1024), 0, RoundingMode.HALF_UP).toPlainString() + "Ki"),
                Cells.text(Json.string(object, "window")));
    }

    private static BigDecimal sum(ObjectNode object, String resource) {
        List<ObjectNode> holders = new ArrayList<>(Json.objects(object, "containers"));
        holders.add(object);
        return holders.stream()
                .map(holder -> Json.string(holder, "usage", resource))
                .filter(text -> !text.isEmpty())
                .map(text -> Quantity.parse(text).decimal())
                .reduce(BigDecimal.ZERO, BigDecimal::add);
    }
}
