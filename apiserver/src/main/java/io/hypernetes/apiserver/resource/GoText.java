package io.hypernetes.apiserver.resource;

import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/// JSON as Go prints values: `map[a:1 b:[x y] c:<nil>]`, members by name, texts as they are. Upstream shows patches so.
final class GoText {
    private GoText() {}

    static String of(JsonNode value) {
        if (value.isObject()) {
            return value.propertyStream()
                    .sorted(java.util.Map.Entry.comparingByKey())
                    .map(member -> member.getKey() + ":" + of(member.getValue()))
                    .collect(Collectors.joining(" ", "map[", "]"));
        }
        if (value.isArray()) {
            return value.valueStream().map(GoText::of).collect(Collectors.joining(" ", "[", "]"));
        }
        return value.isNull() ? "<nil>" : value.asString();
    }
}
