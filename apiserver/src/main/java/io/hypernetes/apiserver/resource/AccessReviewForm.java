package io.hypernetes.apiserver.resource;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What is wrong with a review of somebody's rights, as upstream's `pkg/apis/authorization/validation/validation.go`. An operator of a selector that nobody knows is
/// no fault: newer clients may know more of them, and what they narrow by it is left out.
final class AccessReviewForm {
    private static final String SPEC = "spec.";

    private AccessReviewForm() {}

    /// @param kind one of the three that ask whether something may be done
    /// @param namespace where a local review is asked
    static List<FieldError> problems(String kind, ObjectNode review, String namespace) {
        var errors = new ArrayList<FieldError>();
        var spec = review.path("spec");
        var resource = spec.path("resourceAttributes");
        var path = spec.path("nonResourceAttributes");
        if (resource.isObject() && path.isObject()) {
            errors.add(FieldError.invalid(SPEC + "nonResourceAttributes", path, "cannot be specified in combination with resourceAttributes"));
        } else if (!resource.isObject() && !path.isObject()) {
            // So Go shows what is not there.
            errors.add(FieldError.invalid(SPEC + "resourceAttributes", "null", "exactly one of nonResourceAttributes or resourceAttributes must be specified"));
        }
        if (!kind.startsWith("Self") && Json.string(spec, "user").isEmpty() && spec.path("groups").isEmpty()) {
            errors.add(FieldError.invalid(SPEC + "user", "", "at least one of user or group must be specified"));
        }
        for (var field : List.of("fieldSelector", "labelSelector")) {
            selector(resource.path(field), SPEC + "resourceAttributes." + field, errors);
        }
        boolean local = kind.startsWith("Local");
        if (isNamed(review.path("metadata"), local)) {
            errors.add(FieldError.invalid("metadata", review.path("metadata"), local ? "must be empty except for namespace" : "must be empty"));
        }
        if (local) {
            var asked = Json.string(resource, "namespace");
            if (resource.isObject() && !asked.equals(namespace)) {
                errors.add(FieldError.invalid(SPEC + "resourceAttributes.namespace", asked, "must match metadata.namespace"));
            }
            if (path.isObject()) {
                errors.add(FieldError.invalid(SPEC + "nonResourceAttributes", path, "disallowed on this kind of request"));
            }
        }
        return errors;
    }

    private static void selector(JsonNode selector, String at, List<FieldError> errors) {
        if (!selector.isObject()) {
            return;
        }
        var raw = Json.string(selector, "rawSelector");
        boolean required = !selector.path("requirements").isEmpty();
        if (!raw.isEmpty() && required) {
            errors.add(FieldError.invalid(at + ".rawSelector", raw, "may not specified at the same time as requirements"));
        } else if (raw.isEmpty() && !required) {
            errors.add(FieldError.required(at + ".requirements", "when " + at + " is specified, requirements or rawSelector is required"));
        }
        int index = 0;
        for (var requirement : selector.path("requirements")) {
            requirement(requirement, at + ".requirements[" + index++ + "]", at.endsWith("labelSelector"), errors);
        }
    }

    /// As `ValidateLabelSelectorRequirement` and `ValidateFieldSelectorRequirement` of apimachinery's `pkg/apis/meta/v1/validation/validation.go`.
    private static void requirement(JsonNode requirement, String at, boolean ofLabels, List<FieldError> errors) {
        var key = Json.string(requirement, "key");
        var values = requirement.path("values");
        if (!ofLabels && key.isEmpty()) {
            errors.add(FieldError.required(at + ".key", "must be specified"));
        }
        switch (Json.string(requirement, "operator")) {
            case "In", "NotIn" -> {
                if (values.isEmpty()) {
                    errors.add(FieldError.required(at + ".values", "must be specified when `operator` is 'In' or 'NotIn'"));
                }
            }
            case "Exists", "DoesNotExist" -> {
                if (!values.isEmpty()) {
                    errors.add(FieldError.forbidden(at + ".values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
                }
            }
            default -> {}
        }
        if (ofLabels) {
            Names.qualified(key).forEach(why -> errors.add(FieldError.invalid(at + ".key", key, why)));
            for (int i = 0; i < values.size(); i++) {
                var value = values.path(i).asString("");
                var place = at + ".values[" + i + "]";
                Names.labelValue(value).forEach(why -> errors.add(FieldError.invalid(place, value, why)));
            }
        }
    }

    /// Whether metadata say anything. Managed fields are upstream's own.
    private static boolean isNamed(JsonNode meta, boolean local) {
        var ignored = local ? Set.of("managedFields", "namespace") : Set.of("managedFields");
        for (Map.Entry<String, JsonNode> member : meta.properties()) {
            var value = member.getValue();
            boolean nothing = value.isNull() || (value.isString() && value.stringValue().isEmpty()) || (value.isContainer() && value.isEmpty())
                    || (member.getKey().equals("generation") && value.isIntegralNumber() && value.longValue() == 0);
            if (!nothing && !ignored.contains(member.getKey())) {
                return true;
            }
        }
        return false;
    }
}
