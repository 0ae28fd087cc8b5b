package io.hypernetes.apiserver.storage;

import io.hypernetes.store.Entry;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Objects that every tenant has from the beginning and that are kept once for all. Immutable.
public final class BaseLayer {
    /// The revision of every object of the layer: older than any commit.
    public static final long REVISION = 1;

    /// Encoded objects by what follows the tenant in their keys.
    private final NavigableMap<String, byte[]> objects;

    private BaseLayer(NavigableMap<String, byte[]> objects) {
        this.objects = Collections.unmodifiableNavigableMap(objects);
    }

    /// A layer of cluster-scoped objects.
    ///
    /// @param group the API group of all of them
    /// @param objects by resource
    public static BaseLayer of(String group, Map<String, List<ObjectNode>> objects) {
        var encoded = new TreeMap<String, byte[]>();
        objects.forEach((resource, list) -> list.forEach(object -> {
            var name = io.hypernetes.objects.Json.string(object, "metadata", "name");
            var key = new ObjectKey("t", group, resource, "", name).text();
            encoded.put(key.substring(key.indexOf('/', 1)), StoredForm.encoder(object).apply(REVISION));
        }));
        return new BaseLayer(encoded);
    }

    /// This layer and another.
    public BaseLayer and(BaseLayer other) {
        var both = new TreeMap<>(objects);
        both.putAll(other.objects);
        return new BaseLayer(both);
    }

    /// The object of the layer at a key; null when it has none there.
    @Nullable Entry get(String key) {
        int tenant = key.indexOf('/', 1);
        if (tenant < 0) {
            return null;
        }
        var value = objects.get(key.substring(tenant));
        return value == null ? null : new Entry(key, value, REVISION, REVISION);
    }

    /// The keys of all objects of the layer in a tenant.
    List<String> of(String tenant) {
        return objects.keySet().stream().map(key -> "/" + tenant + key).toList();
    }

    /// The objects of the layer below a prefix that names a tenant and a resource at least; of any other prefix none.
    List<Entry> below(String prefix) {
        int tenant = prefix.indexOf('/', 1);
        int group = tenant < 0 ? -1 : prefix.indexOf('/', tenant + 1);
        if (group < 0 || prefix.indexOf('/', group + 1) < 0) {
            return List.of();
        }
        var suffix = prefix.substring(tenant);
        var first = objects.ceilingKey(suffix);
        if (first == null || !first.startsWith(suffix)) {
            return List.of();
        }
        var name = prefix.substring(0, tenant);
        return objects.tailMap(suffix, true).entrySet().stream()
                .takeWhile(object -> object.getKey().startsWith(suffix))
                .map(object -> new Entry(name + object.getKey(), object.getValue(), REVISION, REVISION))
                .toList();
    }
}
