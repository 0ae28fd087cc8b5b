package io.hypernetes.client;

/// Where a list or watch looks: one tenant or all (`*`), one namespace or all (empty).
public record Scope(String tenant, String namespace) {

    /// The tenant name that stands for every tenant.
    public static final String ALL = "*";

    /// Every tenant, every namespace.
    public static Scope everywhere() {
        return new Scope(ALL, "");
    }

    /// One tenant, every namespace.
    public static Scope tenant(String tenant) {
        return new Scope(tenant, "");
    }

    /// One namespace of one tenant.
    public static Scope namespace(String tenant, String namespace) {
        return new Scope(tenant, namespace);
    }

    boolean isEverywhere() {
        return tenant.equals(ALL);
    }
}
