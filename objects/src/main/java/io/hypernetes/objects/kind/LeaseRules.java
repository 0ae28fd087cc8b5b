package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.time.Instant;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Leases.
final class LeaseRules implements KindRules {
    @Override
    public void validate(ObjectNode lease, Errors errors) {
        long seconds = Json.number(lease, 1, "spec", "leaseDurationSeconds");
        if (seconds <= 0) {
            errors.invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0");
        }
        long transitions = Json.number(lease, 0, "spec", "leaseTransitions");
        if (transitions < 0) {
            errors.invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0");
        }
        String strategy = Json.string(lease, "spec", "strategy");
        if (strategy.contains("/")) {
            errors.invalid("spec.strategy.strategy", strategy, Names.qualified(strategy));
        } else if (Json.present(lease.path("spec").get("strategy"))) {
            errors.oneOf("spec.strategy.strategy", strategy, List.of("OldestEmulationVersion"));
        }
        if (!Json.string(lease, "spec", "preferredHolder").isEmpty() && strategy.isEmpty()) {
            errors.forbidden("spec.preferredHolder", "may only be specified if `strategy` is defined");
        }
    }

    @Override
    public List<Column> columns() {
        return List.of(
                Column.name("Name must be unique within a namespace."),
                Column.of("Holder", "Who holds the lease."),
                Column.of("Age", "The time since it was created."));
    }

    @Override
    public List<JsonNode> cells(ObjectNode lease, Instant now) {
        return List.of(
                Cells.name(lease), Cells.text(Json.string(lease, "spec", "holderIdentity")), Cells.age(lease, now));
    }
}
