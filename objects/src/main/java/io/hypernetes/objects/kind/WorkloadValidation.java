package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.objects.selector.LabelSelector;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Rules that the kinds which make pods share: counts, selectors, pod templates.
final class WorkloadValidation {
    static final String IMMUTABLE = "field is immutable";

    private WorkloadValidation() {}

    /// A number that may be absent but not negative.
    static void notNegative(ObjectNode spec, String path, String field, Errors errors) {
        long number = Json.number(spec, 0, field);
        if (number < 0) {
            errors.invalid(path + "." + field, number, "must be greater than or equal to 0");
        }
    }

    /// The shape of a LabelSelector.
    static void selector(JsonNode selector, String path, Errors errors) {
        for (var label : selector.path("matchLabels").properties()) {
            errors.invalid(path + ".matchLabels", label.getKey(), Names.qualified(label.getKey()));
            errors.invalid(path + ".matchLabels", label.getValue().asString(""), Names.labelValue(label.getValue().asString("")));
        }
        List<ObjectNode> expressions = Json.objects(selector, "matchExpressions");
        for (int i = 0; i < expressions.size(); i++) {
            String at = path + ".matchExpressions[" + i + "]";
            ObjectNode expression = expressions.get(i);
            requirement(expression, at, errors);
            for (int j = 0; j < expression.path("values").size(); j++) {
                String value = expression.path("values").path(j).asString("");
                errors.invalid(at + ".values[" + j + "]", value, Names.labelValue(value));
            }
        }
    }

    /// A requirement of labels: its key, and as many values as its operator takes.
    static void requirement(JsonNode expression, String at, Errors errors) {
        String operator = Json.string(expression, "operator");
        int values = expression.path("values").size();
        switch (operator) {
            case "In", "NotIn" -> {
                if (values == 0) {
                    errors.required(at + ".values", "must be specified when `operator` is 'In' or 'NotIn'");
                }
            }
            case "Exists", "DoesNotExist" -> {
                if (values > 0) {
                    errors.forbidden(at + ".values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                }
            }
            default -> errors.invalid(at + ".operator", operator, "not a valid selector operator");
        }
        errors.invalid(at + ".key", Json.string(expression, "key"), Names.qualified(Json.string(expression, "key")));
    }

    /// The selector of a kind of `apps`: required, not empty, and matching its own template.
    ///
    /// @param kind as upstream says what an empty one is invalid for
    static void ownSelector(ObjectNode spec, String kind, Errors errors) {
        JsonNode selector = spec.path("selector");
        if (!selector.isObject()) {
            errors.required("spec.selector", "");
            return;
        }
        int before = errors.count();
        selector(selector, "spec.selector", errors);
        if (selector.path("matchLabels").isEmpty() && selector.path("matchExpressions").isEmpty()) {
            errors.invalid("spec.selector", selector, "empty selector is invalid for " + kind);
            return;
        }
        if (errors.count() == before && !LabelSelector.of(selector).matchesObject(spec.path("template"))) {
            unmatched(spec, errors);
        }
    }

    /// The selector of a job: required, and matching its own template, which all are matched by one that is empty.
    static void jobSelector(ObjectNode spec, Errors errors) {
        JsonNode selector = spec.path("selector");
        int before = errors.count();
        if (!selector.isObject()) {
            errors.required("spec.selector", "");
        } else {
            selector(selector, "spec.selector", errors);
            if (errors.count() > before) {
                return;
            }
        }
        if (!selector.isObject() || !LabelSelector.of(selector).matchesObject(spec.path("template"))) {
            unmatched(spec, errors);
        }
    }

    private static void unmatched(ObjectNode spec, Errors errors) {
        errors.invalid(
                "spec.template.metadata.labels",
                spec.path("template").path("metadata").path("labels"),
                "`selector` does not match template `labels`");
    }

    /// A pod template. What its pods are refused for because nothing serves it is told of by [PodTemplates].
    static void template(JsonNode template, String path, Errors errors) {
        JsonNode meta = template.path("metadata");
        // Where upstream says they are (ValidatePodTemplateSpec of `pkg/apis/core/validation/validation.go`).
        MetadataValidation.labels(meta.path("labels"), path + ".labels", errors);
        MetadataValidation.annotations(meta.path("annotations"), path + ".annotations", errors);
        errors.template(() -> new PodSpecValidation(template.path("spec"), path + ".spec", "", errors).run(), _ -> {});
        if (!template.path("spec").path("ephemeralContainers").isEmpty()) {
            errors.forbidden(path + ".spec.ephemeralContainers", "ephemeral containers not allowed in pod template");
        }
    }

    /// A template whose pods must run for ever.
    ///
    /// @param kind as upstream says for what there is no deadline
    static void alwaysRestarted(JsonNode template, String path, String kind, Errors errors) {
        String policy = Json.string(template, "spec", "restartPolicy");
        if (!policy.equals("Always")) {
            errors.oneOf(path + ".spec.restartPolicy", policy, List.of("Always"));
        }
        if (Json.present(template.path("spec").get("activeDeadlineSeconds"))) {
            errors.forbidden(path + ".spec.activeDeadlineSeconds", "activeDeadlineSeconds in " + kind + " is not Supported");
        }
    }

    /// A field that keeps its value for ever.
    static void immutable(ObjectNode updated, ObjectNode old, String path, String field, Errors errors) {
        JsonNode now = updated.path(field);
        if (!now.equals(old.path(field))) {
            if (now.isMissingNode()) {
                errors.invalid(path + "." + field, Json.object(), IMMUTABLE);
            } else {
                errors.invalid(path + "." + field, now, IMMUTABLE);
            }
        }
    }

    /// A number, or a percentage; `percentages` of more than 100 are refused when `most100` is true.
    static void intOrPercent(JsonNode value, String path, boolean most100, Errors errors) {
        if (value.isString()) {
            String text = value.stringValue();
            if (!text.matches("[0-9]{1,9}%")) {
                errors.invalid(path, text, "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', "
                        + "regex used for validation is '[0-9]+%')");
            } else if (most100 && Integer.parseInt(text.substring(0, text.length() - 1)) > 100) {
                errors.invalid(path, text, "must not be greater than 100%");
            }
        } else if (value.isIntegralNumber() && value.longValue() < 0) {
            errors.invalid(path, value.longValue(), "must be greater than or equal to 0");
        }
    }

    /// Whether a number or percentage is zero.
    static boolean isZero(JsonNode value) {
        return value.isString() ? value.stringValue().matches("0{1,9}%") : value.isIntegralNumber() && value.longValue() == 0;
    }

    static ObjectNode spec(ObjectNode object) {
        return object.get("spec") instanceof ObjectNode spec ? spec : Json.object();
    }
}
