package io.hypernetes.apiserver.resource;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.selector.FieldSelector;
import io.hypernetes.objects.selector.LabelSelector;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// What a review of somebody's rights says by selectors of what would be read, as upstream's `pkg/registry/authorization/util/helpers.go`: what is not understood
/// is left out, which makes the question wider, and is told.
///
/// @param fields as a query's `fieldSelector`; empty for nothing
/// @param ignored what `status.evaluationError` says; empty when all was understood
record ReviewedSelectors(String fields, String ignored) {
    private static final String PLACE = "spec.resourceAttributes.";

    /// @param attributes the resource that is asked for
    static ReviewedSelectors of(JsonNode attributes) {
        var ignored = new ArrayList<String>();
        var fields = fields(attributes.path("fieldSelector"), ignored);
        labels(attributes.path("labelSelector"), ignored);
        return new ReviewedSelectors(fields, String.join("; ", ignored));
    }

    private static String fields(JsonNode selector, List<String> ignored) {
        var raw = Json.string(selector, "rawSelector");
        if (!raw.isEmpty()) {
            try {
                FieldSelector.parse(raw);
                return raw;
            } catch (IllegalArgumentException e) {
                ignored.add(PLACE + "fieldSelector ignored due to parse error");
                return "";
            }
        }
        var terms = new ArrayList<String>();
        var requirements = selector.path("requirements");
        for (var requirement : requirements) {
            var operator = Json.string(requirement, "operator");
            if (Set.of("In", "NotIn").contains(operator) && requirement.path("values").size() == 1) {
                terms.add(Json.string(requirement, "key") + (operator.equals("In") ? "=" : "!=") + escaped(requirement.path("values").path(0).asString("")));
            }
        }
        note("fieldSelector", terms.size(), requirements.size(), ignored);
        return String.join(",", terms);
    }

    private static String escaped(String value) {
        return value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=");
    }

    /// Nothing that decides here looks at labels, so they need only be understood.
    private static void labels(JsonNode selector, List<String> ignored) {
        try {
            LabelSelector.parse(Json.string(selector, "rawSelector"));
        } catch (IllegalArgumentException e) {
            ignored.add(PLACE + "labelSelector ignored due to parse error");
        }
        int known = 0;
        for (var requirement : selector.path("requirements")) {
            known += Set.of("In", "NotIn", "Exists", "DoesNotExist").contains(Json.string(requirement, "operator")) ? 1 : 0;
        }
        note("labelSelector", known, selector.path("requirements").size(), ignored);
    }

    private static void note(String selector, int understood, int all, List<String> ignored) {
        if (understood < all) {
            ignored.add(PLACE + selector + (understood > 0 ? " partially" : "") + " ignored due to parse error");
        }
    }
}
