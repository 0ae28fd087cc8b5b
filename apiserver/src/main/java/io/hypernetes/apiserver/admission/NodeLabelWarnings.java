package io.hypernetes.apiserver.admission;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.objects.kind.NewerLabel;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Labels of nodes that have a newer form, wherever nodes are chosen by them: told in upstream's words.
final class NodeLabelWarnings {
    private NodeLabelWarnings() {}

    /// A map of labels, each told with what stands before and behind its name.
    static void labels(JsonNode labels, String before, String behind, Told told) {
        for (String key : labels.propertyNames()) {
            String old = of(key);
            if (!old.isEmpty()) {
                told.say(before + key + behind + ": " + old);
            }
        }
    }

    /// The terms of a selector of nodes.
    static void selector(JsonNode selector, String path, Told told) {
        List<ObjectNode> terms = Json.objects(selector, "nodeSelectorTerms");
        for (int i = 0; i < terms.size(); i++) {
            expressions(terms.get(i), path + ".nodeSelectorTerms[" + i + "]", told);
        }
    }

    static void expressions(JsonNode holder, String path, Told told) {
        List<ObjectNode> expressions = Json.objects(holder, "matchExpressions");
        for (int i = 0; i < expressions.size(); i++) {
            key(Json.string(expressions.get(i), "key"), path + ".matchExpressions[" + i + "].key", told);
        }
    }

    /// Values that no label can have: refused where they are required, and ignored where they are preferred.
    static void values(JsonNode term, String path, Told told) {
        List<ObjectNode> expressions = Json.objects(term, "matchExpressions");
        for (int i = 0; i < expressions.size() && !told.isEnough(); i++) {
            JsonNode values = expressions.get(i).path("values");
            for (int j = 0; j < values.size(); j++) {
                String value = values.path(j).asString("");
                for (String wrong : Names.labelValue(value)) {
                    told.say(path + ".matchExpressions[" + i + "].values[" + j + "]: " + value + " is invalid, " + wrong);
                }
            }
        }
    }

    /// A label that is named where it is used.
    static void key(String key, String path, Told told) {
        String old = of(key);
        if (!old.isEmpty()) {
            told.say(path + ": " + key + " is " + old);
        }
    }

    /// What is said of a label, and where nothing else is: empty when it has no newer form.
    static String of(String key) {
        NewerLabel newer = NewerLabel.OF.get(key);
        return newer == null ? "" : "deprecated since " + newer.since() + "; use \"" + newer.name() + "\" instead";
    }
}
