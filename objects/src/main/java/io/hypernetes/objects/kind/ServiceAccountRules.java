package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import java.time.Instant;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// ServiceAccounts.
final class ServiceAccountRules implements KindRules {
    @Override
    public List<Column> columns() {
        return List.of(
                Column.name("Name must be unique within a namespace."),
                Column.of("Secrets", "How many secrets it names."),
                Column.of("Age", "The time since it was created."));
    }

    @Override
    public List<JsonNode> cells(ObjectNode account, Instant now) {
        return List.of(Cells.name(account), Json.integer(account.path("secrets").size()), Cells.age(account, now));
    }
}
