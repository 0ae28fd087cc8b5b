package io.hypernetes.apiserver.resource;

import java.util.Iterator;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// JSON as Go prints values: `map[a:1 b:[x y] c:<nil>]`, members by name, texts as they are. Upstream shows patches so. One use each.
final class GoText {
    private final StringBuilder text = new StringBuilder();
    private final int most;

    private GoText(int most) {
        this.most = most;
    }

    /// @param most characters after which nothing more is begun: what is beyond is not looked at
    static String of(JsonNode value, int most) {
        var text = new GoText(most);
        text.add(value);
        return text.text.toString();
    }

    private void add(JsonNode value) {
        if (value.isObject()) {
            text.append("map[");
            var members = value.propertyStream().sorted(Map.Entry.comparingByKey()).iterator();
            while (members.hasNext() && text.length() <= most) {
                var member = members.next();
                text.append(member.getKey()).append(':');
                add(member.getValue());
                separate(members);
            }
            text.append(']');
        } else if (value.isArray()) {
            text.append('[');
            var elements = value.iterator();
            while (elements.hasNext() && text.length() <= most) {
                add(elements.next());
                separate(elements);
            }
            text.append(']');
        } else {
            text.append(value.isNull() ? "<nil>" : value.asString());
        }
    }

    private void separate(Iterator<?> rest) {
        if (rest.hasNext()) {
            text.append(' ');
        }
    }
}
