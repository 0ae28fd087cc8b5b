package io.hypernetes.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a request to a [FakeApi] is about: an object, a collection of them, or a part of an object.
///
/// @param tenant `*` for all
/// @param prefix of the group and version, as `/api/v1`
/// @param namespace empty for all, or for what has none
/// @param name empty for a collection
/// @param subresource empty for the object itself
record FakePath(String tenant, String prefix, String plural, String namespace, String name, String subresource) {

    /// Null for what is neither, such as discovery.
    static @Nullable FakePath parse(String path) {
        String[] parts = path.split("/");
        if (parts.length < 5 || !parts[1].equals("tenants")) {
            return null;
        }
        String tenant = parts[2];
        int next = parts[3].equals("api") ? 5 : 6;
        String prefix = String.join("/", List.of(parts).subList(3, Math.min(next, parts.length)));
        if (parts.length <= next) {
            return null;
        }
        String namespace = "";
        if (parts[next].equals("namespaces") && parts.length > next + 2 && !parts[next + 2].equals("status") && !parts[next + 2].equals("finalize")) {
            namespace = parts[next + 1];
            next += 2;
        }
        String name = parts.length > next + 1 ? parts[next + 1] : "";
        String sub = parts.length > next + 2 ? parts[next + 2] : "";
        return new FakePath(tenant, "/" + prefix, parts[next], namespace, name, sub);
    }

    static FakePath of(Kind<?> kind, ObjectKey key) {
        String prefix = kind.group().isEmpty() ? "/api/" + kind.version() : "/apis/" + kind.group() + "/" + kind.version();
        return new FakePath(key.tenant(), prefix, kind.plural(), key.namespace(), key.name(), "");
    }

    /// The object of this [#key], of the same kind.
    FakePath at(String key) {
        String[] parts = key.split("\0", -1);
        return new FakePath(parts[0], prefix, plural, parts[2], parts[3], "");
    }

    FakePath named(String other) {
        return new FakePath(tenant, prefix, plural, namespace, other, "");
    }

    /// Tells the object from all others.
    String key() {
        return String.join("\0", tenant, prefix + "/" + plural, namespace, name);
    }

    static String tenantOf(String key) {
        return key.split("\0", 2)[0];
    }

    /// Whether the object of this [#key] is in the collection.
    boolean holds(String key) {
        String[] parts = key.split("\0", -1);
        return (tenant.equals("*") || tenant.equals(parts[0])) && parts[1].equals(prefix + "/" + plural)
                && (namespace.isEmpty() || namespace.equals(parts[2]));
    }
}
