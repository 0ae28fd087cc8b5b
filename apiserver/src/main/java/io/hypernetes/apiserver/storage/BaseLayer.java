package io.hypernetes.apiserver.storage;

import io.hypernetes.store.Entry;
import java.util.ArrayList;
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
    /// The groups of these objects as keys have them, such as `/scheduling.k8s.io/`: two or so, which most keys asked for are not in.
    private final List<String> groups;

    private BaseLayer(NavigableMap<String, byte[]> objects) {
        this.objects = Collections.unmodifiableNavigableMap(objects);
        this.groups = objects.keySet().stream().map(key -> key.substring(0, key.indexOf('/', 1) + 1)).distinct().toList();
    }

    /// A layer of objects, of namespaces that every tenant has or of none.
    ///
    /// @param group the API group of all of them
    /// @param objects by resource
    public static BaseLayer of(String group, Map<String, List<ObjectNode>> objects) {
        var encoded = new TreeMap<String, byte[]>();
        objects.forEach((resource, list) -> list.forEach(object -> {
            var name = io.hypernetes.objects.Json.string(object, "metadata", "name");
            var key = new ObjectKey("t", group, resource, io.hypernetes.objects.Json.string(object, "metadata", "namespace"), name).text();
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
        if (!isInGroup(key, tenant)) {
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
        if (!isInGroup(prefix, tenant) || prefix.indexOf('/', prefix.indexOf('/', tenant + 1) + 1) < 0) {
            return List.of();
        }
        var suffix = prefix.substring(tenant);
        var name = prefix.substring(0, tenant);
        var below = new ArrayList<Entry>();
        for (var object : objects.tailMap(suffix, true).entrySet()) {
            if (!object.getKey().startsWith(suffix)) {
                break;
            }
            below.add(new Entry(name + object.getKey(), object.getValue(), REVISION, REVISION));
        }
        return below;
    }

    /// Whether what follows the tenant, which ends at a place (-1: nowhere), is of a group of the layer.
    private boolean isInGroup(String key, int tenant) {
        if (tenant >= 0) {
            for (var group : groups) {
                if (key.startsWith(group, tenant)) {
                    return true;
                }
            }
        }
        return false;
    }
}
