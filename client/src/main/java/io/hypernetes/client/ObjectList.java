package io.hypernetes.client;

import java.util.List;

/// A consistent list: the objects and the resourceVersion from which a watch continues it.
public record ObjectList<T>(String resourceVersion, List<T> items) {
    public ObjectList {
        items = List.copyOf(items);
    }
}
