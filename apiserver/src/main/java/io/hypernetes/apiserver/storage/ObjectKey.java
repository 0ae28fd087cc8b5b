package io.hypernetes.apiserver.storage;

/// The place of one object: `/{tenant}/{group or core}/{resource}/{namespace or _}/{name}`.
///
/// @param group empty for the core group
/// @param namespace empty for an object of no namespace
public record ObjectKey(String tenant, String group, String resource, String namespace, String name) {

    /// The key in the store.
    public String text() {
        return prefix(tenant, group, resource, namespace.isEmpty() ? "_" : namespace) + name;
    }

    /// The prefix of all objects of one resource in a tenant.
    public static String prefix(String tenant, String group, String resource) {
        return "/" + tenant + "/" + (group.isEmpty() ? "core" : group) + "/" + resource + "/";
    }

    /// The prefix of all objects of one resource in a namespace.
    public static String prefix(String tenant, String group, String resource, String namespace) {
        return prefix(tenant, group, resource) + namespace + "/";
    }

    /// Reads a key.
    ///
    /// @throws IllegalArgumentException when the text is not one
    public static ObjectKey parse(String key) {
        var parts = key.split("/", -1);
        if (parts.length != 6 || !parts[0].isEmpty()) {
            throw new IllegalArgumentException("not the key of an object: " + key);
        }
        return new ObjectKey(
                parts[1], parts[2].equals("core") ? "" : parts[2], parts[3], parts[4].equals("_") ? "" : parts[4], parts[5]);
    }

    /// The tenant of a key, without reading the rest.
    public static String tenantOf(String key) {
        int end = key.indexOf('/', 1);
        return end < 0 ? key.substring(1) : key.substring(1, end);
    }
}
