package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// ServiceCIDRs.
final class ServiceCidrRules implements KindRules {
    private static final Layout LAYOUT =
            Layout.named().cell("CIDRs", "The ranges of addresses.", c -> Layout.list(Json.at(c, "spec", "cidrs"))).age();

    /// Whoever uses the kind that has no effect is told each time.
    @Override
    public String deprecation() {
        return "ServiceCIDRs are stored, but the range of service addresses is fixed";
    }

    @Override
    public void validate(ObjectNode range, Errors errors) {
        JsonNode ranges = range.path("spec").path("cidrs");
        if (ranges.isEmpty()) {
            errors.required("spec.cidrs", "at least one CIDR required");
        } else if (ranges.size() > 2) {
            errors.invalid("spec.cidrs", ranges, "may only hold up to 2 values");
        }
        for (int i = 0; i < ranges.size(); i++) {
            String each = ranges.path(i).asString("");
            if (!Addresses.isRange(each)) {
                errors.invalid("spec.cidrs[" + i + "]", each, Addresses.RANGE_HINT);
            }
        }
    }

    @Override
    public void validateUpdate(ObjectNode range, ObjectNode old, @Nullable String subresource, Errors errors) {
        WorkloadValidation.immutable(WorkloadValidation.spec(range), WorkloadValidation.spec(old), "spec", "cidrs", errors);
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
