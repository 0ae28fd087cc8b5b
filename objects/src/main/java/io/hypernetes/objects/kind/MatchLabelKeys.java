package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// `matchLabelKeys` and `mismatchLabelKeys` of affinity terms and spread constraints: a new pod's selectors get the values that the pod itself
/// has for these keys, so that whoever reads the pod sees what it is held to, also when its labels change later.
final class MatchLabelKeys {
    private static final String MATCH = "matchLabelKeys";
    private static final String MISMATCH = "mismatchLabelKeys";

    private MatchLabelKeys() {}

    /// A pod that is to be made, with its keys merged (mutatePodAffinity and mutateTopologySpreadConstraints in upstream's pkg/registry/core/pod/strategy.go);
    /// the same object when it has none. To be asked once for each new pod: what is merged twice is in its selectors twice, which is wrong.
    static ObjectNode merged(ObjectNode pod) {
        if (terms(pod).stream().allMatch(term -> term.path(MATCH).isEmpty() && term.path(MISMATCH).isEmpty())) {
            return pod;
        }
        ObjectNode merged = pod.deepCopy();
        terms(merged).forEach(term -> merge(term, merged.path("metadata").path("labels")));
        return merged;
    }

    private static List<JsonNode> terms(ObjectNode pod) {
        JsonNode spec = pod.path("spec");
        List<JsonNode> terms = new ArrayList<>();
        for (String kind : List.of("podAffinity", "podAntiAffinity")) {
            JsonNode affinity = spec.path("affinity").path(kind);
            terms.addAll(Json.objects(affinity, PlacementValidation.REQUIRED));
            Json.objects(affinity, PlacementValidation.PREFERRED).forEach(preference -> terms.add(preference.path("podAffinityTerm")));
        }
        terms.addAll(Json.objects(spec, "topologySpreadConstraints"));
        return terms;
    }

    private static void merge(JsonNode term, JsonNode labels) {
        // Without a selector it means nobody, whatever the keys.
        if (term.path("labelSelector") instanceof ObjectNode selector) {
            merge(selector, term.path(MATCH), "In", labels);
            merge(selector, term.path(MISMATCH), "NotIn", labels);
        }
    }

    private static void merge(ObjectNode selector, JsonNode keys, String operator, JsonNode labels) {
        for (JsonNode key : keys) {
            JsonNode value = labels.path(key.asString(""));
            if (value.isString()) {
                ObjectNode expression = selector.withArray("matchExpressions").addObject();
                expression.put("key", key.asString("")).put("operator", operator).putArray("values").add(value.asString());
            }
        }
    }

    /// As validateMatchLabelKeysAndMismatchLabelKeys in upstream's pkg/apis/core/validation/validation.go.
    static void validate(JsonNode term, String at, Errors errors) {
        Map<String, Integer> match = new HashMap<>();
        names(term, MATCH, at, errors, match);
        Map<String, Integer> mismatch = new HashMap<>();
        names(term, MISMATCH, at, errors, mismatch);
        Set<String> selected = new HashSet<>(term.path("labelSelector").path("matchLabels").propertyNames());
        for (JsonNode expression : term.path("labelSelector").path("matchExpressions")) {
            String key = Json.string(expression, "key");
            // The keys of a new pod are in its selector once already.
            if (!selected.add(key) && match.containsKey(key)) {
                errors.invalid(at + "[" + match.get(key) + "]", key, "exists in both matchLabelKeys and labelSelector");
            }
        }
        match.forEach((key, index) -> {
            if (mismatch.containsKey(key)) {
                errors.invalid(at + "." + MATCH + "[" + index + "]", key, "exists in both matchLabelKeys and mismatchLabelKeys");
            }
        });
    }

    private static void names(JsonNode term, String field, String at, Errors errors, Map<String, Integer> indexes) {
        JsonNode keys = term.path(field);
        if (!keys.isEmpty() && !Json.present(term.get("labelSelector"))) {
            errors.forbidden(at + "." + field, "must not be specified when labelSelector is not set");
            return;
        }
        for (int i = 0; i < keys.size(); i++) {
            String key = keys.get(i).asString("");
            errors.invalid(at + "." + field + "[" + i + "]", key, Names.qualified(key));
            indexes.put(key, i);
        }
    }
}
