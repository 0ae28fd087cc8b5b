package io.hypernetes.scheduler;

import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;

/// Why nodes cannot take a pod: each reason with how many nodes it holds for. The sentence is upstream's to the letter, since people and
/// programs know it by heart.
final class Reasons {
    private final Map<String, Integer> counts = new HashMap<>();

    /// One node, which may give several reasons.
    void add(Objection objection) {
        objection.reasons().forEach(reason -> add(reason, 1));
    }

    /// Some nodes for the same reason; none at all says nothing.
    void add(String reason, int nodes) {
        if (nodes > 0) {
            counts.merge(reason, nodes, Integer::sum);
        }
    }

    /// In upstream's order, which is that of the text with its number: 10 comes before 9.
    String sentence(int nodes) {
        return sentence(nodes, counts.entrySet().stream()
                .map(reason -> reason.getValue() + " " + reason.getKey())
                .sorted()
                .collect(Collectors.joining(", ")));
    }

    static String sentence(int nodes, String why) {
        return "0/" + nodes + " nodes are available: " + why + ".";
    }
}
