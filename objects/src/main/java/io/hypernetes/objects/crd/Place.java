package io.hypernetes.objects.crd;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/// A place in a value or in a schema, spelled only when something is to be said of it: most of what is looked at is right, and its spelling is as
/// long as all the names around it.
final class Place {
    private final @Nullable Place around;
    private final String name;
    private final String before;
    private final String behind;
    /// Of an item, whose name is spelled with the place; below zero for any other.
    private final int index;

    private Place(@Nullable Place around, String before, String name, String behind) {
        this(around, before, name, behind, -1);
    }

    private Place(@Nullable Place around, String before, String name, String behind, int index) {
        this.index = index;
        this.around = around;
        this.before = before;
        this.name = name;
        this.behind = behind;
    }

    /// One that is spelled already; empty for the whole.
    static Place of(String path) {
        return new Place(null, "", path, "");
    }

    /// A member: `.name`, without the dot where nothing is before it.
    Place member(String name) {
        return new Place(this, ".", name, "");
    }

    /// A member whose name is data: `[name]`.
    Place key(String name) {
        return new Place(this, "[", name, "]");
    }

    /// An item of a list: `[0]`.
    Place item(int index) {
        return new Place(this, "[", "", "]", index);
    }

    /// A property that a schema declares: `.properties[name]`.
    Place property(String name) {
        return new Place(this, ".properties[", name, "]");
    }

    @Override
    public String toString() {
        Deque<Place> way = new ArrayDeque<>();
        for (Place each = this; each != null; each = each.around) {
            way.push(each);
        }
        StringBuilder text = new StringBuilder();
        for (Place each : way) {
            if (!text.isEmpty() || !each.before.equals(".")) {
                text.append(each.before);
            }
            (each.index < 0 ? text.append(each.name) : text.append(each.index)).append(each.behind);
        }
        return text.toString();
    }
}
