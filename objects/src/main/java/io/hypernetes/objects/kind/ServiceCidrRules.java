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
            return;
        }
        if (ranges.size() > 2) {
            errors.invalid("spec.cidrs", range.path("spec"), "may only hold up to 2 values");
            return;
        }
        if (ranges.size() == 2 && ranges.path(0).asString("").contains(":") == ranges.path(1).asString("").contains(":")) {
            errors.invalid("spec.cidrs", range.path("spec"), "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64");
            return;
        }
        for (int i = 0; i < ranges.size(); i++) {
            String each = ranges.path(i).asString("");
            errors.invalid("spec.cidrs[" + i + "]", each, Addresses.canonicalRange(each));
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
