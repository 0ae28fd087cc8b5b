package io.hypernetes.objects.schema;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Where a value is, put into words only when something is wrong there.
///
/// @param type which has the field; null of an entry of a map and of an item of a list
/// @param item the place in a list; -1 of what has a name
record Place(@Nullable Place above, @Nullable SchemaType type, String name, int item) {
    /// Characters of a place that is told; only names without end come to so many.
    private static final int LONGEST = 640;

    /// Such as `spec.containers[0].name`.
    String text() {
        StringBuilder out = new StringBuilder();
        append(out);
        if (out.length() <= LONGEST) {
            return out.toString();
        }
        // Half a character cannot be sent.
        int end = Character.isHighSurrogate(out.charAt(LONGEST - 1)) ? LONGEST - 1 : LONGEST;
        return out.substring(0, end) + "...";
    }

    /// By name, as a text has its members whose order is of no account.
    int compareTo(Place other) {
        List<Place> here = way();
        List<Place> there = other.way();
        for (int i = 0; i < Math.min(here.size(), there.size()); i++) {
            int order = here.get(i).item >= 0 && there.get(i).item >= 0
                    ? Integer.compare(here.get(i).item, there.get(i).item)
                    : here.get(i).name.compareTo(there.get(i).name);
            if (order != 0) {
                return order;
            }
        }
        return Integer.compare(here.size(), there.size());
    }

    private List<Place> way() {
        List<Place> way = new ArrayList<>();
        for (Place at = this; at != null; at = at.above) {
            way.addFirst(at);
        }
        return way;
    }

    private void append(StringBuilder out) {
        if (above != null) {
            above.append(out);
        }
        if (out.length() > LONGEST) {
            return;
        }
        if (item >= 0) {
            out.append('[').append(item).append(']');
        } else {
            out.append(out.isEmpty() ? "" : ".").append(name, 0, Math.min(name.length(), LONGEST + 1));
        }
    }

    /// The field inside its type as Go's decoder prints it: the name of the innermost type, then the fields from the outermost on.
    String goText() {
        Place field = this;
        while (field.type == null && field.above != null) {
            field = field.above;
        }
        StringBuilder out = new StringBuilder(field.type == null ? "" : shortName(field.type.name()));
        field.appendFields(out);
        return out.toString();
    }

    private void appendFields(StringBuilder out) {
        if (above != null) {
            above.appendFields(out);
        }
        if (type != null) {
            out.append('.').append(name);
        }
    }

    private static String shortName(String type) {
        return type.substring(type.lastIndexOf('.') + 1);
    }
}
